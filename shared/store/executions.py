"""Executions that pause while a page runs its tools: single conditional writes to the item of their turn.

Every write gives the turn a new holder, or is the last one of its holder. So a late copy of any finds another holder.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.errors import Gone, Unavailable
from shared.http.deadline import SecondsLeft
from shared.rules import execution, timestamps, turn
from shared.rules.execution_id import ExecutionId
from shared.rules.session import Session
from shared.rules.turn import Turn
from shared.store import attributes, conversations, pauses, table, turn_items, turns
from shared.store.table import ConditionFailed, Item, Key


def keys(current: Session, wanted: ExecutionId) -> tuple[Key, Key]:
    """Of the turn, if it is one of the session's conversation, and of the conversation's record."""
    conversation_id = current.conversation_id
    turn_key = turn_items.place(conversation_id, wanted.said_at, wanted.session)
    return turn_key, conversations.record_key(conversation_id)


def pause(current: Session, paused: Turn, seconds_left: SecondsLeft | None = None) -> None:
    """Stores that the target waits for the page. Raises Conflict if another invocation has the turn now.

    If the conversation was deleted, nothing is stored, and the page learns it when it resumes.
    """
    if paused.lease is None or paused.pause is None:
        raise ValueError("only its holder pauses a turn")
    added = pauses.to_item(paused.pause)
    added |= {"execution": paused.secret, "leased_until": timestamps.to_text(paused.lease.until)}
    pausing = table.update_write(
        turn_items.key_of(current, paused),
        f"SET {attributes.assignments(added)}",
        {":was": paused.lease.holder} | attributes.placeholders(added),
        condition="holder = :was",
    )
    try:
        table.write_with_retries(pausing, seconds_left)
    except ConditionFailed as failure:
        if failure.found and not turn_items.from_item(failure.found).is_gone:
            raise turn.in_progress() from None


def go_on(current: Session, stored: Turn, wanted: Turn) -> None:
    """Takes a paused turn over. Stores the outputs only if others are still missing. Raises Conflict if it changed."""
    if wanted.pause is None:
        raise ValueError("only a paused turn goes on")
    added: Item = {"resumes": wanted.resumes}
    if wanted.pending:
        added |= pauses.to_item(wanted.pause)
    try:
        is_taken = _take(current, stored, wanted, added)
    except Unavailable:
        # AWS may have done what it did not confirm.
        turns.withdraw(current, wanted)
        raise
    if not is_taken:
        raise Gone


def find(current: Session, wanted: ExecutionId, *, at: datetime) -> Turn | None:
    """The turn of an execution of the session's conversation."""
    turn_key, _ = keys(current, wanted)
    item = table.get(turn_key, at=at)
    return turn_items.from_item(item) if item else None


def cancel(current: Session, stored: Turn, wanted: Turn) -> None:
    """Stores the text so far as the reply. Raises Conflict if the turn has changed, and NotFound if it is gone."""
    if not _take(current, stored, wanted, turn_items.of_reply(wanted), removed=pauses.NAMES):
        raise execution.unknown()


def _take(current: Session, stored: Turn, wanted: Turn, added: Item, *, removed: Sequence[str] = ()) -> bool:
    """False if the conversation was deleted."""
    if stored.lease is None or wanted.lease is None:
        raise ValueError("nobody holds a turn that is gone")
    added = {"holder": wanted.lease.holder, "leased_until": timestamps.to_text(wanted.lease.until)} | added
    taking = table.update_write(
        turn_items.key_of(current, wanted),
        f"SET {attributes.assignments(added)}" + (f" REMOVE {', '.join(removed)}" if removed else ""),
        {":was": stored.lease.holder} | attributes.placeholders(added),
        condition="holder = :was AND attribute_not_exists(reply)",
    )
    try:
        table.write(taking)
    except ConditionFailed as failure:
        found = turn_items.from_item(failure.found) if failure.found else None
        if found is None or found.lease is None:
            return False
        # Our own first copy may have been stored, and its response lost.
        if found.lease.holder != wanted.lease.holder:
            raise execution.not_paused() from None
    return True
