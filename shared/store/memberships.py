"""The client tokens of a tenant: one small item each, in the tenant's own partition.

It is written and removed in the token's own transactions. So a token's owner can be checked without touching the token,
and lists need no index.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from shared.errors import NotFound
from shared.rules import identifier
from shared.store import pagination, table
from shared.store.table import Item, Key, Write

# Apart from the tenant's targets, so that roles for these items need no access to targets.
_OF_TENANT = "pk = :tenant AND begins_with(sk, :tokens)"


def key(tenant: str, token_id: str) -> Key:
    return f"TOKENS#{tenant}", f"TOKEN#{token_id}"


def count_write(tenant: str, *, limit: int) -> Write:
    """Part of the transaction that creates a token. Its condition fails if the tenant has `limit` tokens."""
    return table.update_write(
        _count(tenant),
        "ADD tokens :one",
        {":one": 1, ":limit": limit},
        condition="attribute_not_exists(tokens) OR tokens < :limit",
    )


def add_write(tenant: str, token_id: str) -> Write:
    pk, sk = key(tenant, token_id)
    return table.put_write({"pk": pk, "sk": sk})


def remove_writes(tenant: str, token_id: str) -> list[Write]:
    """Parts of the transaction that deletes a token: its membership, and its count."""
    return [
        table.delete_write(key(tenant, token_id)),
        table.update_write(_count(tenant), "ADD tokens :less", {":less": -1}),
    ]


def _count(tenant: str) -> Key:
    """The number of tokens. It is written in the same transactions as they are, so it cannot drift."""
    return f"TOKENS#{tenant}", "COUNT"


def require(tenant: str, token_id: str) -> None:
    """Raises NotFound for an unknown id and, with the same message, for another tenant's."""
    if not identifier.is_valid("ct", token_id) or table.get(key(tenant, token_id), at=None) is None:
        raise unknown()


def unknown() -> NotFound:
    return NotFound("There is no such client token.", hint="Check the id: GET /v1/client-tokens lists yours.")


def page(tenant: str, offset: int, limit: int, *, after: str | None = None) -> tuple[list[str], bool]:
    """Token ids, the newest first, and whether more follow. `after`: the id that they follow, even if it is gone."""
    start = key(tenant, after) if after else None
    items, has_more = pagination.read(
        _OF_TENANT, _values(tenant), offset, limit, at=None, start=start, ScanIndexForward=False, ConsistentRead=True
    )
    return list(map(_token_id, items)), has_more


def between(tenant: str, newest: str, oldest: str, limit: int) -> list[str]:
    """The first `limit` token ids from `newest` to `oldest`."""
    values = {":tenant": key(tenant, "")[0], ":oldest": key(tenant, oldest)[1], ":newest": key(tenant, newest)[1]}
    condition = "pk = :tenant AND sk BETWEEN :oldest AND :newest"
    items = table.query(condition, values, at=None, ScanIndexForward=False, ConsistentRead=True, Limit=limit)
    return list(map(_token_id, islice(items, limit)))


def list_by_tenant(tenant: str) -> Iterator[str]:
    """Every token id, the oldest first."""
    return map(_token_id, table.query(_OF_TENANT, _values(tenant), at=None, ConsistentRead=True))


def _values(tenant: str) -> dict[str, str]:
    return {":tenant": key(tenant, "")[0], ":tokens": "TOKEN#"}


def _token_id(item: Item) -> str:
    return str(item["sk"].removeprefix("TOKEN#"))
