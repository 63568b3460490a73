"""Opening a session, as the widget and the SDK ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, Self, TypedDict

from shared.errors import Detail, InvalidRequest
from shared.rules import timestamps
from shared.rules.client_token import ClientToken
from shared.rules.returning_visitor import AdmittedVisitor, HistoryRequest, SessionRequest
from shared.rules.session import Session
from shared.wire.request_model import LenientRequestModel

_PLACEHOLDER = "Type your message..."


class InitSession(LenientRequestModel):
    """`flow_id` may name a flow or an agent. `session_id`: the id that the page kept from an earlier visit.

    A page that sends any of the other fields keeps its visitor's history.
    """

    token: str
    flow_id: str | None = None
    session_id: str | None = None
    visitor_history: bool | None = None
    visitor_token: str | None = None
    conversation_id: str | None = None
    identity_proof: str | None = None

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Raises InvalidRequest if `conversation_id` comes with a session, or without anything that gives access."""
        body = super().parse(values)
        if body.conversation_id is not None:
            if body.session_id is not None:
                raise InvalidRequest.from_details(
                    Detail.for_field("conversation_id", "cannot be combined with sessionId", "exclusive")
                )
            if body.visitor_token is None and body.identity_proof is None:
                raise InvalidRequest.from_details(
                    Detail.for_field("conversation_id", "needs the visitorToken of its visitor", "required")
                )
        return body

    def wanted(self) -> SessionRequest:
        return SessionRequest(flow_id=self.flow_id, session_id=self.session_id, history=self._history())

    def _history(self) -> HistoryRequest | None:
        given = (self.visitor_history or None, self.visitor_token, self.conversation_id, self.identity_proof)
        if given == (None,) * len(given):
            return None
        return HistoryRequest(
            secret=self.visitor_token,
            conversation_id=self.conversation_id,
            has_proof=self.identity_proof is not None,
        )


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


class ReturningVisitor(TypedDict):
    """The visitor whose history the page keeps. `token`: the secret of a new visitor, which is shown this once."""

    id: str
    token: NotRequired[str]
    expiresAt: str
    endUserId: str | None
    identityStatus: str


class SessionOpened(TypedDict):
    """A session. `visitor` is present if the page keeps the visitor's history."""

    sessionId: str
    expiresAt: str
    conversationId: str
    conversationRevision: str
    targetId: str
    flow: SessionFlow
    config: WidgetConfig
    visitor: NotRequired[ReturningVisitor]


def opened(
    session_id: str,
    session: Session,
    token: ClientToken,
    revision: str,
    visitor: AdmittedVisitor | None = None,
) -> SessionOpened:
    """The response to init, which is public. The token's name is for its owner, so the flow is named by its id."""
    answer: SessionOpened = {
        "sessionId": session_id,
        "expiresAt": timestamps.to_text(session.idle_until),
        "conversationId": session.conversation_id,
        "conversationRevision": revision,
        "targetId": session.target_id,
        "flow": {"id": session.target_id, "name": session.target_id, "description": None},
        "config": _widget_config(token.settings.config),
    }
    if visitor:
        answer["visitor"] = _visitor(visitor)
    return answer


def _visitor(admitted: AdmittedVisitor) -> ReturningVisitor:
    shown: ReturningVisitor = {
        "id": admitted.visitor.id,
        "expiresAt": timestamps.to_text(admitted.visitor.expires_at),
        "endUserId": None,
        "identityStatus": admitted.identity_status,
    }
    if admitted.secret:
        shown["token"] = admitted.secret
    return shown


def _widget_config(config: Mapping[str, Any]) -> WidgetConfig:
    """The widget's fields in a token's free-form config, in either spelling of Runtype's clients."""
    welcome = config.get("welcomeMessage", config.get("welcome_message"))
    placeholder, theme = config.get("placeholder"), config.get("theme")
    return {
        "welcomeMessage": welcome if isinstance(welcome, str) else None,
        "placeholder": placeholder if isinstance(placeholder, str) else _PLACEHOLDER,
        "theme": theme if isinstance(theme, dict) else None,
    }
