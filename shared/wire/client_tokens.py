"""The client-token messages of the management plane, as Runtype's clients spell them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from shared.rules import instant
from shared.rules.client_token import ClientToken, Terms, Usage
from shared.rules.security_warning import SecurityWarning
from shared.wire.base import Answer, Instant, Integer, Page, QueryInteger, Question, Timestamp, is_none
from shared.wire.terms import Config, Id, Ids, Immutable, Name, Origins

_TERMS = {field.name for field in fields(Terms)}
_UNUSED = Usage()

# A field that need not be given. Its default is never used: only what was given is read.
_NOT_GIVEN: Any = None


class _Settable(Question):
    """What both create and update may set."""

    name: Name = _NOT_GIVEN
    allowed_origins: Origins = _NOT_GIVEN
    flow_ids: Ids = _NOT_GIVEN
    agent_ids: Ids = _NOT_GIVEN
    default_flow_id: Id | None = _NOT_GIVEN
    pin_to_version: Id = _NOT_GIVEN
    target_alias: Id | None = _NOT_GIVEN
    target_version_id: Id | None = _NOT_GIVEN
    rate_limit_per_minute: Annotated[Integer, Field(ge=1, le=1000)] = _NOT_GIVEN
    rate_limit_per_hour: Annotated[Integer, Field(ge=1, le=10_000)] = _NOT_GIVEN
    max_messages_per_session: Annotated[Integer, Field(ge=1, le=1000)] = _NOT_GIVEN
    session_idle_timeout_minutes: Annotated[Integer, Field(ge=1, le=1440)] = _NOT_GIVEN
    config: Config = _NOT_GIVEN
    expires_at: Instant | None = _NOT_GIVEN

    def target_ids(self) -> tuple[str, ...]:
        """The flows and agents that the request names."""
        return (self.flow_ids or ()) + (self.agent_ids or ())

    def given(self) -> dict[str, Any]:
        """Our name of each term that the request sets -> its value."""
        return {name: getattr(self, name) for name in self.model_fields_set if name in _TERMS}


class CreateClientToken(_Settable):
    """What is absent or null takes the API's default."""

    name: Name
    allowed_origins: Origins
    environment: Literal["live", "test"] = "live"
    product_surface_id: Id | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_given(cls, values: dict[str, Any]) -> dict[str, Any]:
        # An unknown name stays, to be told of.
        known = {field.alias for field in cls.model_fields.values()}
        return {name: value for name, value in values.items() if value is not None or name not in known}

    def terms(self) -> Terms:
        return Terms(**self.given())


class UpdateClientToken(_Settable):
    """What is absent stays as it is; null clears what may be empty."""

    is_active: bool = _NOT_GIVEN
    environment: Immutable = None
    product_surface_id: Immutable = None


class RegenerateClientToken(Question):
    """The body may be left out."""

    grace_period_seconds: Annotated[Integer, Field(ge=0, le=604_800)] = 0

    @classmethod
    def read(cls, body: str | None) -> Self:
        return super().read(body or "{}")

    def grace(self) -> timedelta:
        return timedelta(seconds=self.grace_period_seconds)


class ListClientTokens(Question):
    limit: Annotated[QueryInteger, Field(ge=1, le=200)] | None = None
    offset: Annotated[QueryInteger, Field(ge=0)] = 0

    def pagination(self, has_more: bool) -> Page | None:  # noqa: FBT001
        return None if self.limit is None else Page(limit=self.limit, offset=self.offset, has_more=has_more)


class Token(Answer):
    """A client token without its value."""

    id: str
    name: str
    flow_ids: tuple[str, ...]
    agent_ids: tuple[str, ...]
    default_flow_id: str | None
    allowed_origins: tuple[str, ...]
    environment: str
    pin_to_version: str
    target_alias: str | None
    target_version_id: str | None
    rate_limit_per_minute: int
    rate_limit_per_hour: int
    max_messages_per_session: int
    session_idle_timeout_minutes: int
    config: dict[str, Any]
    is_active: bool
    expires_at: Timestamp | None
    product_surface_id: str | None
    token_prefix: str
    token_hint: str
    last_used_at: Timestamp | None
    conversation_count: int
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, token: ClientToken, usage: Usage = _UNUSED, **more: Any) -> Self:
        terms = {field.name: getattr(token.terms, field.name) for field in fields(token.terms)}
        return cls(
            **terms,
            id=token.id,
            environment=token.environment,
            product_surface_id=token.product_surface_id,
            token_prefix=token.seal.prefix,
            token_hint=token.seal.hint,
            last_used_at=usage.last_used_at,
            conversation_count=usage.conversation_count,
            created_at=token.created_at,
            updated_at=token.updated_at,
            **more,
        )


class IssuedToken(Token):
    """A client token with its value: right after it was made, and never again but by asking for the value."""

    token_value: str


class Warned(Answer):
    type: str
    message: str

    @classmethod
    def all_of(cls, warnings: Iterable[SecurityWarning]) -> list[Self]:
        return [cls(type=warning.type, message=warning.message) for warning in warnings]


class ClientTokenCreated(Answer):
    client_token: IssuedToken
    token: str
    warnings: list[Warned]

    @classmethod
    def of(cls, token: ClientToken, value: str, warnings: Iterable[SecurityWarning]) -> Self:
        issued = IssuedToken.of(token, token_value=value)
        return cls(client_token=issued, token=value, warnings=Warned.all_of(warnings))


class ClientTokenRegenerated(Answer):
    """`previous_value_expires_at`: until when the old value works as well, null where it stopped at once."""

    client_token: IssuedToken
    token: str
    message: str
    previous_value_expires_at: Timestamp | None

    @classmethod
    def of(cls, token: ClientToken, usage: Usage, value: str) -> Self:
        until = token.previous.valid_until if token.previous else None
        return cls(
            client_token=IssuedToken.of(token, usage, token_value=value),
            token=value,
            message=f"The previous value works until {instant.to_text(until)}."
            if until
            else "The previous value no longer works.",
            previous_value_expires_at=until,
        )


class ClientTokenFound(Answer):
    client_token: Token

    @classmethod
    def of(cls, token: ClientToken, usage: Usage) -> Self:
        return cls(client_token=Token.of(token, usage))


class ClientTokenUpdated(Answer):
    client_token: Token
    warnings: list[Warned]

    @classmethod
    def of(cls, token: ClientToken, usage: Usage, warnings: Iterable[SecurityWarning]) -> Self:
        return cls(client_token=Token.of(token, usage), warnings=Warned.all_of(warnings))


class ClientTokenDeleted(Answer):
    success: bool = True
    message: str = "The client token is deleted and no longer works."


class ClientTokenValue(Answer):
    token: str


class ClientTokensListed(Answer):
    client_tokens: list[Token]
    pagination: Page | None = Field(default=None, exclude_if=is_none)

    @classmethod
    def of(cls, listed: Iterable[tuple[ClientToken, Usage]], pagination: Page | None) -> Self:
        return cls(client_tokens=[Token.of(token, usage) for token, usage in listed], pagination=pagination)
