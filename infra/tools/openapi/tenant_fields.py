"""Descriptions of the fields of a tenant's targets and audit records."""

from __future__ import annotations

# A field's name, or Schema.field if the name means something else there.
MEANINGS = {
    "ListTargets.cursor": "The nextCursor of the page before.",
    "targets": "By id.",
    "TargetItem.id": "The id of the flow or agent, as client tokens name it.",
    "kind": "What answers: echo, aws_lambda, bedrock, or openai (any endpoint that speaks chat completions).",
    "isAllowed": "Whether this deployment lets the target answer. If not, sessions that use it get no answer.",
    "problem": "Why not, and what an operator can do. Null if the target is allowed.",
    "maxInputBytes": "The most that the target reads for one message and all that is sent with it, in bytes.",
    "maxMessageBytes": "The longest message, in bytes.",
    "TargetLimits.attachments": "The largest total size of one message's files, in bytes. 0: no files.",
    "maxTokens": "The longest answer, in tokens of the model. Null: the kind has no such limit.",
    "maxCost": "The most that one answer can cost, in dollars. Null: not known.",
    "ListAuditRecords.cursor": "The nextCursor of the page before, with the same filters.",
    "ListAuditRecords.token": "Only records of the client token with this id.",
    "ListAuditRecords.since": "Only records from this time on.",
    "ListAuditRecords.until": "Only records before this time.",
    "records": "The newest first.",
    "at": "When it was done.",
    "action": (
        "Of a client token: create, update, regenerate, delete, or reveal. On what visitors wrote, such as "
        "read_conversation. Of an operator, such as create_key or register_target."
    ),
    "subject": "The id of the client token, API key, target, conversation, or visitor; or the tenant, for all of it.",
    "actor": "The id of the API key or Clerk user that did it, or `operator`.",
    "address": "The client address. Empty for an operator.",
    "AuditItem.requestId": "Identifies the request in the logs.",
    "changes": (
        "What changed, by field: the value before and after; or, of a long list, what was `added` and `removed`, how "
        "many more (`moreAdded`, `moreRemoved`), or that it was `reordered`; or null, if only the name is shown."
    ),
}
