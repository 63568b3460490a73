"""Reveals token values, each time with an audit record: on request, and to retries with the same idempotency key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared import signer
from shared.rules.audit import AuditContext
from shared.rules.idempotency import IdempotencyKey, StoredResponse
from shared.rules.token_value import IssuedValue
from shared.store import audit, stored_responses

WithValue = Callable[[Mapping[str, Any], str], Mapping[str, Any]]


def reveal(issued_value: IssuedValue, context: AuditContext) -> str:
    """Raises InvalidRequest if the value cannot be signed again, and Unavailable if the reveal cannot be recorded."""
    value = signer.reveal(issued_value)
    audit.record_reveal(issued_value.claims.sub, context=context)
    return value


def replay(key: IdempotencyKey | None, context: AuditContext, with_value: WithValue) -> StoredResponse | None:
    """What the first request with this key was answered. None if this is the first, or has no key.

    `with_value` puts the token's value back into the stored body. Raises IdempotencyKeyReused for another request.
    """
    stored = stored_responses.find(key)
    return stored and replace(stored, body=with_value(stored.body, reveal(stored.issued_value, context)))
