"""Client tokens as Runtype's clients read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from shared.rules import instant
from shared.rules.client_token import ClientToken, Usage
from shared.rules.security_warning import SecurityWarning
from shared.wire.answer import OMITTED_IF_NONE, Answer, Page

_UNUSED = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
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
    config: Mapping[str, Any]
    is_active: bool
    expires_at: datetime | None
    product_surface_id: str | None
    token_prefix: str
    token_hint: str
    last_used_at: datetime | None
    conversation_count: int
    created_at: datetime
    updated_at: datetime

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


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken(Token):
    """A client token with its value: right after it was made, and never again but by asking for the value."""

    token_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Answer):
    type: str
    message: str

    @classmethod
    def all_of(cls, warnings: Iterable[SecurityWarning]) -> list[Self]:
        return [cls(type=warning.type, message=warning.message) for warning in warnings]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokenCreated(Answer):
    client_token: IssuedToken
    token: str
    warnings: list[Warned]

    @classmethod
    def of(cls, token: ClientToken, value: str, warnings: Iterable[SecurityWarning]) -> Self:
        issued = IssuedToken.of(token, token_value=value)
        return cls(client_token=issued, token=value, warnings=Warned.all_of(warnings))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokenRegenerated(Answer):
    """`previous_value_expires_at`: until when the old value works as well, null where it stopped at once."""

    client_token: IssuedToken
    token: str
    message: str
    previous_value_expires_at: datetime | None

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokenFound(Answer):
    client_token: Token

    @classmethod
    def of(cls, token: ClientToken, usage: Usage) -> Self:
        return cls(client_token=Token.of(token, usage))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokenUpdated(Answer):
    client_token: Token
    warnings: list[Warned]

    @classmethod
    def of(cls, token: ClientToken, usage: Usage, warnings: Iterable[SecurityWarning]) -> Self:
        return cls(client_token=Token.of(token, usage), warnings=Warned.all_of(warnings))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokenDeleted(Answer):
    success: bool = True
    message: str = "The client token is deleted and no longer works."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokenValue(Answer):
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokensListed(Answer):
    client_tokens: list[Token]
    pagination: Page | None = field(default=None, metadata=OMITTED_IF_NONE)

    @classmethod
    def of(cls, listed: Iterable[tuple[ClientToken, Usage]], pagination: Page | None) -> Self:
        return cls(client_tokens=[Token.of(token, usage) for token, usage in listed], pagination=pagination)
