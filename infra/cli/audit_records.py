"""The audit records of what an operator does."""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_bytes

from infra.cli.deployment import Deployment
from shared.rules import identifier
from shared.rules.audit import AuditContext, AuditRecord, Changes
from shared.store import audit
from shared.store.table import Write


def context(deployment: Deployment, tenant: str) -> AuditContext:
    """The audit context of one command. Calls STS to find out who the operator is."""
    at = datetime.now(UTC)
    return AuditContext(
        tenant=tenant,
        actor=deployment.operator(),
        address="",
        request_id=identifier.new("cmd", at, token_bytes),
        at=at,
    )


def record(context: AuditContext, action: str, subject: str, changes: Changes | None = None) -> Write:
    """The write of a record, for the transaction of its change."""
    return audit.record_write(AuditRecord(context=context, action=action, subject=subject, changes=changes or {}))
