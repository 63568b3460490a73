"""Opening a session, as the widget and the SDK ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypedDict

from shared.errors import Forbidden
from shared.rules import timestamps
from shared.rules.client_token import ClientToken
from shared.rules.session import Session
from shared.wire.request_model import LenientRequestModel

_PLACEHOLDER = "Type your message..."
# Fields that a widget with visitor history sends with visitorHistory.
_OF_VISITOR_HISTORY = ("visitorToken", "conversationId", "identityProof")


class InitSession(LenientRequestModel):
    """`flow_id` may name a flow or an agent. `session_id`: the id that the page kept from an earlier visit."""

    token: str
    flow_id: str | None = None
    session_id: str | None = None

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Raises Forbidden if the page requests visitor history, which this service does not store.

        The widget then opens a session without it. It recognizes exactly this text in `error`, which a hint would hide.
        """
        history = values.get("visitorHistory")
        if not (history is None or history is False) or any(
            values.get(name) is not None for name in _OF_VISITOR_HISTORY
        ):
            raise Forbidden("visitor_history_disabled", code="visitor_history_disabled")
        return super().parse(values)


class WidgetConfig(TypedDict):
    """What the widget shows, from the token's config."""

    welcomeMessage: str | None
    placeholder: str
    theme: Mapping[str, Any] | None


class SessionFlow(TypedDict):
    """The flow or agent that answers, as the widget passes it to the page."""

    id: str
    name: str
    description: str | None


class SessionOpened(TypedDict):
    """A session. `conversationRevision` changes whenever the conversation does."""

    sessionId: str
    expiresAt: str
    conversationId: str
    conversationRevision: str
    targetId: str
    flow: SessionFlow
    config: WidgetConfig


def opened(session_id: str, session: Session, token: ClientToken) -> SessionOpened:
    """The response to init, which is public. The token's name is for its owner, so the flow is named by its id."""
    return {
        "sessionId": session_id,
        "expiresAt": timestamps.to_text(session.idle_until),
        "conversationId": session.conversation_id,
        "conversationRevision": str(session.message_count),
        "targetId": session.target_id,
        "flow": {"id": session.target_id, "name": session.target_id, "description": None},
        "config": _widget_config(token.settings.config),
    }


def _widget_config(config: Mapping[str, Any]) -> WidgetConfig:
    """The widget's fields in a token's free-form config, in either spelling of Runtype's clients."""
    welcome = config.get("welcomeMessage", config.get("welcome_message"))
    placeholder, theme = config.get("placeholder"), config.get("theme")
    return {
        "welcomeMessage": welcome if isinstance(welcome, str) else None,
        "placeholder": placeholder if isinstance(placeholder, str) else _PLACEHOLDER,
        "theme": theme if isinstance(theme, dict) else None,
    }
