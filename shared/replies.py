"""Replies to messages as they come: a stored one in one piece, a target's in many."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared import log
from shared.admission import AdmittedMessage
from shared.rules import turn
from shared.rules.answer import Ending
from shared.store import turns
from shared.targets import answering

# Of the invocation's time. It takes milliseconds, or seconds if AWS throttles.
_SECONDS_TO_STORE = 4


def stream(admitted: AdmittedMessage, reply_id: str, seconds_left: Callable[[], float]) -> Iterator[str | Ending]:
    """Yields the reply's text, and at last its Ending: then the reply is stored.

    Take it to its end even if nobody reads it any more. `seconds_left`: until Lambda ends this invocation. Raises what
    the target and the store raise.
    """
    stored = admitted.turn
    if stored.reply is not None:
        yield stored.reply.text
        yield stored.ending or Ending()
    else:
        with turns.held(admitted.session, stored):
            yield from _stored(admitted, reply_id, lambda: seconds_left() - _SECONDS_TO_STORE)
    log.count("MessagesAnswered", environment=admitted.token.environment)


def _stored(admitted: AdmittedMessage, reply_id: str, seconds_left: Callable[[], float]) -> Iterator[str | Ending]:
    """What the target says, which is stored before its Ending says that it is complete."""
    texts: list[str] = []
    for piece in answering.answer(*admitted.request(seconds_left)):
        if isinstance(piece, Ending):
            turns.complete(admitted.session, turn.answered(admitted.turn, reply_id, "".join(texts), piece))
        else:
            texts.append(piece)
        yield piece
