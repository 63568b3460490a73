"""Responses stored for retries with the same idempotency key, without the token values in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.errors import IdempotencyKeyReused
from shared.rules.client_token import ClientToken
from shared.rules.idempotency import IdempotencyKey, StoredResponse
from shared.store import issued_values, table
from shared.store.table import Item, Key, Write


def find(idempotency_key: IdempotencyKey | None) -> StoredResponse | None:
    """The response to the same request. Raises IdempotencyKeyReused if the key came with another request."""
    item = table.get(_key(idempotency_key), at=idempotency_key.at) if idempotency_key else None
    if idempotency_key is None or item is None:
        return None
    if item["fingerprint"] != idempotency_key.fingerprint:
        raise IdempotencyKeyReused
    issued_value = issued_values.from_item(item, token_id=item["token_id"], environment=item["environment"])
    return StoredResponse(body=json.loads(item["body"]), issued_value=issued_value, revision=item["revision"])


def store_write(idempotency_key: IdempotencyKey, body: Mapping[str, Any], token: ClientToken) -> Write:
    """Part of the transaction that does what is requested. Its condition fails if that has been done already."""
    pk, sk = _key(idempotency_key)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "fingerprint": idempotency_key.fingerprint,
        "body": json.dumps(body, separators=(",", ":"), ensure_ascii=False),
        "token_id": token.id,
        "environment": token.environment,
        "revision": token.revision,
        "expires_at": int(idempotency_key.expires_at.timestamp()),
    }
    return table.put_write(
        item | issued_values.to_item(token.issued_value),
        condition="attribute_not_exists(pk) OR expires_at <= :now",
        values={":now": _seconds(idempotency_key)},
    )


def _key(idempotency_key: IdempotencyKey) -> Key:
    return f"IDEMPOTENCY#{idempotency_key.digest}", "RECORD"


def _seconds(idempotency_key: IdempotencyKey) -> int:
    return int(idempotency_key.at.timestamp())
