"""The settings of a client token, which can be updated at any time, and what must hold between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.errors import Detail, InvalidRequest
from shared.rules import origin

Environment = Literal["live", "test"]
OriginEnforcement = Literal["enforce", "observe"]
OBSERVATION = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """With the API's defaults. `daily_budget`: in dollars, with at most six decimals.

    `visitor_history`: whether visitors get their conversations back. `observe_until`: until then, origins that are not
    allowed are admitted and logged.
    """

    name: str
    allowed_origins: tuple[str, ...]
    flow_ids: tuple[str, ...] = ()
    agent_ids: tuple[str, ...] = ()
    default_flow_id: str | None = None
    pin_to_version: str = "latest"
    target_alias: str | None = None
    target_version_id: str | None = None
    rate_limit_per_minute: int = 10
    rate_limit_per_hour: int = 100
    max_messages_per_session: int = 100
    session_idle_timeout_minutes: int = 30
    config: Mapping[str, Any] = field(default_factory=dict)
    daily_budget: float | None = None
    visitor_history: bool = True
    is_active: bool = True
    expires_at: datetime | None = None
    observe_until: datetime | None = None

    def origin_enforcement(self, at: datetime) -> OriginEnforcement:
        return "observe" if self.observe_until is not None and at < self.observe_until else "enforce"


def with_changes(settings: TokenSettings, changes: Mapping[str, Any], *, at: datetime) -> TokenSettings:
    """The settings with some fields changed. Owners change `origin_enforcement` and never its end.

    Observing ends by itself: to observe while that runs changes nothing, or clients that send all settings every day
    would never enforce.
    """
    changed = dict(changes)
    enforcement: OriginEnforcement | None = changed.pop("origin_enforcement", None)
    if enforcement == "enforce":
        changed["observe_until"] = None
    elif enforcement == "observe" and settings.origin_enforcement(at) == "enforce":
        changed["observe_until"] = at + OBSERVATION
    return replace(settings, **changed)


def validate(
    settings: TokenSettings, *, environment: Environment = "live", at: datetime, before: TokenSettings | None = None
) -> TokenSettings:
    """The settings, if they are consistent, else InvalidRequest with every reason. `before`: those they replace."""
    reasons = list(_violations(settings, environment, at, before))
    if reasons:
        raise InvalidRequest.from_details(*reasons)
    return settings


def _violations(
    settings: TokenSettings, environment: Environment, at: datetime, before: TokenSettings | None
) -> Iterator[Detail]:
    for entry in settings.allowed_origins:
        if environment == "live" and origin.needs_test_token(entry):
            reason = f"{entry} is for tokens of environment test: on a live token, list each port by itself"
            yield Detail.for_field("allowed_origins", reason, "needs_test_token")
    if settings.default_flow_id is not None and settings.default_flow_id not in settings.flow_ids:
        yield Detail.for_field("default_flow_id", "must be one of the token's flows", "not_a_flow_of_the_token")
    if settings.target_alias is not None and settings.target_version_id is not None:
        yield Detail.for_field(
            "target_alias", "cannot be combined with a target version id: set one of them to null", "exclusive"
        )
    for pin in ("target_alias", "target_version_id"):
        if getattr(settings, pin) is not None and len(settings.agent_ids) != 1:
            yield Detail.for_field(pin, "needs exactly one agent on the token", "needs_one_agent")
    is_new_pin = before is None or before.pin_to_version != settings.pin_to_version
    if is_new_pin and settings.pin_to_version.startswith("agentver_"):
        yield Detail.for_field(
            "pin_to_version", "cannot be set to an agent version: use the target version id for that", "agent_version"
        )
    is_new_expiry = before is None or before.expires_at != settings.expires_at
    if is_new_expiry and settings.expires_at is not None and settings.expires_at <= at:
        yield Detail.for_field("expires_at", "must be in the future, or null for never", "in_the_past")
