"""The audit trail: who did what to which client token, API key, target, or conversation. It holds no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from shared.errors import Detail, InvalidRequest
from shared.rules import input_limits, plain_json, timestamps
from shared.rules.client_token import ClientToken
from shared.rules.target import Target
from shared.rules.token_settings import TokenSettings

Changes = Mapping[str, Sequence[Any] | Mapping[str, Any] | None]
"""Field -> what is recorded of its change.

Usually `[before, after]`, as JSON values. For a long list, what was `added` and `removed`, and how many entries are not
quoted (`more_added`, `more_removed`), or `reordered` if only the order changed. None if only the name is recorded.
"""

# They may hold anything, and as much as all else together.
_ONLY_NAMED = {"config", "system_prompt"}
# Together they keep a record below 8 KB, even if every field changes.
_TEXT_BYTES_MAX = 128
# What owners see of their targets.
_SHOWN_OF_TARGETS = {"kind", "max_tokens", *input_limits.NAMES}
_ENTRIES_MAX = 20
_ENTRIES_BYTES_MAX = 640


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditContext:
    """`actor`: the id of an API key or Clerk user, or an operator's IAM ARN. `address`: the caller's, empty for an
    operator. `request_id`: as in the logs.
    """

    tenant: str
    actor: str
    address: str
    request_id: str
    at: datetime

    @property
    def is_of_operator(self) -> bool:
        return not self.address


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """`action`: create, update, regenerate, delete, or reveal a client token; one on what visitors wrote, such as
    read_conversations; or an operator's, such as revoke_key.

    `subject`: the id of the token, API key, target, or conversation.
    """

    context: AuditContext
    action: str
    subject: str
    changes: Changes = field(default_factory=dict)


def changes(before: ClientToken | None, after: ClientToken) -> Changes:
    """The fields that a write changes. For a new token, those that differ from the defaults."""
    no_facts = _settings_of(TokenSettings(name="", allowed_origins=())) | {"previous_values_expire_at": []}
    old = _settings_of(before.settings) | _other_fields_of(before) if before else no_facts
    new = _settings_of(after.settings) | _other_fields_of(after)
    different = [name for name, value in new.items() if not plain_json.is_same(value, old.get(name))]
    return {name: _difference(name, old[name] if before else None, new[name]) for name in different}


def target_changes(before: Target | None, after: Target | None) -> Changes:
    """What registering or removing a target changed: its kind and its settings."""
    old, new = _registered(before), _registered(after)
    different = [name for name in old | new if not plain_json.is_same(old.get(name), new.get(name))]
    return {name: _difference(name, old.get(name), new.get(name)) for name in different}


def for_owner(record: AuditRecord) -> AuditRecord:
    """What the owner of a tenant may see: of an operator no ARN, and of a target no settings but its limits."""
    context, shown = record.context, record.changes
    if context.is_of_operator:
        context = replace(context, actor="operator")
    if record.action in {"register_target", "remove_target"}:
        shown = {name: change if name in _SHOWN_OF_TARGETS else None for name, change in shown.items()}
    return replace(record, context=context, changes=shown)


def require_span(since: datetime | None, until: datetime | None) -> None:
    """Raises InvalidRequest if no record can be in it."""
    if since and until and since >= until:
        raise InvalidRequest.from_details(Detail("since", "must be before until", "out_of_range"))


def _registered(target: Target | None) -> dict[str, Any]:
    return {"kind": target.kind} | dict(target.settings) if target else {}


def _difference(name: str, old: Any, new: Any) -> Sequence[Any] | Mapping[str, Any] | None:
    if name in _ONLY_NAMED:
        return None
    if not isinstance(new, list) or (_is_short(old or []) and _is_short(new)):
        return _quoted(old), _quoted(new)
    old = old or []
    found: dict[str, Any] = {}
    for change, entries in (
        ("added", [one for one in new if one not in old]),
        ("removed", [one for one in old if one not in new]),
    ):
        quoted = _first(entries)
        if entries:
            found[change] = quoted
        if len(quoted) < len(entries):
            found[f"more_{change}"] = len(entries) - len(quoted)
    return found or {"reordered": True}


def _is_short(entries: list[Any]) -> bool:
    return _first(entries) == entries


def _first(entries: list[Any]) -> list[Any]:
    """The entries that are quoted, each truncated if it is long."""
    quoted: list[Any] = []
    for entry in entries[:_ENTRIES_MAX]:
        quoted.append(_quoted(entry))
        if _bytes(quoted) > _ENTRIES_BYTES_MAX:
            return quoted[:-1]
    return quoted


def _quoted(value: Any) -> Any:
    if isinstance(value, list):
        return _first(value)
    if not isinstance(value, str) or _bytes(value) <= _TEXT_BYTES_MAX:
        return value
    end = f"... ({len(value.encode())} bytes)"
    kept = value[:_TEXT_BYTES_MAX]
    while _bytes(kept + end) > _TEXT_BYTES_MAX:
        kept = kept[:-1]
    return kept + end


def _bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def _settings_of(settings: TokenSettings) -> dict[str, Any]:
    return {one.name: _plain(getattr(settings, one.name)) for one in fields(settings)}


def _other_fields_of(token: ClientToken) -> dict[str, Any]:
    """Of its values, only how long previous ones work: the trail holds no part of a value."""
    return {
        "environment": token.environment,
        "product_surface_id": token.product_surface_id,
        "previous_values_expire_at": [_plain(one.valid_until) for one in token.previous_values],
    }


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return timestamps.to_text(value)
        case tuple():
            return list(value)
    return value
