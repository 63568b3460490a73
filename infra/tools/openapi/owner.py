"""The operations on what visitors wrote, behind the authorizer, by the function that serves them."""

from __future__ import annotations

from infra.tools.openapi import examples
from infra.tools.openapi.operation import Operation
from shared.wire.feedback_records import (
    FeedbackDeleted,
    FeedbackFound,
    FeedbackListed,
    FeedbackStatistics,
)
from shared.wire.owner_queries import GetConversation, GetFeedbackStatistics, ListConversations, ListFeedback
from shared.wire.transcripts import (
    ConversationDeleted,
    ConversationFound,
    TenantConversationsListed,
)

_LIST_ERRORS = "invalid_request invalid_cursor too_far answer_too_large"

OPERATIONS = {
    "ListConversations": Operation(
        summary="List conversations",
        description=(
            "Lists conversations of all of the tenant's client tokens, without what was said in them. Tokens are taken "
            "in groups of 25, the newest first; of each group, the most recently active conversation comes first. With "
            "`client_token_id`, the order is that of the token's own list. A page may have fewer than `limit` "
            "conversations, or none, although `hasMore` is true: follow `nextCursor` until it is null."
        ),
        scope="conversations:read",
        query=ListConversations,
        answer=TenantConversationsListed,
        examples={"an answer": examples.TENANT_CONVERSATIONS},
        refuses={400: "invalid_request invalid_cursor answer_too_large", 404: "not_found", 429: "rate_limited"},
    ),
    "GetConversation": Operation(
        summary="Read a conversation",
        description=(
            "The conversation with its messages, the oldest first, and with its newest feedback. If it has more "
            "messages than a response can hold, these are the newest, and `nextMessageCursor` leads to older ones. The "
            "request leaves an audit record."
        ),
        scope="conversations:read",
        query=GetConversation,
        answer=ConversationFound,
        examples={"an answer": examples.CONVERSATION},
        refuses={400: "invalid_request invalid_cursor answer_too_large", 404: "not_found", 429: "rate_limited"},
    ),
    "DeleteConversation": Operation(
        summary="Delete a conversation",
        description=(
            "Its messages and its feedback are deleted with it, for good. A visitor who is in it has to start a new "
            "one. If there is too much for one request, it gets a 503: nothing shows the rest any more, and a repeated "
            "request deletes it. Each request leaves an audit record."
        ),
        scope="conversations:write",
        answer=ConversationDeleted,
        examples={"an answer": examples.CONVERSATION_DELETED},
        refuses={404: "not_found", 429: "rate_limited"},
    ),
    "ListFeedback": Operation(
        summary="List feedback",
        description=(
            "Lists feedback on conversations of all of the tenant's client tokens, the newest first. The request "
            "leaves an audit record."
        ),
        scope="conversations:read",
        query=ListFeedback,
        answer=FeedbackListed,
        examples={"an answer": examples.FEEDBACK_LISTED},
        refuses={400: _LIST_ERRORS, 429: "rate_limited"},
    ),
    "GetFeedbackStatistics": Operation(
        summary="Count feedback",
        description="Counts the feedback that matches the filters. The response has no text of a visitor.",
        scope="conversations:read",
        query=GetFeedbackStatistics,
        answer=FeedbackStatistics,
        examples={"an answer": examples.FEEDBACK_STATISTICS},
        refuses={400: "invalid_request too_far", 429: "rate_limited"},
    ),
    "GetFeedback": Operation(
        summary="Read feedback",
        description="One visitor's feedback. The request leaves an audit record.",
        scope="conversations:read",
        answer=FeedbackFound,
        examples={"an answer": examples.FEEDBACK_FOUND},
        refuses={404: "not_found", 429: "rate_limited"},
    ),
    "DeleteFeedback": Operation(
        summary="Delete feedback",
        description="Deletes one visitor's feedback, for good. The request leaves an audit record.",
        scope="conversations:write",
        answer=FeedbackDeleted,
        examples={"an answer": examples.FEEDBACK_DELETED},
        refuses={404: "not_found", 429: "rate_limited"},
    ),
}
