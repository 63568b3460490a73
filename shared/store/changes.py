"""What becomes of client tokens in the table: made, changed, deleted; each in one transaction with its audit record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from shared.errors import Conflict, Forbidden
from shared.rules import audit as rules
from shared.rules import client_token
from shared.rules.audit import Circumstances, Record
from shared.rules.client_token import ClientToken
from shared.rules.idempotency import Claim
from shared.store import audit, client_tokens, configs, idempotency, memberships, table, tenants, usage, values
from shared.store.table import ConditionFailed, Contended, Write

_ATTEMPTS = 40
_LONGEST_PAUSE = 10

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Change(Generic[Answer]):
    """A token as it is to be, and what is answered then: made before the write, which so is the last thing to fail."""

    token: ClientToken
    answer: Answer
    # Of the answer, for whoever claims to ask once.
    kept: Mapping[str, Any] = field(default_factory=dict)


def add(made: Change[Answer], *, limit: int, by: Circumstances, claim: Claim | None) -> Answer:
    """The id is random, so this overwrites nothing. `limit`: how many tokens the tenant may have.

    Raises Invalid for a record that is too large, Forbidden where the tenant has as many tokens as it may have, and
    Conflict where the same is claimed at this moment.
    """
    token = replace(made.token, config_revision=made.token.revision if made.token.terms.config else 0)
    client_tokens.require_fits(token)
    writes = [
        *_kept(claim, made),
        memberships.counting(token.tenant, limit=limit),
        memberships.adding(token.tenant, token.id),
        tenants.note_write(token.tenant, at=token.created_at),
        table.putting(client_tokens.to_item(token)),
        *values.writes(None, token),
        *configs.writes(None, token),
        _traced("create", None, token, by),
    ]
    for attempt in range(_ATTEMPTS):
        try:
            table.transact(writes)
        except ConditionFailed as failure:
            if claim and failure.place == 0:
                raise _claimed() from None
            raise _too_many(limit) from None
        except Contended as contended:
            if claim and 0 in contended.places:
                raise _claimed() from None
            # Others of the tenant create or delete tokens, and all of them are counted in one place.
            table.pause(min(attempt + 1, _LONGEST_PAUSE))
        else:
            return made.answer
    raise Conflict(retry_after=1)


def change(
    token: ClientToken,
    changed: Callable[[ClientToken], Change[Answer]],
    *,
    action: str,
    by: Circumstances,
    expected: frozenset[int] | None,
    claim: Claim | None = None,
) -> Answer:
    """Replaces a token by what `changed` makes of it; if somebody else was faster, by what it makes of theirs.

    `expected`: revisions that may be replaced, None for any. Raises Stale where it has none of them, NotFound if the
    token is gone, whatever `changed` raises, and Conflict if others are faster every time or do the same just now.
    """
    for _ in range(_ATTEMPTS):
        client_token.require_expected(token, expected)
        made = changed(token)
        if made.token.terms != token.terms:
            client_tokens.require_fits(made.token)
        record = table.putting(
            client_tokens.to_item(made.token),
            condition="revision = :revision",
            values={":revision": token.revision},
        )
        try:
            table.transact(
                [
                    *_kept(claim, made),
                    record,
                    *values.writes(token, made.token),
                    *configs.writes(token, made.token),
                    _traced(action, token, made.token, by),
                ]
            )
        except ConditionFailed as failure:
            # Whoever did the same changed the token too: of two conditions that fail, the first one is told.
            if claim and failure.place == 0:
                raise _claimed() from None
            if failure.found is None:
                raise memberships.unknown() from None
            token, _ = client_tokens.get(token.tenant, token.id)
        except Contended as contended:
            if claim and 0 in contended.places:
                raise _claimed() from None
            table.pause()
        else:
            return made.answer
    raise Conflict(retry_after=1)


def delete(token: ClientToken, *, by: Circumstances, expected: frozenset[int] | None) -> None:
    """With all that belongs to it. Raises Stale, NotFound and Conflict as `change` does."""
    for attempt in range(_ATTEMPTS):
        client_token.require_expected(token, expected)
        record = table.deleting(
            client_tokens.key(token.id), condition="revision = :revision", values={":revision": token.revision}
        )
        try:
            return table.transact(
                [
                    record,
                    table.deleting(usage.key(token.id)),
                    *([table.deleting(configs.key(token.id))] if token.config_revision else []),
                    *memberships.removing(token.tenant, token.id),
                    *values.writes(token, None),
                    audit.writing(Record(by=by, action="delete", subject=token.id)),
                ]
            )
        except ConditionFailed as failure:
            if failure.found is None:
                raise memberships.unknown() from None
            token = client_tokens.from_item(failure.found)
        except Contended:
            # It is being changed, or its use counted: of a token that is under attack, all the time. Or others of the
            # tenant's tokens are created or deleted.
            table.pause(min(attempt + 1, _LONGEST_PAUSE))
    raise Conflict(retry_after=1)


def _kept(claim: Claim | None, made: Change[Any]) -> list[Write]:
    return [idempotency.keeping(claim, made.kept, made.token)] if claim else []


def _too_many(limit: int) -> Forbidden:
    """Not a 409 or a 429: clients send those again by themselves, and nothing would change."""
    return Forbidden(
        f"Your tenant has {limit} client tokens, which is the limit.",
        code="token_quota_reached",
        hint="Delete tokens that you no longer use, or have the stack's parameter TokensPerTenant raised.",
    )


def _claimed() -> Conflict:
    return Conflict(
        "The same request is being answered at this moment.", hint="Send it again for its answer.", retry_after=1
    )


def _traced(action: str, before: ClientToken | None, after: ClientToken, by: Circumstances) -> Write:
    changes = rules.changes(before, after)
    return audit.writing(Record(by=by, action=action, subject=after.id, changes=changes))
