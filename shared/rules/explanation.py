"""What admission asks about a visitor, in its order, and what decides each question of one client token."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.rules import origin, suggestion
from shared.rules.token_settings import TokenSettings

Question = Literal[
    "token_active",
    "token_not_expired",
    "origin_allowed",
    "target_allowed",
    "session_rate",
    "message_rate",
    "target_available",
    "daily_budget",
]


@dataclass(frozen=True, slots=True)
class WantedTarget:
    """The flow or agent that a page names."""

    id: str
    is_agent: bool = False

    def peers(self, settings: TokenSettings) -> tuple[str, ...]:
        """The token's flows, or its agents."""
        return settings.agent_ids if self.is_agent else settings.flow_ids


@dataclass(frozen=True, slots=True)
class Fix:
    """`text`: one sentence or two, for the token's owner. `changes`: to its settings, where one change is right."""

    text: str
    changes: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedCheck:
    """`passes`: None if it cannot be asked. `code`: that of the error, if it does not pass. `rule`: what decided.

    `nearest`: the entry of the token that was probably meant. An origin that is only observed passes, with a `fix`.
    """

    question: Question
    passes: bool | None
    code: str | None = None
    rule: str
    nearest: str | None = None
    fix: Fix | None = None


def is_accepted(checks: Iterable[ExplainedCheck]) -> bool:
    """Whether a visitor is admitted, as far as it could be asked."""
    return all(check.passes is not False for check in checks)


ACTIVATE = Fix("Set isActive to true.", {"is_active": True})
EXTEND = Fix("Set expiresAt to a later time, or to null for never.")


def admit_origin(header: str | None, settings: TokenSettings) -> Fix:
    """For requests with this Origin header, which the token does not allow."""
    if header == "null":
        return Fix("Open the page from a web server, or give its frame allow-same-origin. Only * admits null.")
    try:
        entry = origin.entry_for(header)
    except ValueError as error:
        return _unlistable(header or "", error)
    entries = settings.allowed_origins
    if header is not None and origin.deciding_entry(entry, entries) is not None:
        return Fix(f"Browsers send {entry}, which is admitted.")
    changes = {"allowed_origins": (*entries, entry)}
    if header is None:
        return Fix(f"Add {entry} to allowedOrigins. It admits every request without an Origin header.", changes)
    encrypted = entry.replace("http://", "https://", 1)
    if encrypted != entry and origin.deciding_entry(encrypted, entries) is not None:
        return Fix(f"Open the page with https, which is admitted, or add {entry} to allowedOrigins.", changes)
    return Fix(f"Add {entry} to allowedOrigins.", changes)


def _unlistable(header: str, error: ValueError) -> Fix:
    """Browsers send no such origin, except one whose host ends with a dot."""
    undotted = re.sub(r"\.(?=(?::[0-9]+)?$)", "", header, count=1)
    try:
        entry = origin.entry_for(undotted)
    except ValueError:
        return Fix(f"No browser sends this as an origin: it {error}.")
    return Fix(f"Redirect the page to {entry}. Browsers keep the dot at the end of a host.")


def allow_target(wanted: WantedTarget | None, settings: TokenSettings, registered: Collection[str]) -> Fix:
    """For a target that the token does not allow, or if it allows none. `registered`: those that are known to exist.

    A change is offered only if every target that it names exists: with another one, it may be refused.
    """
    if wanted is None:
        return Fix("Add a flow to flowIds, or an agent to agentIds.")
    field, place = ("agent_ids", "to agentIds") if wanted.is_agent else ("flow_ids", "to flowIds")
    if wanted.id not in registered:
        meant = nearest_target(wanted, settings)
        advice = f"Name {meant} in the page, or register" if meant else "Register"
        return Fix(f"{advice} {wanted.id} as a target and add it {place}.")
    ids = (*wanted.peers(settings), wanted.id)
    changes = {field: ids} if set(ids) <= set(registered) else None
    return Fix(f"Add {wanted.id} {place}.", changes)


def nearest_target(wanted: WantedTarget, settings: TokenSettings) -> str | None:
    return suggestion.nearest(wanted.id, (*settings.flow_ids, *settings.agent_ids))
