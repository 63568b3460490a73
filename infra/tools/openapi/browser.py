"""The operations of pages, by the function that serves them."""

from __future__ import annotations

from infra.tools.openapi import examples, headers
from infra.tools.openapi.operation import Operation
from shared.wire.chat import Chat
from shared.wire.feedback import FeedbackLeft, LeaveFeedback
from shared.wire.sessions import InitSession, SessionOpened

OPERATIONS = {
    "InitSession": Operation(
        summary="Open a session",
        description=(
            "Exchanges a client token's value for a session, or continues the session `sessionId`. At most 60 in any "
            "60 seconds for each token and client address. The Origin header must match the token's allowed origins. "
            "A body with `visitorHistory: true`, `visitorToken`, `conversationId`, or `identityProof` gets a 403 "
            "`visitor_history_disabled`. Runtype's widget then opens a session without visitor history."
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
        summary="Send a message",
        description=(
            "Stores the visitor's message, invokes the session's flow or agent, and streams the answer as server-sent "
            "events while it is generated. A message that was already answered gets its stored answer again, at no "
            "cost. The token's rate limits apply to each client address.\n\n"
            "The stream is text (`text/event-stream`). Each event has an `event` line with its type and a `data` line "
            "with one JSON object, which the schema ChatEvent describes; an empty line ends it. Lines end in LF.\n\n"
            "A failure before the first text is a response with its status and a JSON body. A later failure is part of "
            "the stream: a sentence about it ends the text, and `execution_error` is the last event."
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
        examples={"an answer": examples.EVENTS, "a failure": examples.FAILED_EVENTS},
        answer_headers=headers.RATE,
        refuses={
            400: (
                "no_message message_too_long input_too_large invalid_attachment attachments_not_enabled "
                "attachments_too_large attachment_not_supported target_declined"
            ),
            401: "session_ended",
            404: "target_not_found",
            409: "conflict in_progress message_id_taken",
            429: "message_limit_reached attempts_exhausted budget_exhausted",
            502: (
                "budget_not_enforceable "
                "target_failed target_function_failed target_answer_empty target_answer_incomplete "
                "target_answer_too_large"
            ),
            504: "target_timed_out target_function_timed_out",
        },
    ),
    "LeaveFeedback": Operation(
        summary="Rate an answer or the conversation",
        description=(
            "Accepted until a day after the session ends. New feedback on the same answer or conversation replaces the "
            "earlier feedback. At most 60 in any 60 seconds for each token and client address."
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
