"""Client tokens in the table. Config and usage are separate items, so that counting a use rewrites neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import islice

from shared.errors import Detail, InvalidRequest, ResponseTooLarge, Unavailable
from shared.rules import daily_budget, timestamps
from shared.rules.client_token import PREVIOUS_VALUES_MAX, ClientToken, PreviousValue, Usage
from shared.rules.token_settings import TokenSettings
from shared.store import configs, issued_values, memberships, table, usage
from shared.store.attributes import size
from shared.store.table import Item, Key

_UNPAGED_MAX = 5000
# The number of tokens per batch read, each with its usage.
_AT_ONCE = table.BATCH // 2
# No response holds more, so no list reads more.
_ANSWER_BYTES_MAX = 6_000_000
_ATTEMPTS = 5
RECORD_BYTES_MAX = 32 * 1024
# The fields that owners set and can shorten. Every response shows them, and as JSON they are no smaller.
_SET_BY_OWNERS = {one.name for one in fields(TokenSettings)} | {"product_surface_id"}
# The largest that a record can hold.
_LONGEST_PREVIOUS_VALUE = PreviousValue(digest="0" * 64, jti="0" * 32, valid_until=datetime.max.replace(tzinfo=UTC))
_LARGEST_REVISION = 10**15 - 1

Listed = tuple[ClientToken, Usage]


def get(tenant: str, token_id: str) -> Listed:
    """A token with its config and usage. Raises NotFound if it is gone or another tenant's."""
    for found in _read(tenant, [token_id]):
        return found
    raise memberships.unknown()


def get_record(tenant: str, token_id: str) -> ClientToken:
    """A token without its config and usage."""
    for token, _ in _records(tenant, [token_id], _Room()):
        return token
    raise memberships.unknown()


def page(tenant: str, offset: int, limit: int | None, *, after: str | None = None) -> tuple[list[Listed], str | None]:
    """The tenant's tokens, newest first, and the id after which more follow, if any. Without a limit: all that a
    response can hold. `after`: the id that they follow, even if it is gone.
    """
    token_ids, has_more = memberships.page(tenant, offset, limit or _UNPAGED_MAX, after=after)
    if has_more and limit is None:
        raise InvalidRequest(
            f"There are more than {_UNPAGED_MAX} client tokens.",
            code="too_many_to_list",
            hint="Ask for them in pages, with limit and cursor.",
        )
    return _read(tenant, token_ids), token_ids[-1] if has_more else None


def of_surface(tenant: str, token_ids: Sequence[str], surface_id: str) -> list[str]:
    """Those of these tokens that belong to a product surface."""
    found = _records(tenant, token_ids, _Room())
    return [token.id for token, _ in found if token.product_surface_id == surface_id]


def list_by_tenant(tenant: str) -> Iterator[ClientToken]:
    """All of them without their configs, oldest first, read during iteration."""
    token_ids = memberships.list_by_tenant(tenant)
    while some := list(islice(token_ids, _AT_ONCE)):
        yield from (token for token, _ in _records(tenant, some, _Room()))


def _read(tenant: str, token_ids: Sequence[str]) -> list[Listed]:
    """Those that still exist, in the same order.

    Raises ResponseTooLarge if no response can hold them, and Unavailable if a config changes at every attempt.
    """
    whole: dict[str, Listed] = {}
    torn: Sequence[str] = token_ids
    for _ in range(_ATTEMPTS):
        room = _Room()
        found = _records(tenant, torn, room)
        items = room.read([configs.key(token.id) for token, _ in found if token.config_revision])
        fits = {token.id: configs.matches(token, items.get(configs.key(token.id))) for token, _ in found}
        whole |= {
            token.id: (configs.with_config(token, items.get(configs.key(token.id))), used)
            for token, used in found
            if fits[token.id]
        }
        torn = [token_id for token_id, is_fit in fits.items() if not is_fit]
        if not torn:
            return [whole[token_id] for token_id in token_ids if token_id in whole]
    raise Unavailable


class _Room:
    """The bytes left in one response."""

    def __init__(self) -> None:
        self._bytes = _ANSWER_BYTES_MAX

    def read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Raises ResponseTooLarge after the first batch that does not fit."""
        found: dict[Key, Item] = {}
        for start in range(0, len(keys), table.BATCH):
            batch = table.read(keys[start : start + table.BATCH], is_consistent=True, at=None)
            self._bytes -= sum(
                size({name: item[name] for name in _SET_BY_OWNERS & item.keys()}) for item in batch.values()
            )
            if self._bytes < 0:
                raise ResponseTooLarge
            found |= batch
        return found


def _records(tenant: str, token_ids: Sequence[str], room: _Room) -> list[Listed]:
    """Without their configs."""
    keys = [one for token_id in token_ids for one in (key(token_id), usage.key(token_id))]
    items = room.read(keys)
    records = [items[key(token_id)] for token_id in token_ids if key(token_id) in items]
    return [
        (from_item(record), usage.from_item(items.get(usage.key(record["id"]))))
        for record in records
        if record["tenant"] == tenant
    ]


def key(token_id: str) -> Key:
    return f"TOKEN#{token_id}", "RECORD"


def require_fits(token: ClientToken) -> None:
    """Raises InvalidRequest for a record that is too large, or that regenerating alone could make too large."""
    largest = to_item(
        replace(
            token,
            previous_values=(_LONGEST_PREVIOUS_VALUE,) * PREVIOUS_VALUES_MAX,
            revision=_LARGEST_REVISION,
            config_revision=_LARGEST_REVISION,
        )
    )
    total = size(largest)
    if total <= RECORD_BYTES_MAX:
        return
    sizes = {name: size({name: largest[name]}) for name in _SET_BY_OWNERS & largest.keys()}
    name = max(sizes, key=lambda name: sizes[name])
    detail = Detail.for_field(name, f"takes {sizes[name]:,} bytes, more than any other field", "record_too_large")
    raise InvalidRequest(
        f"This client token would take {total:,} bytes. The limit is {RECORD_BYTES_MAX:,}.",
        code="record_too_large",
        hint=f"Shorten {detail.path} first.",
        details=[detail],
    )


def to_item(token: ClientToken) -> Item:
    """The token's expiry is not the table's TTL attribute, so that expired tokens stay visible to their owners."""
    settings = token.settings
    pk, sk = key(token.id)
    item = {
        "pk": pk,
        "sk": sk,
        "id": token.id,
        "tenant": token.tenant,
        "environment": token.environment,
        "product_surface_id": token.product_surface_id,
        "name": settings.name,
        "allowed_origins": list(settings.allowed_origins),
        "flow_ids": list(settings.flow_ids),
        "agent_ids": list(settings.agent_ids),
        "default_flow_id": settings.default_flow_id,
        "pin_to_version": settings.pin_to_version,
        "target_alias": settings.target_alias,
        "target_version_id": settings.target_version_id,
        "rate_limit_per_minute": settings.rate_limit_per_minute,
        "rate_limit_per_hour": settings.rate_limit_per_hour,
        "max_messages_per_session": settings.max_messages_per_session,
        "session_idle_timeout_minutes": settings.session_idle_timeout_minutes,
        "daily_budget": None if settings.daily_budget is None else daily_budget.to_microdollars(settings.daily_budget),
        "visitor_history": settings.visitor_history,
        "is_active": settings.is_active,
        "token_expires_at": _text(settings.expires_at),
        "observe_until": _text(settings.observe_until),
        **issued_values.to_item(token.issued_value),
        "previous_values": [
            [one.digest, one.jti, timestamps.to_text(one.valid_until)] for one in token.previous_values
        ],
        "created_at": _text(token.created_at),
        "updated_at": _text(token.updated_at),
        "revision": token.revision,
        "config_revision": token.config_revision or None,
    }
    return {name: value for name, value in item.items() if value is not None}


def from_item(item: Item) -> ClientToken:
    """Without the config, which is a separate item."""
    settings = TokenSettings(
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
        daily_budget=daily_budget.from_microdollars(item["daily_budget"]) if "daily_budget" in item else None,
        # Absent from records that were written before the setting existed.
        visitor_history=item.get("visitor_history", True),
        is_active=item["is_active"],
        expires_at=_timestamp(item.get("token_expires_at")),
        observe_until=_timestamp(item.get("observe_until")),
    )
    return ClientToken(
        id=item["id"],
        tenant=item["tenant"],
        environment=item["environment"],
        product_surface_id=item.get("product_surface_id"),
        settings=settings,
        issued_value=issued_values.from_item(item, token_id=item["id"], environment=item["environment"]),
        previous_values=tuple(
            PreviousValue(digest=digest, jti=jti, valid_until=timestamps.from_text(until))
            for digest, jti, until in item["previous_values"]
        ),
        created_at=timestamps.from_text(item["created_at"]),
        updated_at=timestamps.from_text(item["updated_at"]),
        revision=item["revision"],
        config_revision=item.get("config_revision", 0),
    )


def _text(at: datetime | None) -> str | None:
    return timestamps.to_text(at) if at else None


def _timestamp(text: str | None) -> datetime | None:
    return timestamps.from_text(text) if text else None
