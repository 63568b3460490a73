"""The operations of pages, by the function that serves them."""

from __future__ import annotations

from infra.openapi import examples, headers
from infra.openapi.operation import Operation
from shared.wire.chat import Chat
from shared.wire.feedback import FeedbackLeft, LeaveFeedback
from shared.wire.sessions import InitSession, SessionOpened

# Server-sent event -> what it tells.
_EVENTS = {
    "execution_start": "The flow or agent has been asked.",
    "turn_start": "It begins to answer.",
    "text_start": "A block of text begins.",
    "text_delta": "More of the text, in delta.",
    "text_complete": "The whole text.",
    "turn_complete": "It has answered; stopReason says why it ended.",
    "execution_complete": "Nothing follows.",
}


def _events() -> dict[str, dict[str, str]]:
    """The events of an answer, in their order, as the service writes them."""
    frames = [frame.split("\n") for frame in examples.EVENTS.strip().split("\n\n")]
    return {
        kind.removeprefix("event: "): {"event": kind.removeprefix("event: "), "data": data.removeprefix("data: ")}
        for kind, data in frames
    }


OPERATIONS = {
    "InitSession": Operation(
        summary="Open a session",
        description=(
            "Exchanges a client token's value for a session, or continues the one of `sessionId`. At most 60 in any "
            "60 seconds for each token and client address. The Origin header is held against the token's origins. A "
            "body with `visitorHistory: true`, `visitorToken`, `conversationId`, or `identityProof` is a 403 "
            "`visitor_history_disabled`, after which Runtype's widget opens a session without visitor history."
        ),
        body=InitSession,
        bodies={
            "first visit": {"token": examples.VALUE},
            "return": {"token": examples.VALUE, "flowId": examples.FLOW, "sessionId": examples.SESSION_ID},
        },
        answer=SessionOpened,
        examples={"an answer": examples.OPENED},
        refuses={400: "no_target", 401: "invalid_token", 403: "target_not_allowed visitor_history_disabled"},
    ),
    "Chat": Operation(
        summary="Say something",
        description=(
            "Stores the visitor's message, asks the session's flow or agent, and answers with server-sent events. A "
            "message that was answered before is answered from what is stored, and costs nothing again. Refusals are "
            "JSON and come before any event. At most the token's limits for each client address."
        ),
        body=Chat,
        bodies={
            "text": {
                "sessionId": examples.SESSION_ID,
                "messages": [{"id": examples.MESSAGE_ID, "role": "user", "content": "Do you sell tea?"}],
                "assistantMessageId": examples.REPLY_ID,
            },
            "an image": {
                "sessionId": examples.SESSION_ID,
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "What is this?"},
                            {"type": "image", "image": "data:image/png;base64,iVBORw0KGgo="},
                        ],
                    }
                ],
            },
        },
        examples=_events(),
        answer_headers=headers.RATE,
        refuses={
            400: "no_message message_too_long invalid_attachment attachment_not_supported",
            401: "session_ended",
            404: "target_not_found",
            409: "conflict in_progress",
            429: "message_limit_reached attempts_exhausted",
            502: "target_failed target_function_failed target_answer_empty target_answer_too_large target_declined",
            504: "target_timed_out target_function_timed_out",
        },
    ),
    "LeaveFeedback": Operation(
        summary="Rate an answer or the conversation",
        description=(
            "For as long as the session lives, and a day longer. Said again of the same thing, it replaces what was "
            "said before. At most 60 in any 60 seconds for each token and client address."
        ),
        body=LeaveFeedback,
        bodies={
            "a vote": {
                "token": examples.VALUE,
                "sessionId": examples.SESSION_ID,
                "type": "upvote",
                "messageId": examples.REPLY_ID,
            },
            "a score": {"token": examples.VALUE, "sessionId": examples.SESSION_ID, "type": "csat", "rating": 5},
        },
        answer=FeedbackLeft,
        examples={"an answer": examples.LEFT},
        refuses={401: "invalid_token session_ended", 404: "session_not_found"},
    ),
}

EVENT = "ChatEvent"
EVENT_SCHEMA = {
    "description": (
        "One server-sent event of an answer. Each is a frame of two lines, event and data, and an empty one; lines end "
        "in LF. They come in this order, text_delta as often as it takes."
    ),
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {
            "description": "\n".join(f"- `{kind}`: {text}" for kind, text in _EVENTS.items()),
            "enum": [*_EVENTS],
        },
        "data": {
            "description": "A JSON object on one line.",
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "type": "object",
                "required": ["type", "executionId", "seq"],
                "properties": {
                    "type": {"description": "The same as event.", "enum": [*_EVENTS]},
                    "executionId": {"description": "Identifies the answer.", "type": "string"},
                    "seq": {"description": "Counts the events, from 1.", "type": "integer", "minimum": 1},
                },
            },
        },
    },
}
