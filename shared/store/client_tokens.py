"""Client tokens in the table: the record, and how much it is used beside it, so that counting never rewrites it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from shared.errors import Invalid
from shared.rules import instant
from shared.rules.client_token import ClientToken, Previous, Terms, Usage
from shared.store import memberships, seals, table, usage
from shared.store.table import Item, Key

_UNPAGED_MAX = 5000
# As many as one batch read takes, each with its usage.
_AT_ONCE = 50

Listed = tuple[ClientToken, Usage]


def get(tenant: str, token_id: str) -> Listed:
    """Raises NotFound for an unknown id and, with the same words, for another tenant's, which is not even read."""
    memberships.require(tenant, token_id)
    for found in _read(tenant, [token_id]):
        return found
    # It was deleted meanwhile.
    raise memberships.unknown()


def page(tenant: str, offset: int, limit: int | None) -> tuple[list[Listed], bool]:
    """The tenant's tokens, newest first, and whether more follow. Without a limit: all that an answer can hold."""
    token_ids, has_more = memberships.page(tenant, offset, limit or _UNPAGED_MAX)
    if has_more and limit is None:
        raise Invalid(
            f"There are more than {_UNPAGED_MAX} client tokens.",
            code="too_many_to_list",
            hint="Ask for them in pages, with limit and offset.",
        )
    return _read(tenant, token_ids), has_more


def of_tenant(tenant: str) -> Iterator[ClientToken]:
    """All of them, oldest first, as they are found while somebody walks through."""
    token_ids = memberships.of_tenant(tenant)
    while some := list(islice(token_ids, _AT_ONCE)):
        yield from (token for token, _ in _read(tenant, some))


def _read(tenant: str, token_ids: Sequence[str]) -> list[Listed]:
    """Those that still exist, in the same order."""
    keys = [one for token_id in token_ids for one in (key(token_id), usage.key(token_id))]
    items = table.read(keys, is_consistent=True)
    records = [items[key(token_id)] for token_id in token_ids if key(token_id) in items]
    return [
        (from_item(record), usage.from_item(items.get(usage.key(record["id"]))))
        for record in records
        if record["tenant"] == tenant
    ]


def key(token_id: str) -> Key:
    return f"TOKEN#{token_id}", "RECORD"


def to_item(token: ClientToken) -> Item:
    """The token's own expiry is not the attribute by which the table drops items: an expired token stays to be seen."""
    terms = token.terms
    pk, sk = key(token.id)
    item = {
        "pk": pk,
        "sk": sk,
        "id": token.id,
        "tenant": token.tenant,
        "environment": token.environment,
        "product_surface_id": token.product_surface_id,
        "name": terms.name,
        "allowed_origins": list(terms.allowed_origins),
        "flow_ids": list(terms.flow_ids),
        "agent_ids": list(terms.agent_ids),
        "default_flow_id": terms.default_flow_id,
        "pin_to_version": terms.pin_to_version,
        "target_alias": terms.target_alias,
        "target_version_id": terms.target_version_id,
        "rate_limit_per_minute": terms.rate_limit_per_minute,
        "rate_limit_per_hour": terms.rate_limit_per_hour,
        "max_messages_per_session": terms.max_messages_per_session,
        "session_idle_timeout_minutes": terms.session_idle_timeout_minutes,
        "config": json.dumps(terms.config, separators=(",", ":"), ensure_ascii=False),
        "is_active": terms.is_active,
        "token_expires_at": _text(terms.expires_at),
        **seals.to_item(token.seal),
        "previous": [[one.digest, one.jti, instant.to_text(one.valid_until)] for one in token.previous],
        "created_at": _text(token.created_at),
        "updated_at": _text(token.updated_at),
        "revision": token.revision,
    }
    return {name: value for name, value in item.items() if value is not None}


def from_item(item: Item) -> ClientToken:
    terms = Terms(
        name=item["name"],
        allowed_origins=tuple(item["allowed_origins"]),
        flow_ids=tuple(item["flow_ids"]),
        agent_ids=tuple(item["agent_ids"]),
        default_flow_id=item.get("default_flow_id"),
        pin_to_version=item["pin_to_version"],
        target_alias=item.get("target_alias"),
        target_version_id=item.get("target_version_id"),
        rate_limit_per_minute=item["rate_limit_per_minute"],
        rate_limit_per_hour=item["rate_limit_per_hour"],
        max_messages_per_session=item["max_messages_per_session"],
        session_idle_timeout_minutes=item["session_idle_timeout_minutes"],
        config=json.loads(item["config"]),
        is_active=item["is_active"],
        expires_at=_instant(item.get("token_expires_at")),
    )
    return ClientToken(
        id=item["id"],
        tenant=item["tenant"],
        environment=item["environment"],
        product_surface_id=item.get("product_surface_id"),
        terms=terms,
        seal=seals.from_item(item, token_id=item["id"], environment=item["environment"]),
        previous=tuple(
            Previous(digest=digest, jti=jti, valid_until=instant.from_text(until))
            for digest, jti, until in item["previous"]
        ),
        created_at=instant.from_text(item["created_at"]),
        updated_at=instant.from_text(item["updated_at"]),
        revision=item["revision"],
    )


def _text(at: datetime | None) -> str | None:
    return instant.to_text(at) if at else None


def _instant(text: str | None) -> datetime | None:
    return instant.from_text(text) if text else None
