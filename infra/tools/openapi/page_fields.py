"""Descriptions of the fields that pages send and read: sessions, chats, histories, and feedback."""

from __future__ import annotations

from shared.rules import client_tools, display, feedback, input_limits
from shared.wire import client_tools as wire_tools
from shared.wire import page_input
from shared.wire.feedback import COMMENT_BYTES_MAX

_SCALES = ", ".join(f"{least} to {most} for {kind}" for kind, (least, most) in feedback.RATINGS.items())
_BESIDE = (
    f"Passed to the target. The page chooses it, so it proves nothing. Nested at most {page_input.JSON_DEPTH_MAX} deep."
)

# A field's name, or Schema.field if the name means something else there.
MEANINGS = {
    # Sessions
    "sessionId": "The visitor's secret. Anyone who has it can continue the conversation.",
    "InitSession.sessionId": (
        "The session id that the page kept from an earlier visit. If the session has ended or is unknown, a new one is "
        "opened; this is never an error."
    ),
    "InitSession.flowId": "The flow or agent to use, one of the token's. Without it, the token's default answers.",
    "SessionOpened.expiresAt": "When the session ends, unless the visitor sends a message before then.",
    "conversationId": "The conversation that the session continues, or that its first message will start.",
    "InitSession.visitorHistory": "True keeps the visitor's history. The answer then has a visitor.",
    "visitorToken": "The visitor's secret, as an earlier answer had it. An unknown one gets a new visitor.",
    "InitSession.conversationId": (
        "The visitor's conversation to continue. Needs visitorToken, and cannot be combined with sessionId."
    ),
    "identityProof": "Accepted and ignored: this service admits no proof of a visitor's identity.",
    "ReturningVisitor.id": "Identifies the visitor; not a secret.",
    "ReturningVisitor.token": "The visitor's secret, which a page keeps. Only a new visitor's answer has it.",
    "ReturningVisitor.expiresAt": "When the visitor is forgotten, unless the browser opens a session before then.",
    "endUserId": "Always null.",
    "identityStatus": "not_provided, or ignored if the request had a proof of identity.",
    "conversationRevision": "Changes whenever the conversation does.",
    "targetId": "The flow or agent that answers.",
    "SessionFlow.id": "The flow or agent that answers.",
    "SessionFlow.name": "The target's id again. The token's name is never sent to pages.",
    "description": "Always null.",
    "welcomeMessage": "The assistant's greeting, shown before the visitor sends a message.",
    "placeholder": "From the token's config, for pages of your own. The widget does not apply it.",
    "theme": "From the token's config, for pages of your own. The widget does not apply it.",
    # The visitor's history
    "HistoryQuery.sessionId": "A live session of a page with the token's origin.",
    "OfTarget.sessionId": "A live session of a page with the token's origin.",
    "ListVisitorConversations.sessionId": "A live session of a page with the token's origin.",
    "GetVisitorConversation.sessionId": "A live session of a page with the token's origin.",
    "OfTarget.targetId": "Only conversations with this flow or agent.",
    "ListVisitorConversations.targetId": "Only conversations with this flow or agent.",
    "OfTarget.flowId": "The old name of targetId.",
    "ListVisitorConversations.flowId": "The old name of targetId.",
    "ListVisitorConversations.limit": "The number of conversations: 25 unless it is a number from 1, and at most 100.",
    "GetVisitorConversation.messageLimit": "The number of messages: 25 unless it is a number from 1 to 25.",
    "GetVisitorConversation.messageCursor": "nextMessageCursor of an earlier answer, for the page before.",
    "VisitorConversationsListed.data": "Most recently active first.",
    "ListVisitorConversations.cursor": "The nextCursor of the page before, with the same filter.",
    "VisitorConversationFound.nextMessageCursor": "For the page before. Null: this is the first one.",
    "VisitorSummary.title": "The beginning of the first message, or else a name made from its time.",
    "VisitorConversationFound.title": "The beginning of the first message, or else a name made from its time.",
    "preview": "The beginning of the last text that is shown, at most 140 characters. Null: nothing is shown, "
    "or the conversations before it in the list have long messages.",
    "timestamp": "When it was sent.",
    "displayAvailable": "Whether there is anything to show.",
    "DisplayedMessage.content": "The text as it was sent. Absent if it is not meant for eyes.",
    "displayContent": "The text that the page displays instead. No flow or agent receives it.",
    "UpdateDisplayProjections.messages": (
        f"Up to {display.MESSAGES_MAX} of the conversation's messages, with {display.ALL_CHARACTERS_MAX:,} characters "
        "together."
    ),
    "DisplayProjection.id": "Identifies the message.",
    "DisplayedMessage.id": "Identifies the message.",
    "VisitorConversationFound.messages": "A page of the conversation, the oldest first.",
    "VisitorSummary.id": "Identifies the conversation.",
    "VisitorConversationFound.id": "Identifies the conversation.",
    "deleted": "How many conversations were deleted.",
    "reset": "Always true, whether the visitor was known or not.",
    # Chat
    "messages": (
        "The transcript as the page has it. Only the last message with the role user is read, and must match the "
        "schema; of the others, only the ids are read. If messages have ids, the target receives only stored messages "
        "whose ids are among them. If none has an id, it receives all of the stored history that fits."
    ),
    "assistantMessageId": "The id under which the answer is stored. Feedback refers to it.",
    "inputs": _BESIDE,
    "metadata": _BESIDE,
    "context": _BESIDE,
    "clientTools": (
        f"What the page offers to run for the target, at most {client_tools.TOOLS_MAX} tools of together "
        f"{client_tools.TOOLS_BYTES_MAX:,} bytes. Anyone can be the page, so they prove nothing."
    ),
    "clientToolsFingerprint": (
        "Identifies clientTools. A later request may send it alone, and gets a 409 `client_tools_resend_required` if "
        "the service no longer has the tools."
    ),
    "ClientTool.name": "The tool's name, unique in the list.",
    "ClientTool.description": "What the tool does, for the model.",
    "parametersSchema": f"JSON Schema of an object, nested at most {wire_tools.SCHEMA_DEPTH_MAX} deep.",
    "ClientTool.origin": "sdk, or webmcp for a tool that the page registered with the browser.",
    "executionId": "Identifies the answer that waits, from its events.",
    "toolOutputs": (
        "The output of each call, any JSON, by its toolCallId, or by the name of its tool. If some are missing, the "
        f"answer waits for the others. Nested at most {page_input.JSON_DEPTH_MAX} deep."
    ),
    "streamResponse": "Whether the rest of the answer is streamed, which is the default. False: one JSON object.",
    "status": "completed; or paused if the flow or agent waits for more outputs.",
    "accepted": "Whether the answer ends now. False while it is being generated: it then goes on to its end.",
    "ExecutionResumed.success": "Whether the flow or agent answered.",
    "events": "The events that a stream would have had. Each matches ChatEvent.",
    "VisitorMessage.id": "Identifies the message. If sent again, it gets its stored answer. Null: each message is new.",
    "role": "The author: user or assistant. Only the last message with the role user is read.",
    "content": (
        "Text, or a list of parts. The target limits the bytes of all text together: 8,192 unless it is registered "
        f"with another limit, and never more than {input_limits.MESSAGE_BYTES_MAX:,}. Attachments are off unless the "
        "target is registered with them."
    ),
    "Part.type": "text, or an attachment: image, audio, video, or file. Parts of type reasoning are ignored.",
    "text": "The text of a part of type text.",
    "image": "The content of a part of type image, in base64, with or without a data URL prefix.",
    "audio": "The content of a part of type audio, in base64, with or without a data URL prefix.",
    "video": "The content of a part of type video, in base64, with or without a data URL prefix.",
    "data": "The content of a part of type file, in base64, with or without a data URL prefix.",
    "mimeType": "The attachment's media type, such as image/png. Optional with a data URL, which names it.",
    "filename": "The file's name.",
    # Feedback
    "LeaveFeedback.type": "upvote, downvote, or copy for an answer; csat or nps for the conversation.",
    "messageId": "The id of the answer. Required for upvote, downvote, and copy.",
    "rating": f"Required for csat and nps: {_SCALES}.",
    "comment": f"The visitor's comment, at most {COMMENT_BYTES_MAX:,} bytes of UTF-8.",
    "feedbackId": "Identifies the feedback. New feedback on the same thing replaces it.",
    "FeedbackItem.id": "Identifies the feedback. New feedback on the same thing replaces it.",
    "feedbackType": "upvote, downvote, or copy for an answer; csat or nps for the conversation.",
    "recordId": "The conversation.",
    "FeedbackItem.rating": f"Of csat and nps: {_SCALES}. Null for other types.",
    "FeedbackItem.comment": "The visitor's comment. Null: none.",
    "FeedbackItem.messageId": "The id of the answer. Null: the feedback is on the conversation.",
    "FeedbackItem.createdAt": "When it was left, or last replaced.",
    "FeedbackListed.feedback": "The newest first.",
    "type": "Only feedback of this type.",
    "stats": "The counts.",
    "total": "All feedback.",
    "upvotes": "Feedback of type upvote.",
    "downvotes": "Feedback of type downvote.",
    "copies": "Feedback of type copy.",
    "netScore": "Upvotes less downvotes.",
    "count": "The number of ratings.",
    "average": "The mean of the ratings, to two decimals.",
    "distribution": "The number of ratings of each value, from 1 to 5.",
    "promoters": "Ratings of 9 and 10.",
    "passives": "Ratings of 7 and 8.",
    "detractors": "Ratings up to 6.",
    "score": "The Net Promoter Score: the percentage of promoters less that of detractors.",
}
