"""Which client tokens are a tenant's: one small item each, in a partition of the tenant's own.

It is written and removed in the token's own transactions. So a token's owner can be checked without touching the token,
and lists need no index.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import NotFound
from shared.rules import identifier
from shared.store import pagination, table
from shared.store.table import Item, Key, Write

# Not where a tenant's targets are: roles that write or read these items need no access to those.
_OF_TENANT = "pk = :tenant AND begins_with(sk, :tokens)"


def key(tenant: str, token_id: str) -> Key:
    return f"TOKENS#{tenant}", f"TOKEN#{token_id}"


def count_write(tenant: str, *, limit: int) -> Write:
    """Part of the transaction that creates a token: one more. Its condition fails where the tenant has `limit`."""
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
    """Parts of the transaction that deletes a token, and counts it no more."""
    return [
        table.delete_write(key(tenant, token_id)),
        table.update_write(_count(tenant), "ADD tokens :less", {":less": -1}),
    ]


def _count(tenant: str) -> Key:
    """How many tokens there are. It changes in the same transactions as they do, so it cannot drift from them."""
    return f"TOKENS#{tenant}", "COUNT"


def require(tenant: str, token_id: str) -> None:
    """Raises NotFound for an unknown id and, with the same words, for another tenant's."""
    if not identifier.is_valid("ct", token_id) or table.get(key(tenant, token_id), at=None) is None:
        raise unknown()


def unknown() -> NotFound:
    return NotFound("There is no such client token.", hint="Check the id: GET /v1/client-tokens lists yours.")


def page(tenant: str, offset: int, limit: int) -> tuple[list[str], bool]:
    """Token ids, the newest first, and whether more follow."""
    items, has_more = pagination.read(
        _OF_TENANT, _values(tenant), offset, limit, at=None, ScanIndexForward=False, ConsistentRead=True
    )
    return list(map(_token_id, items)), has_more


def list_by_tenant(tenant: str) -> Iterator[str]:
    """Every token id, the oldest first."""
    return map(_token_id, table.query(_OF_TENANT, _values(tenant), at=None, ConsistentRead=True))


def _values(tenant: str) -> dict[str, str]:
    return {":tenant": key(tenant, "")[0], ":tokens": "TOKEN#"}


def _token_id(item: Item) -> str:
    return str(item["sk"].removeprefix("TOKEN#"))
