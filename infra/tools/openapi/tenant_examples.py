"""Example responses about a tenant's targets and audit trail."""

from __future__ import annotations

from dataclasses import replace

from infra.tools.openapi import examples
from shared.rules import identifier, target_permission
from shared.rules.audit import AuditContext, AuditRecord
from shared.rules.target import Target
from shared.wire import audit, targets
from shared.wire.page import CursorPage

_PAGE: CursorPage = {"limit": 50, "hasMore": False, "nextCursor": None}
_SETTINGS = {"model_id": "us.amazon.nova-lite-v1:0", "input_price": "0.06", "output_price": "0.24"}
_TARGET = Target(id=examples.FLOW, tenant="example", kind="bedrock", settings=_SETTINGS, created_at=examples.AT)
_NOT_ALLOWED = replace(_TARGET, id="flow_trial", kind="aws_lambda", settings={"function_arn": "arn"})
TARGETS = targets.listed(
    [_TARGET, _NOT_ALLOWED],
    {**target_permission.EVERYTHING, "aws_lambda": ()},
    _PAGE,
)

_CONTEXT = AuditContext(
    tenant="example",
    actor=identifier.new("key", examples.AT, bytes),
    address="203.0.113.7",
    request_id="JKJaXmPLvHcESHA=",
    at=examples.LATER,
)
_UPDATED = AuditRecord(
    context=_CONTEXT,
    action="update",
    subject=examples.TOKEN.id,
    changes={"rate_limit_per_minute": [10, 20], "flow_ids": {"added": [examples.FLOW]}, "config": None},
)
_KEY_CREATED = AuditRecord(
    context=replace(
        _CONTEXT, actor="arn", address="", request_id=identifier.new("cmd", examples.AT, bytes), at=examples.AT
    ),
    action="create_key",
    subject=_CONTEXT.actor,
    changes={"name": [None, "CI"], "scopes": [None, ["tokens:read", "tokens:write"]], "expires_at": [None, None]},
)
AUDIT_RECORDS = audit.listed([_UPDATED, _KEY_CREATED], _PAGE)
