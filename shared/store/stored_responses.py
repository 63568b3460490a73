"""Responses stored for retries with the same idempotency key, without the token values in them."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import Conflict, IdempotencyKeyReused
from shared.rules.idempotency import IdempotencyKey, StoredResponse
from shared.store import issued_values, table
from shared.store.table import ConditionFailed, Item, Key, TransactionConflict, Write


def find(key: IdempotencyKey | None) -> StoredResponse | None:
    """The response to the same request. Raises IdempotencyKeyReused if the key came with another request."""
    item = table.get(_key(key), at=key.at) if key else None
    if key is None or item is None:
        return None
    if item["fingerprint"] != key.fingerprint:
        raise IdempotencyKeyReused
    issued_value = issued_values.from_item(item, token_id=item["token_id"], environment=item["environment"])
    return StoredResponse(key=key, pieces=tuple(item["body"]), issued_value=issued_value, revision=item["revision"])


def transact(writes: Sequence[Write], stored: StoredResponse | None) -> None:
    """Stores the response and makes the writes: all or nothing. Raises as `table.transact` does, for any of the writes.

    Raises Conflict if another request with the same key is in progress, or was answered a moment ago.
    """
    if stored is None:
        return table.transact(writes)
    try:
        # First, because of two conditions that fail the first is reported, and another request fails both.
        table.transact([_write(stored), *writes])
    except ConditionFailed as failure:
        if failure.index == 0:
            raise _in_progress() from None
        raise
    except TransactionConflict as conflict:
        if 0 in conflict.indexes:
            raise _in_progress() from None
        raise


def _write(stored: StoredResponse) -> Write:
    pk, sk = _key(stored.key)
    item: Item = {
        "pk": pk,
        "sk": sk,
        "fingerprint": stored.key.fingerprint,
        "body": stored.pieces,
        "token_id": stored.issued_value.claims.sub,
        "environment": stored.issued_value.claims.env,
        "revision": stored.revision,
        "expires_at": int(stored.key.expires_at.timestamp()),
    }
    return table.put_write(
        item | issued_values.to_item(stored.issued_value),
        condition="attribute_not_exists(pk) OR expires_at <= :now",
        values={":now": int(stored.key.at.timestamp())},
    )


def _in_progress() -> Conflict:
    return Conflict(
        "A request with this Idempotency-Key is still in progress.",
        hint="Retry after the Retry-After interval to get its response.",
        retry_after=1,
    )


def _key(key: IdempotencyKey) -> Key:
    return f"IDEMPOTENCY#{key.digest}", "RECORD"
