"""Creates client tokens in the table, as many as a tenant may have."""

from __future__ import annotations

import os
from dataclasses import replace

from shared.errors import Conflict, Forbidden
from shared.rules.audit import AuditContext
from shared.store import audit, client_tokens, configs, memberships, stored_responses, table, tenants, values
from shared.store.table import ConditionFailed, TransactionConflict
from shared.store.token_writes import ATTEMPTS, PendingWrite, Response, pause


def create(pending: PendingWrite[Response], context: AuditContext) -> Response:
    """In one transaction with its audit record. The id is random, so this overwrites nothing.

    Raises InvalidRequest if the record is too large, Forbidden if the tenant has as many tokens as it may have, and
    Conflict if others of the tenant keep creating tokens first, or as `stored_responses.transact` does.
    """
    token, limit = pending.token, int(os.environ["TOKENS_PER_TENANT"])
    token = replace(token, config_revision=token.revision if token.settings.config else 0)
    client_tokens.require_fits(token)
    writes = [
        memberships.count_write(token.tenant, limit=limit),
        memberships.add_write(token.tenant, token.id),
        tenants.note_write(token.tenant, at=token.created_at),
        table.put_write(client_tokens.to_item(token)),
        *values.writes(None, token),
        *configs.writes(None, token),
        audit.change_write("create", None, token, context),
    ]
    for attempt in range(ATTEMPTS):
        try:
            stored_responses.transact(writes, pending.stored)
        except ConditionFailed:
            raise _too_many(limit) from None
        except TransactionConflict:
            # Others of the tenant create or delete tokens, and all of them are counted in one place.
            pause(attempt)
        else:
            return pending.response
    raise Conflict(retry_after=1)


def _too_many(limit: int) -> Forbidden:
    """Not a 409 or a 429: clients send those again by themselves, and nothing would change."""
    return Forbidden(
        f"Your tenant has {limit} client tokens, which is the limit.",
        code="token_quota_reached",
        hint="Delete tokens that you no longer use, or ask an operator to raise the stack's parameter TokensPerTenant.",
    )
