"""The operations of pages, by the function that serves them."""

from __future__ import annotations

from infra.tools.openapi import examples, headers
from infra.tools.openapi.operation import Operation
from infra.tools.openapi.refusals import Codes
from shared.wire.chat import Chat
from shared.wire.feedback import FeedbackLeft, LeaveFeedback
from shared.wire.history import (
    GetVisitorConversation,
    HistoryQuery,
    ListVisitorConversations,
    OfTarget,
    VisitorConversationFound,
    VisitorConversationsDeleted,
    VisitorConversationsListed,
    VisitorForgotten,
)
from shared.wire.resumes import ExecutionResumed, ResumeExecution
from shared.wire.sessions import InitSession, SessionOpened

_TARGET_FAILURES = (
    "target_failed target_function_failed target_answer_empty target_answer_incomplete target_answer_too_large "
    "target_called_too_many_tools target_called_unknown_tool"
)
_LIMIT = (
    "At most 120 in any 60 seconds for each token and client address, together with the other requests for history."
)
_AT_MOST = "Beyond a thousand items, it gets a 503: they are hidden, and a repeated request deletes the rest."
_OF_SESSION: Codes = {400: "invalid_request", 403: "visitor_history_disabled", 503: "identity_proof_not_admitted"}
_OF_VISITOR: Codes = {401: "session_ended visitor_token_required visitor_not_found"}
_OF_CONVERSATION: Codes = {404: "conversation_not_found"}


def _with(*codes: Codes) -> Codes:
    statuses = sorted({status for one in codes for status in one})
    return {status: " ".join(one[status] for one in codes if status in one) for status in statuses}


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
                "attachments_too_large attachment_not_supported client_tools_too_large target_declined"
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
            400: "no_pending_call input_too_large client_tools_too_large target_declined",
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
    "ListVisitorConversations": Operation(
        summary="List the visitor's conversations",
        description=(
            "Most recently active first, without those in which nothing was said. The visitor's secret decides whose "
            f"they are, not the session. {_LIMIT}"
        ),
        query=ListVisitorConversations,
        headers=headers.OF_HISTORY,
        answer=VisitorConversationsListed,
        answer_headers=headers.IDENTITY,
        examples={"an answer": examples.VISITOR_CONVERSATIONS},
        refuses=_with(_OF_SESSION, _OF_VISITOR, {400: "invalid_cursor"}),
    ),
    "GetVisitorConversation": Operation(
        summary="Read one of the visitor's conversations",
        description=(
            "With a page of its messages: without a cursor the newest, and the oldest of them first. Their times rise. "
            f"{_LIMIT}"
        ),
        query=GetVisitorConversation,
        headers=headers.OF_HISTORY,
        answer=VisitorConversationFound,
        answer_headers=headers.IDENTITY,
        examples={"an answer": examples.VISITOR_CONVERSATION},
        refuses=_with(_OF_SESSION, _OF_VISITOR, _OF_CONVERSATION, {400: "invalid_cursor answer_too_large"}),
    ),
    "DeleteVisitorConversation": Operation(
        summary="Delete one of the visitor's conversations",
        description=f"With its messages and ratings, at once and for good. {_AT_MOST} {_LIMIT}",
        query=HistoryQuery,
        headers=headers.OF_HISTORY,
        answer=VisitorConversationsDeleted,
        answer_headers=headers.IDENTITY,
        examples={"an answer": examples.VISITOR_CONVERSATIONS_DELETED},
        refuses=_with(_OF_SESSION, _OF_VISITOR, _OF_CONVERSATION),
    ),
    "DeleteVisitorConversations": Operation(
        summary="Delete the visitor's conversations",
        description=f"All of them, or those with one flow or agent, at once and for good. {_AT_MOST} {_LIMIT}",
        query=OfTarget,
        headers=headers.OF_HISTORY,
        answer=VisitorConversationsDeleted,
        answer_headers=headers.IDENTITY,
        examples={"an answer": examples.VISITOR_CONVERSATIONS_DELETED},
        refuses=_with(_OF_SESSION, _OF_VISITOR),
    ),
    "ResetVisitor": Operation(
        summary="Forget the visitor",
        description=(
            "The visitor's secret stops working, known or not. The conversations stay until their retention ends. A "
            f"session of the visitor goes on in a new conversation that is nobody's. {_LIMIT}"
        ),
        query=HistoryQuery,
        headers=headers.OF_HISTORY,
        answer=VisitorForgotten,
        answer_headers=headers.IDENTITY,
        examples={"an answer": examples.VISITOR_FORGOTTEN},
        refuses=_with(_OF_SESSION, {401: "session_ended"}),
    ),
}
