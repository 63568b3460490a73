"""What becomes of client tokens in the table: made, changed, deleted; each in one transaction with its audit record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import Conflict, Stale
from shared.rules import audit as rules
from shared.rules import client_token, identifier
from shared.rules.audit import Circumstances, Record
from shared.rules.client_token import ClientToken
from shared.store import audit, client_tokens, table, usage
from shared.store.table import ConditionFailed, Contended, Write

_ATTEMPTS = 40

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Change(Generic[Answer]):
    """A token as it is to be, and what is answered then: made before the write, which so is the last thing to fail."""

    token: ClientToken
    answer: Answer


def add(token: ClientToken, *, by: Circumstances) -> None:
    """The id is random, so this overwrites nothing."""
    table.transact([table.putting(client_tokens.to_item(token)), _traced("create", None, token, by)])


def change(
    token: ClientToken,
    changed: Callable[[ClientToken], Change[Answer]],
    *,
    action: str,
    by: Circumstances,
    expected: frozenset[int] | None,
) -> Answer:
    """Replaces a token by what `changed` makes of it; if somebody else was faster, by what it makes of theirs.

    `expected`: revisions that may be replaced, None for any. Raises Stale where it has none of them, NotFound if the
    token is gone, whatever `changed` raises, and Conflict if others are faster every time.
    """
    for _ in range(_ATTEMPTS):
        client_token.require_expected(token, expected)
        change = changed(token)
        record = table.putting(
            client_tokens.to_item(change.token),
            condition="revision = :revision",
            values={":revision": token.revision},
        )
        try:
            table.transact([record, _traced(action, token, change.token, by)])
        except ConditionFailed as failure:
            if failure.found is None:
                raise client_tokens.unknown() from None
            token = client_tokens.from_item(failure.found)
        except Contended:
            table.pause()
        else:
            return change.answer
    raise Conflict(retry_after=1)


def delete(token_id: str, *, by: Circumstances, expected: frozenset[int] | None) -> None:
    """Raises NotFound as `client_tokens.get` does, and Stale as `change` does."""
    if not identifier.is_one("ct", token_id):
        raise client_tokens.unknown()
    condition = "tenant = :tenant"
    values: dict[str, str | int] = {":tenant": by.tenant}
    if expected is not None:
        # Where no revision is expected, none fits: they count from 1.
        revisions = {f":revision_{number}": revision for number, revision in enumerate(expected or {0})}
        condition += f" AND revision IN ({', '.join(revisions)})"
        values |= revisions
    record = table.deleting(client_tokens.key(token_id), condition=condition, values=values)
    trace = audit.writing(Record(by=by, action="delete", token_id=token_id))
    try:
        table.transact([record, table.deleting(usage.key(token_id)), trace])
    except ConditionFailed as failure:
        if failure.found is None or failure.found["tenant"] != by.tenant:
            raise client_tokens.unknown() from None
        raise Stale from None
    except Contended:
        # It is being changed, or its use counted, at this moment.
        raise Conflict(retry_after=1) from None


def _traced(action: str, before: ClientToken | None, after: ClientToken, by: Circumstances) -> Write:
    changes = rules.changes(before, after)
    return audit.writing(Record(by=by, action=action, token_id=after.id, changes=changes))
