"""API keys in the table: by the digest of their value, and in their tenant's list, which only operators reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.errors import NotFound
from shared.rules import instant
from shared.rules.api_key import ApiKey
from shared.store import table
from shared.store.table import ConditionFailed, Item, Key, Write


def add(key: ApiKey, *others: Write) -> None:
    """`others`: what is written in the same transaction."""
    item = _to_item(key)
    table.transact([*(table.putting({"pk": pk, "sk": sk} | item) for pk, sk in _keys(key)), *others])


def find(digest: str) -> ApiKey | None:
    """By the digest of the whole value (hex). Of one that has expired, the caller says so."""
    item = table.get(_key(digest), at=None)
    return _from_item(item) if item else None


def of_tenant(tenant: str) -> list[ApiKey]:
    """Oldest first; those that have expired, too, until the table drops them."""
    items = table.query(
        "pk = :tenant AND begins_with(sk, :keys)",
        {":tenant": _place(tenant, "")[0], ":keys": "APIKEY#"},
        at=None,
        ConsistentRead=True,
    )
    return [_from_item(item) for item in items]


def of_id(tenant: str, key_id: str) -> ApiKey:
    """Raises NotFound."""
    item = table.get(_place(tenant, key_id), at=None)
    if item is None:
        raise _unknown(tenant, key_id)
    return _from_item(item)


def revoke(key: ApiKey, *others: Write, at: datetime, listed_until: datetime) -> None:
    """For good: only the list still has it, until then. Raises NotFound where somebody else was faster.

    `others`: what is written in the same transaction.
    """
    forgotten = table.deleting(_key(key.digest), condition="attribute_exists(pk)")
    pk, sk = _place(key.tenant, key.id)
    listed: Item = {"pk": pk, "sk": sk} | _to_item(replace(key, revoked_at=at))
    # The table deletes the record by `expires_at`. The key's own expiry is kept under another name.
    listed |= {"expires_at": int(listed_until.timestamp()), "valid_until": listed["expires_at"]}
    try:
        table.transact([forgotten, table.putting(listed, condition="attribute_exists(pk)"), *others])
    except ConditionFailed:
        raise _unknown(key.tenant, key.id) from None


def _unknown(tenant: str, key_id: str) -> NotFound:
    return NotFound(f"Tenant {tenant} has no API key {key_id}.")


def _keys(key: ApiKey) -> tuple[Key, Key]:
    return _key(key.digest), _place(key.tenant, key.id)


def _place(tenant: str, key_id: str) -> Key:
    """In the tenant's list. No function's role reaches it."""
    return f"APIKEYS#{tenant}", f"APIKEY#{key_id}"


def _key(digest: str) -> Key:
    return f"APIKEY#{digest}", "RECORD"


def _to_item(key: ApiKey) -> Item:
    return {
        "id": key.id,
        "tenant": key.tenant,
        "name": key.name,
        "scopes": list(key.scopes),
        "digest": key.digest,
        "hint": key.hint,
        "created_at": instant.to_text(key.created_at),
        # Seconds: what DynamoDB's TTL reads.
        "expires_at": key.expires_at and int(key.expires_at.timestamp()),
        "revoked_at": key.revoked_at and instant.to_text(key.revoked_at),
    }


def _from_item(item: Item) -> ApiKey:
    expires_at = item.get("valid_until" if "revoked_at" in item else "expires_at")
    return ApiKey(
        id=item["id"],
        tenant=item["tenant"],
        name=item["name"],
        scopes=tuple(item["scopes"]),
        digest=item["digest"],
        hint=item["hint"],
        created_at=instant.from_text(item["created_at"]),
        expires_at=instant.from_milliseconds(expires_at * 1000) if expires_at else None,
        revoked_at=instant.from_text(item["revoked_at"]) if "revoked_at" in item else None,
    )
