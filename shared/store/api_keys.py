"""API keys in the table, by the digest of their value; the index lists a tenant's."""

from __future__ import annotations

from shared.errors import NotFound
from shared.rules import instant
from shared.rules.api_key import ApiKey
from shared.store import table
from shared.store.table import ConditionFailed, Item, Key


def add(key: ApiKey) -> None:
    table.put(_to_item(key))


def find(digest: str) -> ApiKey | None:
    """By the digest of the whole value (hex)."""
    item = table.get(_key(digest))
    return _from_item(item) if item else None


def of_tenant(tenant: str) -> list[ApiKey]:
    """Oldest first."""
    items = table.query("listing_pk = :whose", {":whose": _listing_pk(tenant)}, IndexName=table.LISTING)
    return [_from_item(item) for item in items]


def of_id(tenant: str, key_id: str) -> ApiKey:
    """Raises NotFound."""
    for key in of_tenant(tenant):
        if key.id == key_id:
            return key
    raise _unknown(tenant, key_id)


def revoke(key: ApiKey) -> None:
    """Removes it for good. Raises NotFound where somebody else was faster."""
    try:
        table.transact([table.deleting(_key(key.digest), condition="attribute_exists(pk)")])
    except ConditionFailed:
        raise _unknown(key.tenant, key.id) from None


def _unknown(tenant: str, key_id: str) -> NotFound:
    return NotFound(f"Tenant {tenant} has no API key {key_id}.")


def _listing_pk(tenant: str) -> str:
    """Not where its client tokens are listed: who lists those must not be able to read these."""
    return f"APIKEYS#{tenant}"


def _key(digest: str) -> Key:
    return f"APIKEY#{digest}", "RECORD"


def _to_item(key: ApiKey) -> Item:
    pk, sk = _key(key.digest)
    return {
        "pk": pk,
        "sk": sk,
        "listing_pk": _listing_pk(key.tenant),
        "listing_sk": f"APIKEY#{key.id}",
        "id": key.id,
        "tenant": key.tenant,
        "name": key.name,
        "scopes": list(key.scopes),
        "digest": key.digest,
        "hint": key.hint,
        "created_at": instant.to_text(key.created_at),
        # Seconds: what DynamoDB's TTL reads.
        "expires_at": key.expires_at and int(key.expires_at.timestamp()),
    }


def _from_item(item: Item) -> ApiKey:
    return ApiKey(
        id=item["id"],
        tenant=item["tenant"],
        name=item["name"],
        scopes=tuple(item["scopes"]),
        digest=item["digest"],
        hint=item["hint"],
        created_at=instant.from_text(item["created_at"]),
        expires_at=instant.from_milliseconds(item["expires_at"] * 1000) if "expires_at" in item else None,
    )
