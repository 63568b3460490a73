"""Turns in the table: a message and its reply are stored and paid for once, however often the message is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.errors import ApiError, Conflict, TooManyRequests, Unavailable
from shared.rules import digest, session, timestamps
from shared.rules.client_token import ClientToken
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.store import conversations, sessions, table, usage
from shared.store.table import ConditionFailed, Item, Key, Throttled, TransactionConflict, Write

# No function runs longer, so a turn that has not ended by then never will.
_LEASE = timedelta(seconds=30)
# Each attempt costs as much as a message, which is paid for once. A model that declines will decline again.
_ATTEMPTS_TO_ANSWER = 5
# Concurrent messages in one session conflict, and all but one fail each time. Two always succeed. Of many, some get a
# 409, so that the cost grows no faster than their number.
_ATTEMPTS = 4
_PAUSE_GROWTH = 4
_SPEND = (
    "SET message_count = message_count + :one, last_message_at = :at, idle_until = :idle_until, expires_at = :expiry"
)
# The indexes of these in the transaction that begins a turn.
_TURN, _CONVERSATION, _USAGE = 0, 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of a visitor and, if it is stored already, its reply. `leased_until`: until when this request may
    generate one. `attempts`: how often that was tried.
    """

    session: Session
    message: Message
    leased_until: datetime
    attempts: int = 1
    reply: str | None = None


def key(session_digest: str, message_id: str) -> Key:
    """The page chooses the message's id, so only its digest is used."""
    return f"SESSION#{session_digest}", f"TURN#{digest.sha256_hex(message_id)}"


def begin(current: Session, token: ClientToken, message: Message, *, counts_use: bool) -> Turn:
    """Spends one message of the session's budget and stores the message, both or neither.

    Raises TooManyRequests when the budget is spent, and Conflict while the same message is being answered or too many
    others are sent in this session.
    """
    at, is_contended = message.at, False
    for attempt in range(_ATTEMPTS):
        if attempt:
            current = _after_a_pause(current, attempt, at=at)
        _require_budget(current, token)
        is_first = current.message_count == 0
        message = replace(message, at=session.next_message_at(current, at))
        turn = Turn(session=current, message=message, leased_until=at + _LEASE)
        writes = [_turn_write(turn), _budget_write(turn, token), *conversations.message_writes(current, message)]
        if (is_first or counts_use) and not is_contended:
            writes.append(usage.count_write(token.id, int(is_first), at))
        try:
            table.transact(writes)
        except ConditionFailed as failure:
            if refusal := _refusal(failure.index):
                raise refusal from None
        except (TransactionConflict, Throttled) as busy:
            if isinstance(busy, Throttled) and _USAGE not in busy.indexes:
                raise
            # The use of a busy token is counted by many requests. Then the conversation is counted separately, later.
            is_contended = is_contended or _USAGE in busy.indexes
        else:
            if is_contended and is_first:
                usage.count_conversation(token.id, at)
            return turn
    raise Conflict(
        "Too many messages arrived in this conversation at once. Please try again in a moment.",
        hint="Send one message at a time. Retry after the Retry-After interval.",
        retry_after=1,
    )


def resume(current: Session, item: Item, message: Message, *, at: datetime) -> Turn:
    """Resumes a turn: with its stored reply, or by taking over from a request that did not finish.

    The stored message counts, not the one in the retry. Raises Conflict while another request may still generate the
    reply, and TooManyRequests after too many attempts.
    """
    message = replace(message, at=timestamps.from_text(item["message_at"]))
    if item["is_answered"]:
        answer = _stored(current, session.answer_at(message.at), at=at)
        return Turn(session=current, message=message, leased_until=at, reply=answer.text)
    if at < timestamps.from_text(item["leased_until"]):
        raise _in_progress()
    if item["attempts"] >= _ATTEMPTS_TO_ANSWER:
        sentence = "This message could not be answered. Please write another one."
        raise TooManyRequests(sentence, code="attempts_exhausted", hint=sentence)
    if digest.sha256_hex(message.text) != item["text_digest"]:
        message = _stored(current, message.at, at=at)
    turn = Turn(session=current, message=message, leased_until=at + _LEASE, attempts=item["attempts"] + 1)
    _lease(turn, until=turn.leased_until, now=item["leased_until"])
    return turn


@contextmanager
def held(turn: Turn) -> Iterator[None]:
    """Releases the turn if what happens within fails, so that the next request may try at once."""
    try:
        yield
    except Exception:
        # If this fails too, the lease expires.
        with suppress(Unavailable, Conflict):
            _lease(turn, until=turn.message.at, now=timestamps.to_text(turn.leased_until))
        raise


def complete(turn: Turn, text: str, reply_id: str) -> None:
    """Stores the reply."""
    answer = Message(id=reply_id, role="assistant", text=text, at=session.answer_at(turn.message.at))
    ending = table.update_write(
        key(turn.session.digest, turn.message.id),
        "SET is_answered = :true",
        {":true": True, ":false": False},
        condition="is_answered = :false",
    )
    # A request that took the turn over may have been faster: then its reply is the stored one. Nothing is stored
    # of a conversation that was deleted in the meantime.
    with suppress(ConditionFailed):
        table.transact_with_retries([ending, *conversations.answer_writes(turn.session, answer)], retry_throttling=True)


def _stored(current: Session, said_at: datetime, *, at: datetime) -> Message:
    stored = conversations.message(current.conversation_id, said_at, at=at)
    if stored is None:
        # The message has expired before the session.
        raise session.ended()
    return stored


def _after_a_pause(current: Session, attempt: int, *, at: datetime) -> Session:
    """The session, read again after a pause, because it may have changed since the failed attempt."""
    table.pause(_PAUSE_GROWTH**attempt)
    found = sessions.find(current.digest, at=at)
    if found is None:
        raise session.ended()
    return found


def _refusal(place: int) -> ApiError | None:
    """The error for a condition that would fail again, by its index. An expired conversation is not continued."""
    if place == _TURN:
        return _in_progress()
    return session.ended() if place == _CONVERSATION else None


def _require_budget(current: Session, token: ClientToken) -> None:
    if current.message_count >= token.settings.max_messages_per_session:
        sentence = "This conversation has reached its message limit."
        raise TooManyRequests(sentence, code="message_limit_reached", hint=sentence)


def _budget_write(turn: Turn, token: ClientToken) -> Write:
    """Conditional on the count that was read, so that two concurrent messages cannot spend the same one."""
    at = turn.message.at
    values = {":one": 1, ":seen": turn.session.message_count, ":at": timestamps.to_text(at)}
    return table.update_write(
        sessions.key(turn.session.digest),
        _SPEND,
        values | sessions.expiry_values(session.idle_until(token, at)),
        condition="message_count = :seen",
    )


def _turn_write(turn: Turn) -> Write:
    pk, sk = key(turn.session.digest, turn.message.id)
    until = sessions.expiry_values(turn.session.idle_until)
    item = {
        "pk": pk,
        "sk": sk,
        "message_at": timestamps.to_text(turn.message.at),
        "text_digest": digest.sha256_hex(turn.message.text),
        "leased_until": timestamps.to_text(turn.leased_until),
        "attempts": turn.attempts,
        "is_answered": False,
        "expires_at": until[":expiry"],
    }
    # An expired turn counts as none, even if DynamoDB has not dropped it yet.
    return table.put_write(
        item,
        condition="attribute_not_exists(pk) OR expires_at <= :now",
        values={":now": int(turn.message.at.timestamp())},
    )


def _lease(turn: Turn, *, until: datetime, now: str) -> None:
    """Takes or releases the lease of a turn, if it is still the one that was read (`now`)."""
    leasing = table.update_write(
        key(turn.session.digest, turn.message.id),
        "SET leased_until = :until, attempts = :attempts",
        {":until": timestamps.to_text(until), ":attempts": turn.attempts, ":now": now},
        condition="leased_until = :now",
    )
    try:
        # A transaction of one write, so that a retry is idempotent. A retried plain write would fail its own condition.
        table.transact([leasing])
    except (ConditionFailed, TransactionConflict):
        raise _in_progress() from None


def _in_progress() -> Conflict:
    return Conflict("This message is still being answered. Please wait a moment.", code="in_progress", retry_after=2)
