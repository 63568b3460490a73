"""Turns in the table: one item each, in its conversation. A message is paid for once, however often it is sent.

Three single writes begin a turn, in this order: the session accepts the message, the turn is stored with a lease, and
the conversation's record counts it. One more write stores the reply. Each has a condition that fails for every copy of
it but the first, and that tells from what it finds how to go on. So a crash between any two leaves what sending the
message again completes. No transaction is needed, which would double the price.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from shared.errors import Conflict, Gone, Unavailable
from shared.http.deadline import SecondsLeft
from shared.rules import session, timestamps, turn
from shared.rules.client_token import ClientToken
from shared.rules.message_log import Entry
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.rules.turn import Lease, Turn
from shared.store import attributes, conversations, pauses, sessions, table, turn_items, usage
from shared.store.table import ConditionFailed, Item

# Concurrent messages in one session conflict, and all but one fail each time. Two always succeed. Of many, some get a
# 409, so that the cost grows no faster than their number.
_ATTEMPTS = 4
# Most conversations are shorter. If messages are long, fewer fit, and more would be read for nothing.
_HISTORY_PAGE = 10
_MILLISECOND = timedelta(milliseconds=1)


def find(current: Session, message_id: str, *, at: datetime) -> Turn | None:
    """The turn of a message that the session has accepted before."""
    known = turn.entry_of(current, message_id)
    item = table.get(turn_items.key(current, known.at), at=at) if known else None
    return turn_items.from_item(item) if item else None


def begin(
    current: Session,
    token: ClientToken,
    message: Message,
    own: Lease,
    *,
    stored: Turn | None,
    at: datetime,
    display: str | None = None,
) -> Turn:
    """The turn of a message, with its reply if it is stored already. Otherwise this invocation holds it.

    `stored`: what `find` has found. `display`: what the page displays instead of the message. Raises TooManyRequests
    when the session's budget or the message's attempts are spent, Conflict while the message is being answered or too
    many others are sent in this session, Gone if the conversation was deleted, and Unauthenticated if the message is so
    old that its turn has expired.
    """
    current, entry = _accept(current, token, message, own, at)
    if stored is None and turn_items.expiry_unanswered(entry.at) <= at.timestamp():
        # It would expire before its reply is stored, and its target could be asked again and again.
        raise session.ended()
    begun = replace(turn.begin(current, message, entry, own), display=display)
    try:
        stored = stored or _put(current, begun, at)
        begun = turn.resume(stored, message, own, at)
        if begun.attempts > stored.attempts:
            begun = _take_over(current, stored, begun, at)
        if begun.reply or begun.pause:
            return begun
        recorded = conversations.record_message(current, begun.message, entry.number, title=begun.display)
    except Unavailable:
        # AWS may have done what it did not confirm.
        _free(current, turn.withdrawn(begun))
        raise
    if recorded == "gone":
        _bury(current, begun, at)
        raise Gone
    if recorded == "started" and not stored.was_asked:
        # Again after a crash, which may have come before it.
        usage.count_conversation(current.token_id, current.conversation_id, at)
    return begun


def complete(current: Session, answered: Turn, seconds_left: SecondsLeft | None = None) -> Turn:
    """Stores the reply. Returns the turn that counts: another invocation may have been first.

    `seconds_left`: until the caller gives up. Raises Unavailable then.
    """
    if answered.lease is None:
        raise ValueError("nobody holds a turn that is gone")
    added = turn_items.of_reply(answered)
    completing = table.update_write(
        turn_items.key_of(current, answered),
        f"SET {attributes.assignments(added)} REMOVE {', '.join(pauses.NAMES)}",
        {":holder": answered.lease.holder} | attributes.placeholders(added),
        condition="holder = :holder",
    )
    try:
        table.write_with_retries(completing, seconds_left)
    except ConditionFailed as failure:
        return turn.overtaken(answered, _from_failure(failure, answered.message.at))
    return answered


def withdraw(current: Session, begun: Turn) -> None:
    """Frees a turn whose target is not asked, so that this attempt is not one."""
    _free(current, turn.withdrawn(begun))


@contextmanager
def held(current: Session, begun: Turn, seconds_left: SecondsLeft | None = None) -> Iterator[None]:
    """Frees the turn if what happens within fails, so that the next request may try at once."""
    try:
        yield
    except Exception:
        _free(current, turn.failed(begun), seconds_left)
        raise


def newest_first(conversation_id: str, before: datetime, *, at: datetime) -> Iterator[Message]:
    """What was said before that time, read in small pages during iteration."""
    items = table.query(
        "pk = :pk AND sk BETWEEN :messages AND :last",
        {
            ":pk": conversations.pk(conversation_id),
            ":messages": "MESSAGE#",
            ":last": f"MESSAGE#{timestamps.to_text(before - _MILLISECOND)}#~",
        },
        at=at,
        Limit=_HISTORY_PAGE,
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    for stored in map(turn_items.from_item, items):
        yield from reversed(stored.messages)


def _accept(current: Session, token: ClientToken, message: Message, own: Lease, at: datetime) -> tuple[Session, Entry]:
    """Spends one message of the budget, unless the session has accepted this message before."""
    conversation_id = current.conversation_id
    for _ in range(_ATTEMPTS):
        if entry := turn.entry_of(current, message.id):
            return current, entry
        current = sessions.accept(current, turn.accept(current, token, message.id, own, at))
        if current.conversation_id != conversation_id:
            # Its visitor was forgotten a moment ago. Sent again, the message starts a conversation of its own.
            raise turn.in_progress()
    if entry := turn.entry_of(current, message.id):
        return current, entry
    raise Conflict(
        "Too many messages arrived in this conversation at once. Please try again in a moment.",
        hint="Send one message at a time. Retry after the Retry-After interval.",
        retry_after=1,
    )


def _put(current: Session, begun: Turn, at: datetime) -> Turn:
    """Stores a turn. Returns the one that is stored then: this one, or one that was there before."""
    try:
        table.write(table.put_write(turn_items.to_item(current, begun), condition="attribute_not_exists(pk)"))
    except ConditionFailed as failure:
        return _from_failure(failure, at)
    return begun


def _take_over(current: Session, stored: Turn, wanted: Turn, at: datetime) -> Turn:
    if stored.lease is None or wanted.lease is None:
        raise ValueError("nobody holds a turn that is gone")
    taking = table.update_write(
        turn_items.key_of(current, wanted),
        "SET holder = :holder, leased_until = :until, attempts = :attempts"
        f" REMOVE execution, {', '.join(pauses.NAMES)}",
        {
            ":holder": wanted.lease.holder,
            ":until": timestamps.to_text(wanted.lease.until),
            ":attempts": wanted.attempts,
            ":was": stored.lease.holder,
        },
        condition="holder = :was AND attribute_not_exists(reply)",
    )
    try:
        table.write(taking)
    except ConditionFailed as failure:
        stored = _from_failure(failure, at)
        found = turn.resume(stored, wanted.message, wanted.lease, at)
        if found.attempts > stored.attempts:
            # It was taken over, and is free again already.
            raise turn.in_progress() from None
        return found
    return wanted


def _free(current: Session, freed: Turn, seconds_left: SecondsLeft | None = None) -> None:
    """If this fails, the lease expires."""
    if freed.lease is None:
        return
    changed: Item = {"leased_until": timestamps.to_text(freed.lease.until)}
    changed |= {"attempts": freed.attempts, "was_asked": freed.was_asked}
    if freed.pause:
        changed["resumes"] = freed.resumes
    freeing = table.update_write(
        turn_items.key_of(current, freed),
        f"SET {attributes.assignments(changed)}",
        {":holder": freed.lease.holder} | attributes.placeholders(changed),
        condition="holder = :holder",
    )
    with suppress(ConditionFailed, Unavailable):
        table.write(freeing, seconds_left)


def _bury(current: Session, begun: Turn, at: datetime) -> None:
    """Removes what this invocation has put into a conversation that was deleted meanwhile, and ends its session."""
    table.put(turn_items.gone(*turn_items.key_of(current, begun), at))
    with suppress(ConditionFailed):
        sessions.end(current, at)


def _from_failure(failure: ConditionFailed, at: datetime) -> Turn:
    """The turn that is stored instead. Raises Unauthenticated once it has expired."""
    if failure.found is None or failure.found["expires_at"] <= at.timestamp():
        raise session.ended() from None
    return turn_items.from_item(failure.found)
