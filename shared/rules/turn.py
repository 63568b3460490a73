"""A turn: one message of a visitor, and its reply. What may happen to it, and what the visitor is told.

    begin ----> leased ----> answered
                 |    ^
          failed |    | resume: another invocation takes over
                 v    |
                free -+----> exhausted, after five attempts

An invocation holds a turn from the moment it stores or takes it over until it has the reply or its lease ends. Only
the holder may store the reply. Deleting the conversation replaces a turn in any state with one that is `gone`.

Nothing here reads or writes. The store applies each step by one conditional write, and what it finds instead, if the
condition fails, comes back to `resume` or `overtaken`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.errors import Conflict, TooManyRequests
from shared.rules import message_log, session, timestamps
from shared.rules.answer import Ending
from shared.rules.client_token import ClientToken
from shared.rules.message_log import Entry
from shared.rules.session import Session
from shared.rules.target_request import Message

# Each attempt costs as much as a message, which is paid for once. A model that declines will decline again.
ATTEMPTS_MAX = 5
# The clocks of two machines may differ. The holder is gone when its own deadline has passed on every clock.
_LEASE_MARGIN = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)
# The end of a lease that its holder gave back. No lease ends so early, whatever the clocks say.
_FREED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one invocation to generate a reply. `holder`: random, one per invocation."""

    holder: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`attempts`: how often an invocation began to generate the reply. `lease`: None once the turn is gone.
    `was_asked`: whether an invocation said that it had asked the target in vain. One that crashed says nothing.

    `ending`: how the reply ended, and what it used. `message.at` orders the turns of a conversation, and is unique in
    its session.
    """

    message: Message
    lease: Lease | None
    attempts: int
    was_asked: bool = False
    reply: Message | None = None
    ending: Ending | None = None

    @property
    def is_gone(self) -> bool:
        return self.lease is None


def lease(holder: str, deadline: datetime) -> Lease:
    """`deadline`: when Lambda ends this invocation, however long its target takes."""
    return Lease(holder, timestamps.floor_to_millisecond(deadline) + _LEASE_MARGIN)


def accept(current: Session, token: ClientToken, message_id: str, at: datetime) -> Session:
    """The session with one more message, which is paid for. Raises TooManyRequests when the budget is spent."""
    if current.message_count >= token.settings.max_messages_per_session:
        sentence = "This conversation has reached its message limit."
        raise TooManyRequests(sentence, code="message_limit_reached", hint=sentence)
    accepted_at = _next_at(current, at)
    log = message_log.append(current.log, message_id, accepted_at)
    return replace(current, log=log, idle_until=session.idle_until(token, accepted_at))


def begin(message: Message, entry: Entry, own: Lease) -> Turn:
    """The first attempt. The session's log has the message's time."""
    return Turn(message=replace(message, at=entry.at), lease=own, attempts=1)


def resume(stored: Turn, message: Message, own: Lease, at: datetime) -> Turn:
    """What an invocation may do about a turn that is stored.

    It uses the stored reply, or goes on if it holds the turn already: then this is the stored turn. Otherwise this is
    its next attempt, which the store has to take over first. Raises Unauthenticated if the conversation was deleted,
    Conflict while another invocation may still have the reply, and TooManyRequests after too many attempts.
    """
    if stored.lease is None:
        raise session.ended()
    _require_same(stored, message)
    if stored.reply or stored.lease.holder == own.holder:
        return stored
    if at < stored.lease.until:
        raise in_progress()
    if stored.attempts >= ATTEMPTS_MAX:
        sentence = "This message could not be answered. Please write another one."
        raise TooManyRequests(sentence, code="attempts_exhausted", hint=sentence)
    return replace(stored, lease=own, attempts=stored.attempts + 1)


def answered(held: Turn, reply_id: str, text: str, ending: Ending) -> Turn:
    """A reply is ordered right after its message, however late it comes."""
    reply = Message(id=reply_id, role="assistant", text=text, at=held.message.at + _MILLISECOND)
    return replace(held, reply=reply, ending=ending)


def overtaken(wanted: Turn, stored: Turn) -> Turn:
    """What counts when the store did not take a reply: the stored one, which came first.

    If the conversation was deleted, the visitor still reads the reply, and nothing keeps it. Raises Conflict if
    another invocation has taken the turn over.
    """
    if stored.is_gone:
        return wanted
    if stored.reply is None:
        raise in_progress()
    return stored


def failed(held: Turn) -> Turn:
    """The target did not answer: the next request may try at once."""
    return replace(_given_back(held), was_asked=True)


def withdrawn(held: Turn) -> Turn:
    """Something failed before the target was asked: the next request may try at once, and this attempt is not one."""
    return replace(_given_back(held), attempts=held.attempts - 1)


def in_progress() -> Conflict:
    return Conflict("This message is still being answered. Please wait a moment.", code="in_progress", retry_after=2)


def _given_back(held: Turn) -> Turn:
    return replace(held, lease=held.lease and replace(held.lease, until=_FREED))


def _next_at(current: Session, at: datetime) -> datetime:
    """`at`, or right after the last reply. So turns stay in order, whatever the clocks of two machines say."""
    last = current.last_message_at
    return max(at, last + 2 * _MILLISECOND) if last else at


def _require_same(stored: Turn, message: Message) -> None:
    """The log knows messages by 36 bits of their ids. Another message of the same digest is refused, not mixed up."""
    if stored.message.id != message.id:
        raise Conflict("This message could not be sent. Please write it again.", code="message_id_taken")
