"""Creates, updates, and deletes client tokens in the table, each in one transaction with its audit record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from shared.errors import Conflict, Forbidden
from shared.rules import audit as rules
from shared.rules import client_token
from shared.rules.audit import AuditContext, AuditRecord
from shared.rules.client_token import ClientToken
from shared.rules.idempotency import IdempotencyKey
from shared.store import audit, client_tokens, configs, memberships, stored_responses, table, tenants, usage, values
from shared.store.table import ConditionFailed, TransactionConflict, Write

_ATTEMPTS = 40
_LONGEST_PAUSE = 10

Response = TypeVar("Response")


@dataclass(frozen=True, slots=True)
class PendingWrite(Generic[Response]):
    """A token to write, and the response to send after that. The response is built first: only the write can fail."""

    token: ClientToken
    response: Response
    # What is stored of the response, for a retry with the same idempotency key.
    stored_body: Mapping[str, Any] = field(default_factory=dict)


def create(
    pending: PendingWrite[Response], *, limit: int, context: AuditContext, idempotency_key: IdempotencyKey | None
) -> Response:
    """The id is random, so this overwrites nothing. `limit`: how many tokens the tenant may have.

    Raises InvalidRequest if the record is too large, Forbidden if the tenant has reached `limit`, and Conflict while a
    request with the same idempotency key is in progress.
    """
    token = replace(pending.token, config_revision=pending.token.revision if pending.token.settings.config else 0)
    client_tokens.require_fits(token)
    writes = [
        *_response_writes(idempotency_key, pending),
        memberships.count_write(token.tenant, limit=limit),
        memberships.add_write(token.tenant, token.id),
        tenants.note_write(token.tenant, at=token.created_at),
        table.put_write(client_tokens.to_item(token)),
        *values.writes(None, token),
        *configs.writes(None, token),
        _audit_write("create", None, token, context),
    ]
    for attempt in range(_ATTEMPTS):
        try:
            table.transact(writes)
        except ConditionFailed as failure:
            if idempotency_key and failure.index == 0:
                raise _in_progress() from None
            raise _too_many(limit) from None
        except TransactionConflict as conflict:
            if idempotency_key and 0 in conflict.indexes:
                raise _in_progress() from None
            # Others of the tenant create or delete tokens, and all of them are counted in one place.
            table.pause(min(attempt + 1, _LONGEST_PAUSE))
        else:
            return pending.response
    raise Conflict(retry_after=1)


def update(
    token: ClientToken,
    mutate: Callable[[ClientToken], PendingWrite[Response]],
    action: str,
    context: AuditContext,
    expected_revisions: frozenset[int] | None,
    idempotency_key: IdempotencyKey | None = None,
) -> Response:
    """Replaces a token by what `mutate` makes of it. If another write came first, applies `mutate` to its result.

    `expected_revisions`: the revisions that may be replaced, None for any. Raises PreconditionFailed if the token is at
    none of them, NotFound if it is gone, Conflict if other writes keep coming first or a request with the same
    idempotency key is in progress, and whatever `mutate` raises.
    """
    for attempt in range(_ATTEMPTS):
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
            table.transact(
                [
                    *_response_writes(idempotency_key, pending),
                    record,
                    *values.writes(token, pending.token),
                    *configs.writes(token, pending.token),
                    _audit_write(action, token, pending.token, context),
                ]
            )
        except ConditionFailed as failure:
            # A concurrent retry changed the token too. Of two failed conditions, the first is reported.
            if idempotency_key and failure.index == 0:
                raise _in_progress() from None
            if failure.found is None:
                raise memberships.unknown() from None
            # Others change it all the time: without a pause, all of them would start one transaction after another.
            table.pause(min(attempt + 1, _LONGEST_PAUSE))
            token, _ = client_tokens.get(token.tenant, token.id)
        except TransactionConflict as conflict:
            if idempotency_key and 0 in conflict.indexes:
                raise _in_progress() from None
            table.pause(min(attempt + 1, _LONGEST_PAUSE))
        else:
            return pending.response
    raise Conflict(retry_after=1)


def delete(token: ClientToken, *, context: AuditContext, expected_revisions: frozenset[int] | None) -> None:
    """With all that belongs to it. Raises PreconditionFailed, NotFound and Conflict as `update` does."""
    for attempt in range(_ATTEMPTS):
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
            table.pause(min(attempt + 1, _LONGEST_PAUSE))
            token = client_tokens.from_item(failure.found)
        except TransactionConflict:
            # It is being changed, or its use counted: of a token that is under attack, all the time. Or others of the
            # tenant's tokens are created or deleted.
            table.pause(min(attempt + 1, _LONGEST_PAUSE))
    raise Conflict(retry_after=1)


def _response_writes(idempotency_key: IdempotencyKey | None, pending: PendingWrite[Any]) -> list[Write]:
    return (
        [stored_responses.store_write(idempotency_key, pending.stored_body, pending.token)] if idempotency_key else []
    )


def _too_many(limit: int) -> Forbidden:
    """Not a 409 or a 429: clients send those again by themselves, and nothing would change."""
    return Forbidden(
        f"Your tenant has {limit} client tokens, which is the limit.",
        code="token_quota_reached",
        hint="Delete tokens that you no longer use, or ask an operator to raise the stack's parameter TokensPerTenant.",
    )


def _in_progress() -> Conflict:
    return Conflict(
        "A request with this Idempotency-Key is still in progress.",
        hint="Retry after the Retry-After interval to get its response.",
        retry_after=1,
    )


def _audit_write(action: str, before: ClientToken | None, after: ClientToken, context: AuditContext) -> Write:
    changes = rules.changes(before, after)
    return audit.record_write(AuditRecord(context=context, action=action, subject=after.id, changes=changes))
