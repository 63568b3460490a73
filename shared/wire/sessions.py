"""Opening a session, as the widget and the SDK ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from shared.rules.client_token import ClientToken
from shared.rules.session import Session
from shared.wire.answer import Answer
from shared.wire.question import BrowserQuestion

_PLACEHOLDER = "Type your message..."


class InitSession(BrowserQuestion):
    """`flow_id` may name a flow or an agent; `session_id`: what the page kept of an earlier visit."""

    token: str
    flow_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WidgetConfig(Answer):
    welcome_message: str | None
    placeholder: str
    theme: dict[str, Any] | None

    @classmethod
    def of(cls, config: dict[str, Any]) -> Self:
        """What a token's free-form config has of it, under either spelling that Runtype's clients write."""
        welcome = config.get("welcomeMessage", config.get("welcome_message"))
        placeholder, theme = config.get("placeholder"), config.get("theme")
        return cls(
            welcome_message=welcome if isinstance(welcome, str) else None,
            placeholder=placeholder if isinstance(placeholder, str) else _PLACEHOLDER,
            theme=theme if isinstance(theme, dict) else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFlow(Answer):
    id: str
    name: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Answer):
    """`conversation_revision` changes whenever the conversation does."""

    session_id: str
    expires_at: datetime
    conversation_id: str
    conversation_revision: str
    target_id: str
    flow: SessionFlow
    config: WidgetConfig

    @classmethod
    def of(cls, session_id: str, session: Session, token: ClientToken) -> Self:
        return cls(
            session_id=session_id,
            expires_at=session.idle_until,
            conversation_id=session.conversation_id,
            conversation_revision=str(session.message_count),
            target_id=session.target_id,
            flow=SessionFlow(id=session.target_id, name=token.terms.name),
            config=WidgetConfig.of(dict(token.terms.config)),
        )
