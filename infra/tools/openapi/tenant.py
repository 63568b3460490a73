"""The operations on what a tenant has beside its client tokens, by the function that serves them."""

from __future__ import annotations

from infra.tools.openapi import tenant_examples as examples
from infra.tools.openapi.operation import Operation
from shared.wire.audit import AuditRecordsListed, ListAuditRecords
from shared.wire.targets import ListTargets, TargetsListed

OPERATIONS = {
    "ListTargets": Operation(
        summary="List targets",
        description=(
            "The flows and agents that an operator has registered for the caller's tenant, by id, and whether this "
            "deployment lets them answer. Their other settings are not shown. If there are none, client tokens may "
            "name any flow and agent. A page may have fewer than `limit` targets although `hasMore` is true: follow "
            "`nextCursor` until it is null."
        ),
        scope="tokens:read",
        query=ListTargets,
        answer=TargetsListed,
        examples={"an answer": examples.TARGETS},
        refuses={400: "invalid_request invalid_cursor", 429: "rate_limited"},
    ),
    "ListAuditRecords": Operation(
        summary="List audit records",
        description=(
            "Lists what was done for the caller's tenant, the newest first: changes of client tokens, shown values, "
            "readings and deletions of what visitors wrote, and what operators did with API keys, targets, and "
            "conversations. "
            "With `token`, the records of one client token, also of a deleted one. A page may have fewer than `limit` "
            "records, or none, although `hasMore` is true: follow `nextCursor` until it is null."
        ),
        scope="audit:read",
        query=ListAuditRecords,
        answer=AuditRecordsListed,
        examples={"an answer": examples.AUDIT_RECORDS},
        refuses={400: "invalid_request invalid_cursor", 429: "rate_limited"},
    ),
}
