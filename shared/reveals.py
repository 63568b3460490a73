"""Reveals token values, each time with an audit record."""

from __future__ import annotations

from shared import signer
from shared.rules.audit import AuditContext
from shared.rules.token_value import IssuedValue
from shared.store import audit


def reveal(issued_value: IssuedValue, context: AuditContext) -> str:
    """Raises InvalidRequest if the value cannot be signed again, and Unavailable if the reveal cannot be recorded."""
    value = signer.reveal(issued_value)
    audit.record("reveal", issued_value.claims.sub, context=context)
    return value
