"""What becomes of client tokens in the table: made, changed, deleted; never on top of what nobody has looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import Conflict, Stale
from shared.rules import client_token, identifier
from shared.rules.client_token import ClientToken
from shared.store import client_tokens, table, usage
from shared.store.table import ConditionFailed, Contended

_ATTEMPTS = 40

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Change(Generic[Answer]):
    """A token as it is to be, and what is answered then: made before the write, which so is the last thing to fail."""

    token: ClientToken
    answer: Answer


def add(token: ClientToken) -> None:
    """The id is random, so this overwrites nothing, and sent twice it writes the same."""
    table.put(client_tokens.to_item(token))


def change(
    token: ClientToken, changed: Callable[[ClientToken], Change[Answer]], *, expected: frozenset[int] | None
) -> Answer:
    """Replaces a token by what `changed` makes of it; if somebody else was faster, by what it makes of theirs.

    `expected`: revisions that may be replaced, None for any. Raises Stale where it has none of them, NotFound if the
    token is gone, whatever `changed` raises, and Conflict if others are faster every time.
    """
    for _ in range(_ATTEMPTS):
        client_token.require_expected(token, expected)
        change = changed(token)
        wanted = client_tokens.to_item(change.token)
        try:
            table.put(wanted, condition="revision = :revision", values={":revision": token.revision})
        except ConditionFailed as failure:
            if failure.found is None:
                raise client_tokens.unknown() from None
            # Our own write, sent again because its answer was lost, would stand in its own way.
            if failure.found != wanted:
                token = client_tokens.from_item(failure.found)
                continue
        return change.answer
    raise Conflict(retry_after=1)


def delete(tenant: str, token_id: str, *, expected: frozenset[int] | None) -> None:
    """Raises NotFound as `client_tokens.get` does, and Stale as `change` does."""
    if not identifier.is_one("ct", token_id):
        raise client_tokens.unknown()
    condition = "tenant = :tenant"
    values: dict[str, str | int] = {":tenant": tenant}
    if expected is not None:
        # Where no revision is expected, none fits: they count from 1.
        revisions = {f":revision_{number}": revision for number, revision in enumerate(expected or {0})}
        condition += f" AND revision IN ({', '.join(revisions)})"
        values |= revisions
    record = table.deleting(client_tokens.key(token_id), condition=condition, values=values)
    try:
        table.transact([record, table.deleting(usage.key(token_id))])
    except ConditionFailed as failure:
        if failure.found is None or failure.found["tenant"] != tenant:
            raise client_tokens.unknown() from None
        raise Stale from None
    except Contended:
        # Its use is being counted at this moment.
        raise Conflict(retry_after=1) from None
