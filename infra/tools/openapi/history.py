"""The operations of pages on their visitor's history, by the function that serves them."""

from __future__ import annotations

from infra.tools.openapi import examples, headers
from infra.tools.openapi.operation import Operation
from infra.tools.openapi.refusals import Codes
from shared.wire.executions import ExecutionCanceled
from shared.wire.history import (
    DisplayProjectionsUpdated,
    GetVisitorConversation,
    HistoryQuery,
    ListVisitorConversations,
    OfTarget,
    UpdateDisplayProjections,
    VisitorConversationFound,
    VisitorConversationsDeleted,
    VisitorConversationsListed,
    VisitorForgotten,
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
    "ListVisitorConversations": Operation(
        summary="List the visitor's conversations",
        description=(
            "Most recently active first, without those in which nothing was said. A page of one target may have fewer "
            "than `limit`: follow `nextCursor` until it is null. The visitor's secret decides whose "
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
    "UpdateDisplayProjections": Operation(
        summary="Store what the page displays of messages",
        description=(
            "Texts for eyes alone, instead of the messages' own: no flow or agent receives them. All or nothing: one "
            "unknown message is a 404. The session must be on this conversation. At most 120 in any 60 seconds for "
            "each token and client address."
        ),
        query=HistoryQuery,
        body=UpdateDisplayProjections,
        bodies={"an answer": {"messages": [{"id": examples.REPLY_ID, "displayContent": "Green or black?"}]}},
        headers=headers.OF_HISTORY,
        answer=DisplayProjectionsUpdated,
        answer_headers=headers.IDENTITY,
        examples={"an answer": examples.DISPLAYED},
        refuses=_with(_OF_SESSION, _OF_VISITOR, _OF_CONVERSATION, {400: "display_too_large", 409: "conflict"}),
    ),
    "CancelExecution": Operation(
        summary="End an answer that waits",
        description=(
            "Its text so far becomes the answer, and no output of a tool is accepted any more. The session must be on "
            "this conversation. An answer that is being generated goes on to its end: `accepted` is then false. "
            f"{_LIMIT}"
        ),
        query=HistoryQuery,
        headers=headers.OF_HISTORY,
        answer=ExecutionCanceled,
        answer_headers=headers.IDENTITY,
        examples={"an answer": examples.CANCELED},
        refuses=_with(_OF_SESSION, _OF_VISITOR, {404: "execution_not_found", 409: "execution_not_paused"}),
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
