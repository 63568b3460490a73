"""The operations of pages, by the function that serves them."""

from __future__ import annotations

from infra.tools.openapi import examples, headers, history
from infra.tools.openapi.operation import Operation
from shared.wire.chat import Chat
from shared.wire.feedback import FeedbackLeft, LeaveFeedback
from shared.wire.resumes import ExecutionResumed, ResumeExecution
from shared.wire.sessions import InitSession, SessionOpened

_TARGET_FAILURES = (
    "target_failed target_function_failed target_answer_empty target_answer_incomplete target_answer_too_large "
    "target_called_too_many_tools target_called_unknown_tool"
)
OPERATIONS = {
    "InitSession": Operation(
        summary="Open a session",
        description=(
            "Exchanges a client token's value for a session, or continues the session `sessionId`. At most 60 in any "
            "60 seconds for each token and client address. The Origin header must match the token's allowed origins. "
            "\n\nA body with `visitorHistory: true`, `visitorToken`, `conversationId`, or `identityProof` keeps the "
            "visitor's history. Without a known `visitorToken`, the answer has a new one, which is shown this once. "
            "With it, the session continues the visitor's conversation `conversationId`, or that of `sessionId`, "
            "which becomes the visitor's if it is nobody's. No proof of identity is admitted: it is ignored."
        ),
        body=InitSession,
        bodies={
            "first visit": {"token": examples.VALUE},
            "return": {"token": examples.VALUE, "flowId": examples.FLOW, "sessionId": examples.SESSION_ID},
            "first visit with history": {"token": examples.VALUE, "visitorHistory": True},
            "another conversation": {
                "token": examples.VALUE,
                "visitorHistory": True,
                "visitorToken": examples.SECRET,
                "conversationId": examples.CONVERSATION_ID,
            },
        },
        answer=SessionOpened,
        examples={"an answer": examples.OPENED, "with history": examples.OPENED_WITH_HISTORY},
        refuses={
            400: "no_target",
            401: "invalid_token visitor_required",
            403: "target_not_allowed visitor_history_disabled",
            404: "conversation_not_found",
        },
    ),
    "Chat": Operation(
        summary="Send a message",
        description=(
            "Stores the visitor's message, invokes the session's flow or agent, and streams the answer as server-sent "
            "events while it is generated. A message that was already answered gets its stored answer again, at no "
            "cost. The token's rate limits apply to each client address.\n\n"
            "With `clientTools`, the answer may pause: the stream then ends with `await` events in place of an end "
            "event, and goes on with POST /v1/client/resume.\n\n"
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
            "tools": {
                "sessionId": examples.SESSION_ID,
                "messages": [{"id": examples.MESSAGE_ID, "role": "user", "content": "Do you sell tea?"}],
                "clientTools": [examples.TOOL],
                "clientToolsFingerprint": "f-1",
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
        streams={
            "an answer": examples.EVENTS,
            "a failure": examples.FAILED_EVENTS,
            "a pause": examples.PAUSED_EVENTS,
        },
        answer_headers=headers.RATE,
        refuses={
            400: (
                "no_message message_too_long input_too_large invalid_attachment attachments_not_enabled "
                "attachments_too_large attachment_not_supported client_tools_too_large "
                "client_tools_not_supported display_too_large target_declined"
            ),
            401: "session_ended",
            404: "target_not_found",
            409: "conflict in_progress message_id_taken client_tools_resend_required",
            410: "conversation_deleted",
            429: "message_limit_reached attempts_exhausted budget_exhausted",
            501: "join_not_supported",
            502: _TARGET_FAILURES,
            504: "target_timed_out target_function_timed_out",
        },
    ),
    "ResumeExecution": Operation(
        summary="Go on with an answer",
        description=(
            "Reports the outputs of the tools that an answer waits for. The answer goes on: as a stream like that of a "
            "chat, or as one JSON object. The session must be of the same conversation as the message. An answer waits "
            "for 15 minutes, and goes on at most 20 times. At most 60 requests in any 60 seconds for each token and "
            "client address."
        ),
        body=ResumeExecution,
        bodies={
            "an output": {
                "sessionId": examples.SESSION_ID,
                "executionId": examples.EXECUTION_ID,
                "toolOutputs": {examples.CALL.id: "Green"},
            },
            "without a stream": {
                "sessionId": examples.SESSION_ID,
                "executionId": examples.EXECUTION_ID,
                "toolOutputs": {examples.CALL.name: "Green"},
                "streamResponse": False,
            },
        },
        answer=ExecutionResumed,
        examples={"an answer": examples.RESUMED},
        streams={"an answer": examples.RESUMED_EVENTS},
        refuses={
            400: "no_pending_call input_too_large client_tools_too_large client_tools_not_supported target_declined",
            401: "session_ended",
            404: "execution_not_found target_not_found",
            409: "execution_not_paused in_progress client_tools_resend_required",
            410: "conversation_deleted execution_expired",
            429: "resumes_exhausted budget_exhausted",
            502: _TARGET_FAILURES,
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
OPERATIONS |= history.OPERATIONS
