"""Updates and deletes client tokens in the table, each in one transaction with its audit record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import Conflict
from shared.rules import client_token
from shared.rules.audit import AuditContext, AuditRecord
from shared.rules.client_token import ClientToken
from shared.rules.idempotency import StoredResponse
from shared.store import audit, client_tokens, configs, memberships, stored_responses, table, usage, values
from shared.store.table import ConditionFailed, TransactionConflict

ATTEMPTS = 40
_LONGEST_PAUSE = 10

Response = TypeVar("Response")


@dataclass(frozen=True, slots=True)
class PendingWrite(Generic[Response]):
    """A token to write, and the response to send after that. The response is built first: only the write can fail."""

    token: ClientToken
    response: Response
    # For a retry with the same idempotency key.
    stored: StoredResponse | None = None


def update(
    token: ClientToken,
    mutate: Callable[[ClientToken], PendingWrite[Response]],
    action: str,
    context: AuditContext,
    expected_revisions: frozenset[int] | None,
) -> Response:
    """Replaces a token by what `mutate` makes of it. If another write came first, applies `mutate` to its result.

    `expected_revisions`: the revisions that may be replaced, None for any. Raises PreconditionFailed if the token is at
    none of them, NotFound if it is gone, Conflict if other writes keep coming first or as `stored_responses.transact`
    does, and whatever `mutate` raises.
    """
    for attempt in range(ATTEMPTS):
        client_token.require_revision(token, expected_revisions)
        pending = mutate(token)
        if pending.token.settings != token.settings:
            client_tokens.require_fits(pending.token)
        record = table.put_write(
            client_tokens.to_item(pending.token),
            condition="revision = :revision",
            values={":revision": token.revision},
        )
        try:
            stored_responses.transact(
                [
                    record,
                    *values.writes(token, pending.token),
                    *configs.writes(token, pending.token),
                    audit.change_write(action, token, pending.token, context),
                ],
                pending.stored,
            )
        except ConditionFailed as failure:
            if failure.found is None:
                raise memberships.unknown() from None
            pause(attempt)
            token, _ = client_tokens.get(token.tenant, token.id)
        except TransactionConflict:
            pause(attempt)
        else:
            return pending.response
    raise Conflict(retry_after=1)


def delete(token: ClientToken, *, context: AuditContext, expected_revisions: frozenset[int] | None) -> None:
    """With all that belongs to it. Raises PreconditionFailed, NotFound and Conflict as `update` does."""
    for attempt in range(ATTEMPTS):
        client_token.require_revision(token, expected_revisions)
        record = table.delete_write(
            client_tokens.key(token.id), condition="revision = :revision", values={":revision": token.revision}
        )
        try:
            return table.transact(
                [
                    record,
                    table.delete_write(usage.key(token.id)),
                    *([table.delete_write(configs.key(token.id))] if token.config_revision else []),
                    *memberships.remove_writes(token.tenant, token.id),
                    *values.writes(token, None),
                    audit.record_write(AuditRecord(context=context, action="delete", subject=token.id)),
                ]
            )
        except ConditionFailed as failure:
            if failure.found is None:
                raise memberships.unknown() from None
            pause(attempt)
            token = client_tokens.from_item(failure.found)
        except TransactionConflict:
            # It is being changed, or its use counted: of a token that is under attack, all the time. Or others of the
            # tenant's tokens are created or deleted.
            pause(attempt)
    raise Conflict(retry_after=1)


def pause(attempt: int) -> None:
    """Others write all the time: without a pause, all of them would start one transaction after another."""
    table.pause(min(attempt + 1, _LONGEST_PAUSE))
