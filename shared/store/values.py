"""Finds client tokens by value: one small item per value, under the value's digest.

A made-up value has a key of its own, so it costs two small reads and never the token's partition. The item is a
pointer and proves nothing: the token's record decides.
"""

from __future__ import annotations

import math
from datetime import datetime

from shared.rules.client_token import ClientToken
from shared.store import table
from shared.store.table import Key, Write


def find(digest: str, *, at: datetime) -> str | None:
    """The id of the token that this may be a value of. `digest`: SHA-256 of the value, in hex."""
    # At half price. An old item does no harm, and a value may have been issued a moment ago.
    item = table.get(_key(digest), is_consistent=False, at=at) or table.get(_key(digest), at=at)
    return str(item["token_id"]) if item else None


def writes(before: ClientToken | None, after: ClientToken | None) -> list[Write]:
    """Parts of the transaction that turns `before` into `after`. None: there is no such token."""
    old, new = _ends(before), _ends(after)
    token = after or before
    changed = [digest for digest in new if digest not in old or old[digest] != new[digest]]
    put = [table.put_write(_item(digest, token.id, new[digest])) for digest in changed if token]
    return put + [table.delete_write(_key(digest)) for digest in old if digest not in new]


def _ends(token: ClientToken | None) -> dict[str, datetime | None]:
    """Digest -> when the value expires. None: the current value, which does not."""
    if token is None:
        return {}
    return {token.issued_value.digest: None} | {one.digest: one.valid_until for one in token.previous_values}


def _key(digest: str) -> Key:
    return f"VALUE#{digest}", "RECORD"


def _item(digest: str, token_id: str, end: datetime | None) -> dict[str, str | int | None]:
    pk, sk = _key(digest)
    # In seconds for DynamoDB's TTL, rounded up so that it is never too early.
    return {"pk": pk, "sk": sk, "token_id": token_id, "expires_at": math.ceil(end.timestamp()) if end else None}
