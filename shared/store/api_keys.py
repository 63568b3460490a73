"""API keys in the table: under the digest of their value, and in their tenant's list, which only operators read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.errors import NotFound
from shared.rules import timestamps
from shared.rules.api_key import ApiKey
from shared.store import table, tenants
from shared.store.table import ConditionFailed, Item, Key, Write


def add(key: ApiKey, *others: Write, listed_until: datetime | None = None) -> None:
    """`listed_until`: how long a key that expires stays in the list, None for its expiry.

    `others`: what is written in the same transaction.
    """
    listed = _listed(key, listed_until or key.expires_at)
    table.transact([_valid(key), listed, tenants.note_write(key.tenant, at=key.created_at), *others])


def find(digest: str) -> ApiKey | None:
    """By the value's digest (hex). Also finds expired keys: the caller rejects them."""
    item = table.get(_key(digest), at=None)
    return _from_item(item) if item else None


def list_by_tenant(tenant: str, *, at: datetime) -> list[ApiKey]:
    """The keys that are listed, the oldest first. Revoked and expired ones are among them for a while."""
    items = table.query(
        "pk = :tenant AND begins_with(sk, :keys)",
        {":tenant": _place(tenant, "")[0], ":keys": "APIKEY#"},
        at=at,
        ConsistentRead=True,
    )
    return [_from_item(item) for item in items]


def get(tenant: str, key_id: str, *, at: datetime) -> ApiKey:
    """A listed key. Raises NotFound."""
    item = table.get(_place(tenant, key_id), at=at)
    if item is None:
        raise _unknown(tenant, key_id)
    return _from_item(item)


def revoke(key: ApiKey, *others: Write, at: datetime, listed_until: datetime) -> None:
    """For good: only the list still has it, until then. Raises NotFound where somebody else was faster.

    `others`: what is written in the same transaction.
    """
    forgotten = table.delete_write(_key(key.digest), condition="attribute_exists(pk)")
    listed = _listed(replace(key, revoked_at=at), listed_until)
    try:
        table.transact([forgotten, listed, *others])
    except ConditionFailed:
        raise _unknown(key.tenant, key.id) from None


def _unknown(tenant: str, key_id: str) -> NotFound:
    return NotFound(f"Tenant {tenant} has no API key {key_id}.")


def _valid(key: ApiKey) -> Write:
    return table.put_write(_to_item(key, _key(key.digest), key.expires_at))


def _listed(key: ApiKey, until: datetime | None) -> Write:
    return table.put_write(_to_item(key, _place(key.tenant, key.id), until))


def _place(tenant: str, key_id: str) -> Key:
    """The key in the tenant's list, which no function's role can access."""
    return f"APIKEYS#{tenant}", f"APIKEY#{key_id}"


def _key(digest: str) -> Key:
    return f"APIKEY#{digest}", "RECORD"


def _to_item(key: ApiKey, place: Key, until: datetime | None) -> Item:
    """DynamoDB's TTL reads `expires_at`. The key's own expiry is kept apart, because lists show a key for longer."""
    pk, sk = place
    return {
        "pk": pk,
        "sk": sk,
        "id": key.id,
        "tenant": key.tenant,
        "name": key.name,
        "scopes": list(key.scopes),
        "digest": key.digest,
        "hint": key.hint,
        "created_at": timestamps.to_text(key.created_at),
        "valid_until": key.expires_at and int(key.expires_at.timestamp()),
        "expires_at": until and int(until.timestamp()),
        "revoked_at": key.revoked_at and timestamps.to_text(key.revoked_at),
    }


def _from_item(item: Item) -> ApiKey:
    valid_until = item.get("valid_until")
    return ApiKey(
        id=item["id"],
        tenant=item["tenant"],
        name=item["name"],
        scopes=tuple(item["scopes"]),
        digest=item["digest"],
        hint=item["hint"],
        created_at=timestamps.from_text(item["created_at"]),
        expires_at=timestamps.from_milliseconds(valid_until * 1000) if valid_until else None,
        revoked_at=timestamps.from_text(item["revoked_at"]) if "revoked_at" in item else None,
    )
