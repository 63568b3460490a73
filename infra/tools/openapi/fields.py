"""Descriptions of all fields, with their units. A field means the same in requests and responses, so each has one."""

from __future__ import annotations

from infra.tools.openapi import page_fields, tenant_fields, usage_fields
from shared.rules import session, token_settings, visitor
from shared.wire import token_settings as wire_settings

# A field's name, or Schema.field if the name means something else there.
MEANINGS = page_fields.MEANINGS | {
    **tenant_fields.MEANINGS,
    **usage_fields.MEANINGS,
    # A client token
    "id": "Identifies the client token, such as ct_01kav7t0d3p9s8x2m4n6q8r0vw; not a secret.",
    "name": "A name for people. Surrounding whitespace is removed.",
    "allowedOrigins": (
        "Where the token may be used. An entry is an exact origin (`https://app.example.com`), all subdomains of a "
        "domain (`https://*.example.com`: at any depth, but not the domain itself), a pattern for preview deployments "
        "(`https://shop-*-acme.example.com`), any port of loopback (`http://localhost:*`, test tokens only), an app's "
        "origin (`capacitor://localhost`, `app://.`), every installation of an extension (`moz-extension://*`), `*` "
        "(every origin), or `native` (requests without an Origin header). Each entry has at most "
        f"{visitor.ORIGIN_LENGTH_MAX} characters, stored in lower case without a default port or a trailing slash."
    ),
    "originEnforcement": (
        "enforce (the default) or observe. While a token observes, origins that are not allowed are admitted and "
        f"logged. That ends by itself, {token_settings.OBSERVATION.days} days after it was set; to observe again, set "
        "enforce first. Everything else about the token is enforced all the time."
    ),
    "observeUntil": "When the token stops observing and enforces its allowed origins. Null: it enforces them.",
    "flowIds": "The flows that sessions may use. Duplicates are removed.",
    "agentIds": "The agents that sessions may use. Duplicates are removed.",
    "defaultFlowId": "The flow for pages that name none, from flowIds. Null: the first flow, or else the first agent.",
    "environment": "Cannot be changed after the token is created.",
    "pinToVersion": "The version of the flow or agent to use. An agentver_ id is refused unless it is already stored.",
    "targetAlias": "Alias of an agent's version. Cannot be combined with targetVersionId, and needs exactly one agent.",
    "targetVersionId": "An agent's version. Cannot be combined with targetAlias, and needs exactly one agent.",
    "rateLimitPerMinute": "Messages that one client address may send in any 60 seconds.",
    "rateLimitPerHour": "Messages that one client address may send in any 3600 seconds.",
    "maxMessagesPerSession": "Messages that a visitor may send in one session.",
    "sessionIdleTimeoutMinutes": (
        f"Minutes without a message after which a session ends, but at least {session.IDLE_TIMEOUT_MIN.seconds // 60}."
    ),
    "config": (
        f"welcomeMessage, which the widget shows, and anything else that your page reads: at most "
        f"{wire_settings.CONFIG_BYTES_MAX // 1024} KB as JSON, nested at most {wire_settings.CONFIG_DEPTH_MAX} deep. "
        "Empty by default."
    ),
    "dailyBudget": (
        "Dollars that the token's targets may cost per day (UTC). The most that an answer can cost is reserved before "
        "its target is asked, so the budget is never exceeded. Null: no limit."
    ),
    "spentToday": (
        "Dollars of dailyBudget that are spent or reserved today. Only in the response for one token that has a budget."
    ),
    "visitorHistory": (
        "Whether visitors get their conversations back in the same browser. Off: nobody can list, read, or delete "
        "them, and they are kept until their retention ends."
    ),
    "expiresAt": "When the token stops working. Must be in the future when you set it. Null: never.",
    "productSurfaceId": "A label of your own. Cannot be changed after the token is created.",
    "isActive": "Whether the token works. A change takes effect on the next request.",
    "tokenPrefix": "First 8 characters of the value.",
    "tokenHint": "Last 4 characters of the value, to tell tokens apart.",
    "tokenValue": "The value, only in the response that issues it. The same as token.",
    "lastUsedAt": "When the token was last used, to ten minutes. New sessions and messages count. A session that is "
    "resumed and the first message after a pause of some minutes do not. Null: never.",
    "conversationCount": (
        "The number of conversations started with this token. If AWS fails during a conversation's first message, the "
        "conversation may count twice or not at all."
    ),
    "createdAt": "When it was created.",
    "updatedAt": "When it last changed.",
    # Fields that only responses have
    "clientTokens": "Newest first.",
    "token": "The client token's value, which a page sends to open a session.",
    "warnings": "Settings that are allowed, but risky. Empty if there are none.",
    "ClientTokenFound.warnings": "Only while the token observes origins, that it does.",
    "Warned.type": (
        "For programs: wildcard_origin, native_origin, insecure_origin, loopback_origin, app_origin, "
        "extension_wildcard, public_suffix_wildcard, origins_observed, no_target, unregistered_target, "
        "unpriced_target, daily_budget_too_small, or info."
    ),
    "message": "A sentence for people.",
    "success": "Always true: failures return an error instead.",
    "gracePeriodSeconds": (
        "Seconds for which the current value keeps working beside the new one. If omitted, it stops at once, and "
        "earlier values keep working until their grace periods end. 0 stops every older value at once."
    ),
    "previousValueLastUsedAt": (
        "When a page last used a value that was replaced and still works, some seconds late. Null: none did. Only in "
        "the response for one token, while such a value works."
    ),
    "previousValueExpiresAt": "When the replaced value stops working. Null: it stopped at once.",
    "limit": "The number of entries to return.",
    "ListClientTokens.limit": "The number of entries to return. Without it, you get the whole list and no pagination.",
    "offset": "The number of entries to skip. If you delete entries while you page, use cursor instead.",
    "cursor": "The nextCursor of the page before, with the same filters. Cannot be combined with offset.",
    "nextCursor": "The cursor of the next page. Null: this is the last one.",
    "hasMore": "Whether more entries follow.",
    # An explanation
    "ExplainClientToken.origin": "The Origin header that the page sends. Null: it sends none.",
    "address": "The visitor's IPv4 or IPv6 address. Without it, no rate is asked about.",
    "ExplainClientToken.flowId": "The flow that the page names. Without it and agentId, the token's default is used.",
    "agentId": "The agent that the page names. Cannot be combined with flowId.",
    "accepted": "Whether the visitor is admitted: no question fails.",
    "questions": "In the order in which admission asks them. An earlier one that fails stops a real visitor.",
    "question": (
        "token_active, token_not_expired, origin_allowed, target_allowed, session_rate, message_rate, "
        "target_available, or daily_budget."
    ),
    "passes": "Null: it cannot be asked, because there is no address or no target.",
    "Explained.code": "The code of the error that a visitor gets. Null if it passes.",
    "rule": "What decided.",
    "nearest": "The entry of the token that was probably meant. Null if there is none.",
    "fix": "How to fix it, in a sentence. Null if there is nothing to fix.",
    "update": "The body of PUT /v1/client-tokens/{id} that fixes it. Null if no single change of the token does.",
    # Conversations
    "conversations": (
        "Most recently active first. If more than 500 were last active within the same ten minutes, these are in the "
        "order in which they began, newest first."
    ),
    "flow_id": "Only conversations with this flow or agent.",
    "ConversationSummary.id": "Identifies the conversation.",
    "ConversationSummary.name": "A name for people, made from the time at which the conversation began.",
    "flowId": "The flow or agent that answers.",
    "origin": "The origin of the page on which it began. Empty for a native app.",
    "messageCount": (
        "The number of messages from the visitor and the assistant together. A message counts as two once it is "
        "accepted, because its answer is expected to follow."
    ),
    "firstMessage": "The beginning of the visitor's first message. Null without the scope conversations:read, and once "
    "that message is past its retention.",
    "ConversationSummary.updatedAt": "When the visitor last sent a message.",
    "ConversationItem.id": "Identifies the conversation.",
    "ConversationFound.id": "Identifies the conversation.",
    "title": "A name for people, made from the time at which the conversation began. No text of the visitor.",
    "source": "Where the conversations came from. Here, always client_token; app is accepted, and finds none.",
    "ConversationItem.source": "Always client_token.",
    "ConversationFound.source": "Always client_token.",
    "clientTokenId": "The client token with which it began.",
    "ownerId": "The visitor in whose history a conversation is. Null: in nobody's.",
    "modelId": "Always null: the flow or agent decides.",
    "ConversationItem.updatedAt": "When the visitor last sent a message.",
    "ConversationFound.updatedAt": "When the visitor last sent a message.",
    "ConversationFound.messages": "The oldest first, as they are stored.",
    "nextMessageCursor": "The messageCursor of older messages. Null: there are none.",
    "messageLimit": "The number of messages to return, each with its answer.",
    "messageCursor": "The nextMessageCursor of the page before.",
    "ConversationFound.feedback": "The newest first, and at most 100.",
    "ConversationFound.metadata": "Always empty.",
    "TranscriptMessage.id": "Identifies the message.",
    "TranscriptMessage.role": "user for the visitor, assistant for the flow or agent.",
    "TranscriptMessage.content": "The text.",
    "TranscriptMessage.displayContent": "The text that the page displayed instead. Absent if it displayed the content.",
    "suggestions": "What the flow or agent suggested as the visitor's next message. Absent if it suggested nothing.",
    "label": "The text of the button.",
    "prompt": "What a click sent instead of the label.",
    "SuggestedReplyItem.description": "What the button said beside the label.",
    "surface_id": "Only conversations of client tokens with this productSurfaceId.",
    "surfaceId": "Only feedback on conversations of client tokens with this productSurfaceId.",
    "client_token_id": "Only conversations of this client token.",
    "record_id": "Only feedback on this conversation.",
    "TenantConversationsListed.conversations": "See the operation for their order.",
    # Errors
    "error": "One sentence that a visitor may read.",
    "code": "For programs. Each operation lists the codes that it can return.",
    "hint": "How to fix the problem.",
    "details": "Everything that is wrong in the request.",
    "requestId": "Identifies this request in the logs.",
    "path": "The place in the request, such as allowedOrigins[2].",
    "ErrorDetail.message": "What is wrong in that place.",
    "ErrorDetail.code": (
        "For programs: unknown_field, required, wrong_type, wrong_value, out_of_range, immutable, invalid_origin, "
        "needs_test_token, not_a_flow_of_the_token, exclusive, needs_one_agent, agent_version, or in_the_past."
    ),
    "suggestion": "The name that you probably meant.",
}


def meaning(schema: str, field: str) -> str:
    """The description of a field. Raises LookupError if there is none."""
    try:
        return MEANINGS.get(f"{schema}.{field}") or MEANINGS[field]
    except KeyError:
        raise LookupError(f"Say in infra/tools/openapi/fields.py what {schema}.{field} means.") from None
