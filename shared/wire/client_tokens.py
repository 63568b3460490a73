"""Client tokens as Runtype's clients read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict

from shared.rules import client_token, daily_budget, timestamps
from shared.rules.client_token import ClientToken, Usage
from shared.rules.security_warning import SecurityWarning
from shared.rules.token_settings import Environment, OriginEnforcement
from shared.wire.page import Page

_UNUSED = Usage()


class Token(TypedDict):
    """A client token. `tokenValue` is only in responses that issue a value, `spentToday` in that of a single token with
    a daily budget, and `previousValueLastUsedAt` in that of a single token with a previous value that works.
    """

    id: str
    name: str
    flowIds: Sequence[str]
    agentIds: Sequence[str]
    defaultFlowId: str | None
    allowedOrigins: Sequence[str]
    originEnforcement: OriginEnforcement
    observeUntil: str | None
    environment: Environment
    pinToVersion: str
    targetAlias: str | None
    targetVersionId: str | None
    rateLimitPerMinute: int
    rateLimitPerHour: int
    maxMessagesPerSession: int
    sessionIdleTimeoutMinutes: int
    dailyBudget: float | None
    visitorHistory: bool
    config: Mapping[str, Any]
    isActive: bool
    expiresAt: str | None
    productSurfaceId: str | None
    tokenPrefix: str
    tokenHint: str
    lastUsedAt: str | None
    conversationCount: int
    createdAt: str
    updatedAt: str
    tokenValue: NotRequired[str]
    spentToday: NotRequired[float]
    previousValueLastUsedAt: NotRequired[str | None]


class Warned(TypedDict):
    """Something about a client token that is allowed, but risky."""

    type: str
    message: str


class ClientTokenFound(TypedDict):
    """The current state of a client token. `warnings` is present while it observes origins."""

    clientToken: Token
    warnings: NotRequired[list[Warned]]


class ClientTokenCreated(TypedDict):
    """A new client token, and its value."""

    clientToken: Token
    token: str
    warnings: list[Warned]


class ClientTokenChecked(TypedDict):
    """A client token could be created with these settings."""

    warnings: list[Warned]


class ClientTokenUpdated(TypedDict):
    """The client token after the update."""

    clientToken: Token
    warnings: list[Warned]


class ClientTokenRegenerated(TypedDict):
    """The client token with its new value. `previousValueExpiresAt`: when the old value stops working, or null."""

    clientToken: Token
    token: str
    message: str
    previousValueExpiresAt: str | None


class ClientTokenDeleted(TypedDict):
    """The client token is deleted."""

    success: bool
    message: str


class ClientTokenValue(TypedDict):
    """The value of a client token."""

    token: str


class ClientTokensListed(TypedDict):
    """Client tokens of the caller's tenant. `pagination` is present if the request has a `limit`."""

    clientTokens: list[Token]
    pagination: NotRequired[Page]


def created(token: ClientToken, value: str, warnings: Iterable[SecurityWarning], *, at: datetime) -> ClientTokenCreated:
    issued = _token(token, _UNUSED, at) | {"tokenValue": value}
    return {"clientToken": issued, "token": value, "warnings": _warned(warnings)}


def found(
    token: ClientToken,
    usage: Usage,
    held_today: int | None = None,
    warnings: Iterable[SecurityWarning] = (),
    uses: Mapping[str, str] | None = None,
    *,
    at: datetime,
) -> ClientTokenFound:
    """`held_today`: of the daily budget, in picodollars. None if the token has none.

    `uses`: when previous values were last used. None if no previous value works.
    """
    shown = _token(token, usage, at)
    if held_today is not None:
        shown |= {"spentToday": daily_budget.to_dollars(held_today)}
    if uses is not None:
        last = client_token.previous_value_last_used_at(token, uses, at=at)
        shown |= {"previousValueLastUsedAt": timestamps.to_text(last) if last else None}
    answer: ClientTokenFound = {"clientToken": shown}
    return answer | {"warnings": warned} if (warned := _warned(warnings)) else answer


def checked(warnings: Iterable[SecurityWarning]) -> ClientTokenChecked:
    return {"warnings": _warned(warnings)}


def updated(
    token: ClientToken, usage: Usage, warnings: Iterable[SecurityWarning], *, at: datetime
) -> ClientTokenUpdated:
    return {"clientToken": _token(token, usage, at), "warnings": _warned(warnings)}


def regenerated(
    before: ClientToken, after: ClientToken, usage: Usage, value: str, *, at: datetime
) -> ClientTokenRegenerated:
    ends = {one.digest: timestamps.to_text(one.valid_until) for one in after.previous_values}
    until = ends.pop(before.issued_value.digest, None)
    message = f"The previous value works until {until}." if until else "The previous value no longer works."
    if ends:
        message += f" Values before it keep working as promised, the last one until {max(ends.values())}."
        message += " To stop them all, regenerate with gracePeriodSeconds 0."
    return {
        "clientToken": _token(after, usage, at) | {"tokenValue": value},
        "token": value,
        "message": message,
        "previousValueExpiresAt": until,
    }


def deleted() -> ClientTokenDeleted:
    return {"success": True, "message": "The client token is deleted and no longer works."}


def revealed(value: str) -> ClientTokenValue:
    return {"token": value}


def listed(tokens: Iterable[tuple[ClientToken, Usage]], pagination: Page | None, *, at: datetime) -> ClientTokensListed:
    whole: ClientTokensListed = {"clientTokens": [_token(token, usage, at) for token, usage in tokens]}
    return whole if pagination is None else whole | {"pagination": pagination}


def _token(token: ClientToken, usage: Usage, at: datetime) -> Token:
    settings = token.settings
    enforcement, until = settings.origin_enforcement(at), settings.observe_until
    return {
        "id": token.id,
        "name": settings.name,
        "flowIds": settings.flow_ids,
        "agentIds": settings.agent_ids,
        "defaultFlowId": settings.default_flow_id,
        "allowedOrigins": settings.allowed_origins,
        "originEnforcement": enforcement,
        "observeUntil": timestamps.to_text(until) if until and enforcement == "observe" else None,
        "environment": token.environment,
        "pinToVersion": settings.pin_to_version,
        "targetAlias": settings.target_alias,
        "targetVersionId": settings.target_version_id,
        "rateLimitPerMinute": settings.rate_limit_per_minute,
        "rateLimitPerHour": settings.rate_limit_per_hour,
        "maxMessagesPerSession": settings.max_messages_per_session,
        "sessionIdleTimeoutMinutes": settings.session_idle_timeout_minutes,
        "dailyBudget": settings.daily_budget,
        "visitorHistory": settings.visitor_history,
        "config": settings.config,
        "isActive": settings.is_active,
        "expiresAt": timestamps.to_text(settings.expires_at) if settings.expires_at else None,
        "productSurfaceId": token.product_surface_id,
        "tokenPrefix": token.issued_value.prefix,
        "tokenHint": token.issued_value.hint,
        # A use is recorded as the start of its ten minutes, which may be before the token was created.
        "lastUsedAt": timestamps.to_text(max(usage.last_used_at, token.created_at)) if usage.last_used_at else None,
        "conversationCount": usage.conversation_count,
        "createdAt": timestamps.to_text(token.created_at),
        "updatedAt": timestamps.to_text(token.updated_at),
    }


def _warned(warnings: Iterable[SecurityWarning]) -> list[Warned]:
    return [{"type": warning.type, "message": warning.message} for warning in warnings]
