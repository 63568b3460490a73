"""The audit trail: who did what to which client token, API key, target, or conversation; it quotes no secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from shared.rules import instant
from shared.rules.client_token import ClientToken, Terms

Changes = Mapping[str, Sequence[Any] | None]
"""Our name of what changed -> as it was and as it is then, as JSON has them; None for what is only named."""

# It may hold anything, and as much as all else together.
_ONLY_NAMED = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """`actor`: an API key's id, a Clerk user's, or an operator's ARN in IAM; `address`: the caller's, empty for an
    operator; `request_id`: the one that logs name.
    """

    tenant: str
    actor: str
    address: str
    request_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`action`: create, update, regenerate, delete, or reveal a client token; or an operator's, such as revoke_key.

    `subject`: the id of the token, API key, target, or conversation.
    """

    by: Circumstances
    action: str
    subject: str
    changes: Changes = field(default_factory=dict)


def changes(before: ClientToken | None, after: ClientToken) -> Changes:
    """What a change changed; of a new token what is not as by default."""
    no_facts = _facts(Terms(name="", allowed_origins=())) | {"previous_values_expire_at": []}
    old = _facts(before.terms) | _beside(before) if before else no_facts
    new = _facts(after.terms) | _beside(after)
    different = [name for name, value in new.items() if value != old.get(name)]
    return {name: None if name == _ONLY_NAMED else (old[name] if before else None, new[name]) for name in different}


def _facts(terms: Terms) -> dict[str, Any]:
    return {one.name: _plain(getattr(terms, one.name)) for one in fields(terms)}


def _beside(token: ClientToken) -> dict[str, Any]:
    """Of its values only how long previous ones work: neither they nor what they are made of stand in a trail."""
    return {
        "environment": token.environment,
        "product_surface_id": token.product_surface_id,
        "previous_values_expire_at": [_plain(one.valid_until) for one in token.previous],
    }


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return instant.to_text(value)
        case tuple():
            return list(value)
    return value
