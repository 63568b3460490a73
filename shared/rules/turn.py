"""A turn: one message of a visitor, and its reply. What may happen to it, and what the visitor is told.

    begin ----> leased ----> answered
                 |    ^
          failed |    | resume: another invocation takes over
                 v    |
                free -+----> exhausted, after five attempts

An invocation holds a turn from the moment it stores or takes it over until it has the reply or its lease ends. Only
the holder may store the reply. Deleting the conversation replaces a turn in any state with one that is `gone`.

A turn that is free may be paused: its target waits for outputs of the page's tools. With them, an invocation leases it
and goes on (see execution). If they do not come, sending the message again starts from the beginning.

Nothing here reads or writes. The store applies each step by one conditional write, and what it finds instead, if the
condition fails, comes back to `resume` or `overtaken`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.errors import Conflict, Gone, TooManyRequests
from shared.rules import message_log, session, timestamps, visitor_questions
from shared.rules.answer import Ending, ToolCall, total_usage
from shared.rules.client_token import ClientToken
from shared.rules.client_tools import Step
from shared.rules.execution_id import ExecutionId
from shared.rules.message_log import Entry
from shared.rules.session import Session
from shared.rules.target_request import Message, PageInput

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


class Pause(NamedTuple):
    """`page_input`: what the target was asked with, and the steps so far. The last one has calls without outputs."""

    page_input: PageInput
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`attempts`: how often an invocation began to generate the reply. `lease`: None once the turn is gone.
    `was_asked`: whether an invocation said that it had asked the target in vain. One that crashed says nothing.

    `display` and `reply_display`: what the page displays instead of the message and of the reply. No target reads them.
    `asked`: questions to the visitor, with their answers, of a turn that has its reply.

    `ending`: how the reply ended, and what it used. `message.at` orders the turns of a conversation, and is unique in
    its session. `session`: a short digest of that session.

    `secret`: of the execution (see execution). `resumes`: how often an invocation went on after a pause, of all
    executions. `pause`: the last one of the execution, until the reply is stored.
    """

    message: Message
    lease: Lease | None
    attempts: int
    was_asked: bool = False
    reply: Message | None = None
    ending: Ending | None = None
    session: str = ""
    secret: str = ""
    resumes: int = 0
    pause: Pause | None = None
    display: str | None = None
    reply_display: str | None = None
    asked: tuple[Message, ...] = ()

    @property
    def is_gone(self) -> bool:
        return self.lease is None

    @property
    def execution_id(self) -> str:
        return str(ExecutionId(self.message.at, self.session, self.secret))

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said, in order: the message, questions to the visitor with their answers, and the reply."""
        if self.is_gone:
            return ()
        asked = self.asked or visitor_questions.answered(self.steps, self.message.at)
        return (self.message, *asked, self.reply) if self.reply else (self.message, *asked)

    @property
    def steps(self) -> tuple[Step, ...]:
        """What came before the last pause. The last step may have its outputs by now."""
        return tuple(self.pause.page_input.steps) if self.pause else ()

    @property
    def pending(self) -> tuple[ToolCall, ...]:
        """The calls whose outputs the target waits for. While there are any, it is not asked."""
        return self.steps[-1].pending if self.steps and self.reply is None else ()


def lease(holder: str, deadline: datetime) -> Lease:
    """`deadline`: when Lambda ends this invocation, however long its target takes."""
    return Lease(holder, timestamps.floor_to_millisecond(deadline) + _LEASE_MARGIN)


def accept(current: Session, token: ClientToken, message_id: str, own: Lease, at: datetime) -> Session:
    """The session with one more message, which is paid for. Raises TooManyRequests when the budget is spent.

    It does not end before its answer, and leaves time to read it: `own` is the lease of the function that answers.
    """
    if current.message_count >= token.settings.max_messages_per_session:
        sentence = "This conversation has reached its message limit."
        raise TooManyRequests(sentence, code="message_limit_reached", hint=sentence)
    accepted_at = _next_at(current, at)
    log = message_log.append(current.log, message_id, accepted_at)
    idle_until = max(session.idle_until(token, accepted_at), own.until + session.IDLE_TIMEOUT_MIN)
    return replace(current, log=log, idle_until=idle_until)


def entry_of(current: Session, message_id: str) -> Entry | None:
    """The entry of a message that the session has accepted before, numbered as in its conversation.

    Raises Conflict if it belongs to a conversation that the session has left. There it was paid for, and nothing of it
    may appear in this one.
    """
    entry = message_log.find(current.log, message_id)
    if entry is None:
        return None
    number = entry.number - current.former_messages
    if number < 1:
        raise _id_taken()
    return replace(entry, number=number)


def begin(current: Session, message: Message, entry: Entry, own: Lease) -> Turn:
    """The first attempt. The session's log has the message's time."""
    return Turn(
        message=replace(message, at=entry.at),
        lease=own,
        attempts=1,
        session=message_log.short_digest(current.digest),
        secret=own.holder,
    )


def resume(stored: Turn, message: Message, own: Lease, at: datetime) -> Turn:
    """What an invocation may do about a turn that is stored.

    It uses the stored reply, repeats the calls that the page has to run, or goes on if it holds the turn already: then
    this is the stored turn. Otherwise this is its next attempt, which the store has to take over first. Raises
    Gone if the conversation was deleted, Conflict while another invocation may still have the reply, and
    TooManyRequests after too many attempts.
    """
    if stored.lease is None:
        raise Gone
    _require_same(stored, message)
    if stored.reply or stored.lease.holder == own.holder:
        return stored
    if at < stored.lease.until:
        raise in_progress()
    if stored.pause and at < stored.pause.until:
        return stored
    if stored.attempts >= ATTEMPTS_MAX:
        sentence = "This message could not be answered. Please write another one."
        raise TooManyRequests(sentence, code="attempts_exhausted", hint=sentence)
    return replace(stored, lease=own, attempts=stored.attempts + 1, secret=own.holder, pause=None)


def answered(held: Turn, reply_id: str, text: str, ending: Ending) -> Turn:
    """A reply is ordered right after its message, however late it comes. `ending`: of this invocation.

    It begins with what the target said before its pauses. Questions to the visitor come between the two.
    """
    said = held.messages
    texts = [*(step.text for step in held.steps if step.text.strip()), *([text] if text or not held.steps else [])]
    # Runtype's widget shows the rest of an answer under an id of its own.
    shown_with = held.message.id if held.resumes else None
    text, at = "\n\n".join(texts), said[-1].at + _MILLISECOND
    reply = Message(id=reply_id, role="assistant", text=text, at=at, shown_with=shown_with)
    usage = total_usage([*(step.usage for step in held.steps), ending.usage])
    return replace(held, reply=reply, ending=replace(ending, usage=usage), pause=None, asked=said[1:])


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
    return replace(given_back(held), was_asked=True)


def withdrawn(held: Turn) -> Turn:
    """Something failed before the target was asked: the next request may try at once, and this attempt is not one."""
    if held.pause:
        return replace(given_back(held), resumes=held.resumes - 1)
    return replace(given_back(held), attempts=held.attempts - 1)


def in_progress() -> Conflict:
    return Conflict("This message is still being answered. Please wait a moment.", code="in_progress", retry_after=2)


def given_back(held: Turn) -> Turn:
    """The turn with a lease that has ended: any invocation may take it over."""
    return replace(held, lease=held.lease and _freed(held.lease))


def _freed(own: Lease) -> Lease:
    return replace(own, until=_FREED)


def _next_at(current: Session, at: datetime) -> datetime:
    """`at`, or right after the last reply. So turns stay in order, whatever the clocks of two machines say."""
    last = current.last_message_at
    return max(at, last + 2 * _MILLISECOND) if last else at


def _require_same(stored: Turn, message: Message) -> None:
    """The log knows messages by 36 bits of their ids. Another message of the same digest is refused, not mixed up."""
    if stored.message.id != message.id:
        raise _id_taken()


def _id_taken() -> Conflict:
    return Conflict("This message could not be sent. Please write it again.", code="message_id_taken")
