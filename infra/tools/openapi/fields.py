"""What each field means, in one sentence with its unit: the same in requests and answers, so it is said once."""

from __future__ import annotations

from shared.rules import feedback, input_limits, origin_syntax, session
from shared.wire import chat, token_settings
from shared.wire.feedback import COMMENT_BYTES_MAX

_SCALES = ", ".join(f"{least} to {most} for {kind}" for kind, (least, most) in feedback.RATINGS.items())
_BESIDE = f"Passed to the target. The page chooses it, so it proves nothing. Nested at most {chat.JSON_DEPTH_MAX} deep."

# A field's name, or Schema.field where the same name means something else there.
MEANINGS = {
    # A client token
    "id": "Identifies the client token, such as ct_01kav7t0d3p9s8x2m4n6q8r0vw; not a secret.",
    "name": "For people; surrounding space is dropped.",
    "allowedOrigins": (
        "Where the token may be used. An entry is an exact origin (`https://app.example.com`), all subdomains of a "
        "domain (`https://*.example.com`: any depth below, never the apex), a pattern for preview deployments "
        "(`https://shop-*-acme.example.com`), any port of loopback (`http://localhost:*`, test tokens alone), an app's "
        "origin (`capacitor://localhost`, `app://.`), every installation of an extension (`moz-extension://*`), `*` "
        "(every origin), or `native` (requests without an Origin header). At most "
        f"{origin_syntax.LENGTH_MAX} characters each; stored in lower case, without a default port and a closing slash."
    ),
    "flowIds": "The flows that sessions may talk to; repeats are dropped.",
    "agentIds": "The agents that sessions may talk to; repeats are dropped.",
    "defaultFlowId": "The flow of a session whose page names none: one of flowIds. Null: the first flow, else agent.",
    "environment": "Fixed once the token exists.",
    "pinToVersion": "The version of flow or agent to talk to. An agentver_ id is refused unless it is stored already.",
    "targetAlias": "Alias of an agent's version. Excludes targetVersionId, and needs exactly one agent.",
    "targetVersionId": "An agent's version. Excludes targetAlias, and needs exactly one agent.",
    "rateLimitPerMinute": "Messages that one client address may send in any 60 seconds.",
    "rateLimitPerHour": "Messages that one client address may send in any 3600 seconds.",
    "maxMessagesPerSession": "Messages of the visitor in one session.",
    "sessionIdleTimeoutMinutes": (
        f"Minutes without a message after which a session ends, {session.IDLE_TIMEOUT_MIN.seconds // 60} at the least."
    ),
    "config": (
        f"welcomeMessage, which the widget shows, and whatever else your page reads: at most "
        f"{token_settings.CONFIG_BYTES_MAX // 1024} KB as JSON, nested at most {token_settings.CONFIG_DEPTH_MAX} deep. "
        "Empty by default."
    ),
    "expiresAt": "When the token stops working, in the future when it is set. Null: never.",
    "productSurfaceId": "A label of yours. Fixed once the token exists.",
    "isActive": "Whether the token works. Switching it off holds from the next request on.",
    "tokenPrefix": "First 8 characters of the value.",
    "tokenHint": "Last 4 characters of the value, to tell tokens apart.",
    "tokenValue": "The value, right after it was made and never again; the same as token.",
    "lastUsedAt": "When the token last opened a session or sent a message, true to the minute. Null: never.",
    "conversationCount": "Conversations that have begun with this token.",
    "createdAt": "When it was made.",
    "updatedAt": "When it last changed.",
    # What answers say beside it
    "clientTokens": "Newest first.",
    "token": "The client token's value, which a page sends to open a session.",
    "warnings": "Settings that are allowed but risky. Empty if there are none.",
    "Warned.type": (
        "For programs: wildcard_origin, native_origin, insecure_origin, loopback_origin, app_origin, "
        "extension_wildcard, public_suffix_wildcard, no_target, unregistered_target, or info."
    ),
    "message": "For people.",
    "success": "Always true: what fails answers with an error.",
    "gracePeriodSeconds": (
        "Seconds for which the current value works beside the new one. Left out: it stops at once, and earlier values "
        "keep working as promised. 0: every older value stops at once."
    ),
    "previousValueExpiresAt": "Until when the value that was replaced works. Null: it stopped at once.",
    "limit": "Entries in one answer.",
    "ListClientTokens.limit": "Entries in one answer. Without it the whole list comes, and no pagination.",
    "offset": "Entries to leave out before the first.",
    "hasMore": "Whether more entries follow.",
    # Conversations
    "conversations": "Most recently active first.",
    "flow_id": "Only conversations with this flow or agent.",
    "ConversationSummary.id": "Identifies the conversation.",
    "ConversationSummary.name": "For people, from the time at which it began.",
    "flowId": "The flow or agent that answers.",
    "origin": "Of the page on which it began; empty for a native app.",
    "messageCount": "Messages of visitor and assistant together.",
    "firstMessage": "The beginning of the visitor's first message.",
    "ConversationSummary.updatedAt": "When the visitor last said something.",
    # Sessions
    "sessionId": "The visitor's secret. Anybody who has it can continue the conversation.",
    "InitSession.sessionId": (
        "What the page kept of an earlier visit. One that has ended or is unknown opens a new session; never an error."
    ),
    "InitSession.flowId": "The flow or agent to talk to: one of the token's. Without it, the token's default.",
    "SessionOpened.expiresAt": "When the session ends unless the visitor says something before.",
    "conversationId": "The conversation that the session continues, or will begin with its first message.",
    "conversationRevision": "Changes whenever the conversation does.",
    "targetId": "The flow or agent that answers.",
    "SessionFlow.id": "The flow or agent that answers.",
    "SessionFlow.name": "The target's id, once more. The token's name is its owner's own.",
    "description": "Always null.",
    "welcomeMessage": "The assistant's first words, before the visitor says anything.",
    "placeholder": "From the token's config, for pages of your own. The widget does not apply it.",
    "theme": "From the token's config, for pages of your own. The widget does not apply it.",
    # Chat
    "messages": (
        "The transcript as the page has it. Only the last message whose role is user is read, and has to be as the "
        "schema says; the service looks only at the ids of the others. Where messages have ids, the target hears only "
        "stored messages whose ids are among them. Where none has an id, it hears all of the stored history that fits."
    ),
    "assistantMessageId": "The id under which the answer is stored. Feedback refers to it.",
    "inputs": _BESIDE,
    "metadata": _BESIDE,
    "context": _BESIDE,
    "VisitorMessage.id": "Names the message: sent again, it is answered from what is stored. Null: new each time.",
    "role": "The speaker: user or assistant. Of the page's transcript, only the last message of a user is read.",
    "content": (
        "Text, or parts. The target limits the bytes of all text together: 8,192 unless it is registered with another "
        f"limit, and never more than {input_limits.MESSAGE_BYTES_MAX:,}. Attachments are off unless it is registered "
        "with them."
    ),
    "Part.type": "text, or an attachment: image, audio, video or file. A part of type reasoning is left out.",
    "text": "Of a part of type text.",
    "image": "Of a part of type image: base64, as a data URL or bare.",
    "audio": "Of a part of type audio: base64, as a data URL or bare.",
    "video": "Of a part of type video: base64, as a data URL or bare.",
    "data": "Of a part of type file: base64, as a data URL or bare.",
    "mimeType": "The attachment's type, such as image/png; may be left out with a data URL, which names it.",
    "filename": "The file's name.",
    # Feedback
    "LeaveFeedback.type": "Of an answer: upvote, downvote, copy. Of the conversation: csat, nps.",
    "messageId": "The answer that is meant: required for upvote, downvote and copy.",
    "rating": f"Required for csat and nps: {_SCALES}.",
    "comment": f"In the visitor's own words, at most {COMMENT_BYTES_MAX:,} bytes of UTF-8.",
    "feedbackId": "Identifies the feedback. Saying it again replaces it.",
    # Errors
    "error": "One sentence that a visitor may read.",
    "code": "For programs. Each operation lists those that it answers.",
    "hint": "How to fix it.",
    "details": "Each thing that is wrong in the request.",
    "requestId": "Names this request in the logs.",
    "path": "Where in the request, such as allowedOrigins[2].",
    "ErrorDetail.message": "What is wrong there.",
    "ErrorDetail.code": (
        "For programs: unknown_field, required, wrong_type, wrong_value, out_of_range, immutable, invalid_origin, "
        "needs_test_token, not_a_flow_of_the_token, exclusive, needs_one_agent, agent_version or in_the_past."
    ),
    "suggestion": "The name that was probably meant.",
}


def meaning(schema: str, field: str) -> str:
    """Raises LookupError for a field that has none yet."""
    try:
        return MEANINGS.get(f"{schema}.{field}") or MEANINGS[field]
    except KeyError:
        raise LookupError(f"Say in infra/tools/openapi/fields.py what {schema}.{field} means.") from None
