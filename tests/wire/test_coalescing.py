"""Texts are joined while they come fast, and none is lost, or held back while the target pauses."""

import contextlib
import gc
import queue
import threading
import time
import weakref
from contextvars import ContextVar
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import TargetFailed, TargetTimedOut
from shared.rules.answer import Ending
from shared.wire.coalescing import INTERVAL, coalesce

WITHIN_SECONDS = 20


def said(*pieces):
    """Yields pieces, and raises those that are errors."""
    for piece in pieces:
        if isinstance(piece, BaseException):
            raise piece
        yield piece


def coalesced(*pieces):
    return list(coalesce(said(*pieces), time.monotonic))


def in_lockstep(count, seen):
    """A target that says nothing more until its last word has been seen."""
    for number in range(count):
        yield f"{number} "
        assert seen.get(timeout=WITHIN_SECONDS) == f"{number} "


def test_word_is_not_held_back_until_the_next_arrives():
    seen = queue.SimpleQueue()
    for text in coalesce(in_lockstep(5, seen), time.monotonic):
        seen.put(text)
    assert seen.empty()


def test_first_text_is_sent_before_the_second_arrives():
    held = queue.SimpleQueue()

    def words():
        yield "one"
        yield held.get(timeout=WITHIN_SECONDS)

    texts = coalesce(words(), time.monotonic)
    assert next(texts) == "one"
    held.put("two")
    assert list(texts) == ["two"]


def test_frames_are_an_interval_apart_while_words_come_fast():
    seen, said = threading.Event(), []

    def without_a_pause():
        while not seen.is_set():
            said.append("word ")
            yield said[-1]

    came = []
    for text in coalesce(without_a_pause(), time.monotonic):
        came.append((time.monotonic(), text))
        if len(came) == 4:
            seen.set()
    # However slow this machine is, frames can only be further apart. The last one comes with the end.
    assert all(after - before >= INTERVAL for (before, _), (after, _) in pairwise(came[:4]))
    assert "".join(text for _, text in came) == "".join(said)


def test_text_comes_before_the_error_that_follows_it():
    texts = coalesce(said("a", "b", TargetFailed()), time.monotonic)
    shown = []
    with pytest.raises(TargetFailed):
        shown.extend(iter(lambda: next(texts), None))
    assert "".join(shown) == "ab"


@pytest.mark.parametrize(
    "error", [TargetFailed(), KeyError("x"), KeyboardInterrupt()], ids=lambda error: type(error).__name__
)
def test_error_before_the_first_text_is_raised(error):
    with pytest.raises(type(error)):
        coalesced(error)


class Request:
    """Whatever a target holds while it answers."""


@pytest.mark.parametrize("before", [[], ["a", "b"]], ids=["at once", "after the first text"])
def test_failed_stream_is_freed_without_garbage_collection(before):
    def failing(request):
        yield from before
        raise TargetFailed from KeyError(id(request))

    running = set(threading.enumerate())
    gc.collect()
    gc.disable()
    try:
        requests = weakref.WeakSet()
        for _ in range(10):
            request = Request()
            requests.add(request)
            with contextlib.suppress(TargetFailed):
                list(coalesce(failing(request), time.monotonic))
            del request
        # The thread that read the last one may not have come to its end yet.
        for thread in set(threading.enumerate()) - running:
            thread.join(WITHIN_SECONDS)
        assert not requests
    finally:
        gc.enable()


@pytest.mark.parametrize("before", [[], ["a", "b"], ["a", Ending()]], ids=["at once", "after a text", "at the end"])
def test_wait_ends_before_the_deadline_whatever_hangs(before):
    """Even a target, or a settlement, whose own timeout fails."""
    is_over = threading.Event()

    def hanging():
        yield from before
        is_over.wait(WITHIN_SECONDS)

    ends = time.monotonic() + 0.6
    pieces, received = coalesce(hanging(), time.monotonic, lambda: ends - time.monotonic()), []
    with contextlib.nullcontext() if Ending() in before else pytest.raises(TargetTimedOut):
        received.extend(pieces)
    assert time.monotonic() < ends
    is_over.set()


def test_nothing_is_yielded_for_an_answer_without_text():
    assert coalesced("", "") == []


def test_ending_comes_after_the_text():
    *texts, ending = coalesced("a", "b", Ending(stop_reason="length"))
    assert "".join(texts) == "ab"
    assert ending == Ending(stop_reason="length")


def test_target_runs_in_the_context_of_its_request():
    """Whose request it is, for example, which the log says."""
    subject = ContextVar("subject")
    subject.set("acme")
    assert list(coalesce((subject.get() for _ in range(1)), time.monotonic)) == ["acme"]


@given(st.lists(st.text(max_size=3), max_size=20))
def test_text_is_complete_and_no_frame_is_empty(texts):
    # A clock that runs ahead of every interval: nothing waits.
    now = iter(range(10**9))
    frames = list(coalesce(iter(texts), lambda: next(now)))
    assert "".join(frames) == "".join(texts)
    assert all(frames)
