"""Client tokens: their values, and what may be done with them."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.errors import Conflict, Forbidden, InvalidRequest, PreconditionFailed, Unauthenticated
from shared.rules import message_log, plain_json, timestamps, token_settings
from shared.rules.token_settings import Environment, TokenSettings
from shared.rules.token_value import IssuedValue

PREVIOUS_VALUES_MAX = 5
_NOT_VALID = "This client token is not valid."


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousValue:
    """A value that was replaced with a grace period."""

    digest: str
    jti: str
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDraft:
    """A token before its first value, with settings that are consistent."""

    tenant: str
    environment: Environment
    settings: TokenSettings
    product_surface_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToken:
    """`previous_values`: newest first, at most PREVIOUS_VALUES_MAX. `revision` grows by one with every write, so two
    writers cannot both replace the same state. `config_revision`: the revision at which the config was set, or 0 if it
    is empty.

    The store may read a token without its config. Such a token can be changed and written: its config is kept.
    """

    id: str
    tenant: str
    environment: Environment
    product_surface_id: str | None
    settings: TokenSettings
    issued_value: IssuedValue
    previous_values: tuple[PreviousValue, ...] = ()
    created_at: datetime
    updated_at: datetime
    revision: int = 1
    config_revision: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """`last_used_at` is accurate to ten minutes."""

    conversation_count: int = 0
    last_used_at: datetime | None = None

    def should_record(self, at: datetime) -> bool:
        """Whether to record a use at `at`: none of the same ten minutes is recorded yet."""
        return self.last_used_at is None or self.last_used_at < timestamps.floor_to_ten_minutes(at)


def draft(
    tenant: str,
    environment: Environment,
    settings: TokenSettings,
    product_surface_id: str | None,
    *,
    at: datetime,
) -> TokenDraft:
    """Raises InvalidRequest, with every reason, if the settings are inconsistent."""
    token_settings.validate(settings, environment=environment, at=at)
    return TokenDraft(tenant=tenant, environment=environment, settings=settings, product_surface_id=product_surface_id)


def create(draft: TokenDraft, issued_value: IssuedValue, *, at: datetime) -> ClientToken:
    """A new token, under its first value."""
    return ClientToken(
        id=issued_value.claims.sub,
        tenant=draft.tenant,
        environment=draft.environment,
        product_surface_id=draft.product_surface_id,
        settings=draft.settings,
        issued_value=issued_value,
        created_at=at,
        updated_at=at,
    )


def require_revision(token: ClientToken, expected: Collection[int] | None) -> None:
    """Raises PreconditionFailed if the token is at none of the expected revisions. None means any."""
    if expected is not None and token.revision not in expected:
        raise PreconditionFailed


def update(token: ClientToken, changes: Mapping[str, Any], *, at: datetime) -> ClientToken:
    """The token with some settings changed."""
    changed = token_settings.with_changes(token.settings, changes, at=at)
    settings = token_settings.validate(changed, environment=token.environment, at=at, before=token.settings)
    revision, config_revision = token.revision + 1, token.config_revision
    if not plain_json.is_same(settings.config, token.settings.config):
        config_revision = revision if settings.config else 0
    at = max(at, token.updated_at)
    return replace(token, settings=settings, updated_at=at, revision=revision, config_revision=config_revision)


def regenerate(token: ClientToken, issued_value: IssuedValue, *, grace: timedelta | None, at: datetime) -> ClientToken:
    """The token under a new value.

    A grace period adds the current value to those that still work. Zero ends every older value at once. None ends the
    current value; earlier values keep working until the time that was promised. Raises Conflict if too many do.
    """
    running = tuple(one for one in token.previous_values if at < one.valid_until)
    if grace:
        _require_room_for_previous(running)
        value = token.issued_value
        running = (PreviousValue(digest=value.digest, jti=value.claims.jti, valid_until=at + grace), *running)
    elif grace is not None:
        running = ()
    at = max(at, token.updated_at)
    return replace(
        token, issued_value=issued_value, previous_values=running, updated_at=at, revision=token.revision + 1
    )


def _require_room_for_previous(running: Collection[PreviousValue]) -> None:
    if len(running) >= PREVIOUS_VALUES_MAX:
        until = timestamps.to_text(min(one.valid_until for one in running))
        raise Conflict(
            f"{PREVIOUS_VALUES_MAX} previous values of this client token still work, which is the limit.",
            code="too_many_previous_values",
            hint=f"The next one ends at {until}. Leave gracePeriodSeconds out to stop the current value at once,"
            " or send 0 to stop every older value.",
        )


def authenticate(token: ClientToken, digest: str, *, at: datetime) -> str:
    """The `jti` of a value that is valid for this token: the current one, or a previous one in its grace period.

    Raises Unauthenticated. All digests are compared, each in constant time, even after a match.
    """
    values = [
        (token.issued_value.digest, token.issued_value.claims.jti),
        *((one.digest, one.jti) for one in token.previous_values),
    ]
    fitting = [jti for known, jti in values if hmac.compare_digest(digest, known)]
    if not (fitting and is_valid_jti(token, fitting[0], at=at)):
        raise unknown_value()
    return fitting[0]


def is_valid_jti(token: ClientToken, jti: str, *, at: datetime) -> bool:
    """Whether the value with this `jti` is valid, and so the sessions that were opened with it."""
    return jti == token.issued_value.claims.jti or is_valid_previous_jti(token, jti, at=at)


def is_valid_previous_jti(token: ClientToken, jti: str, *, at: datetime) -> bool:
    """Whether the value with this `jti` was replaced and still works."""
    return any(jti == one.jti and at < one.valid_until for one in token.previous_values)


def has_previous_value(token: ClientToken, *, at: datetime) -> bool:
    """Whether a value works that was replaced."""
    return any(at < one.valid_until for one in token.previous_values)


def previous_value_last_used_at(token: ClientToken, uses: Mapping[str, str], *, at: datetime) -> datetime | None:
    """When one of the previous values that still work was last used. `uses`: when, by short digest of the `jti`.

    None if it was not used since it was replaced, as far as is known.
    """
    running = [message_log.short_digest(one.jti) for one in token.previous_values if at < one.valid_until]
    known = [timestamps.from_text(uses[digest]) for digest in running if digest in uses]
    return max(known, default=None)


def outlives(token: ClientToken, jti: str, other: str) -> bool:
    """Whether the value with this `jti` works for at least as long as the other. The current one has no end."""
    ends = {one.jti: one.valid_until for one in token.previous_values}
    return jti not in ends or (other in ends and ends[other] <= ends[jti])


def require_active(token: ClientToken) -> None:
    if not token.settings.is_active:
        raise Unauthenticated(_NOT_VALID, code="token_inactive", hint="This client token is switched off.")


def require_not_expired(token: ClientToken, *, at: datetime) -> None:
    if token.settings.expires_at is not None and at >= token.settings.expires_at:
        raise Unauthenticated(_NOT_VALID, code="token_expired", hint="This client token has expired.")


def unknown_value() -> Unauthenticated:
    """The same error for every invalid value: malformed, from another deployment, deleted, or replaced."""
    return Unauthenticated(_NOT_VALID, code="invalid_token", hint="It does not exist, or has been replaced.")


def allows_target(token: ClientToken, target_id: str) -> bool:
    return target_id in token.settings.flow_ids + token.settings.agent_ids


def choose_target(token: ClientToken, wanted: str | None) -> str:
    """The target of a new session: the one that the page names, or else the token's default.

    Raises Forbidden if the token does not allow it, and InvalidRequest if the token has none.
    """
    flows, agents = token.settings.flow_ids, token.settings.agent_ids
    if wanted is not None:
        if not allows_target(token, wanted):
            # Without a hint, because the widget would show it instead of this message.
            raise Forbidden("This client token is not for that flow or agent.", code="target_not_allowed")
        return wanted
    if not flows + agents:
        raise InvalidRequest(
            "This client token has no flow and no agent to talk to.", code="no_target", hint="Add one to the token."
        )
    return token.settings.default_flow_id or (flows + agents)[0]
