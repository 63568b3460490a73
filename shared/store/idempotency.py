"""Answers that are kept for whoever asks the same again under the same key; their values are not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.errors import KeyReused
from shared.rules.client_token import ClientToken
from shared.rules.idempotency import Claim, Kept
from shared.store import seals, table
from shared.store.table import Item, Key, Write


def find(claim: Claim | None) -> Kept | None:
    """Of a request that was done before. Raises KeyReused for a key under which something else was asked."""
    item = table.get(_key(claim), at=claim.at) if claim else None
    if claim is None or item is None:
        return None
    if item["asked"] != claim.asked:
        raise KeyReused
    seal = seals.from_item(item, token_id=item["token_id"], environment=item["environment"])
    return Kept(answer=json.loads(item["answer"]), seal=seal, revision=item["revision"])


def keeping(claim: Claim, answer: Mapping[str, Any], token: ClientToken) -> Write:
    """Part of the transaction that does it. Its condition fails where it has been done."""
    pk, sk = _key(claim)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "asked": claim.asked,
        "answer": json.dumps(answer, separators=(",", ":"), ensure_ascii=False),
        "token_id": token.id,
        "environment": token.environment,
        "revision": token.revision,
        "expires_at": int(claim.ends_at.timestamp()),
    }
    return table.putting(
        item | seals.to_item(token.seal),
        condition="attribute_not_exists(pk) OR expires_at <= :now",
        values={":now": _seconds(claim)},
    )


def _key(claim: Claim) -> Key:
    return f"IDEMPOTENCY#{claim.name}", "RECORD"


def _seconds(claim: Claim) -> int:
    return int(claim.at.timestamp())
