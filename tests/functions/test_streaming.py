"""An answer that breaks off as it streams: what the page gets, what is stored, and what sending again does."""

import pytest

from tests.aws.event_stream import event
from tests.aws.in_memory import STACK
from tests.aws.network import NETWORK, Answer
from tests.functions.interruptions import Crash
from tests.functions.page import assert_interrupted, assert_refused, events, reply
from tests.functions.stored import messages, spent

WORDS = ["Green ", "tea, ", "and ", "black."]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
# Until Lambda has ended the function, and a second more.
LEASE_SECONDS = STACK.functions["Chat"].timeout + 1


class Target:
    """A function that streams these words. `fails_after(2, error)`: its next answer has two of them."""

    def __init__(self):
        self.asked = 0
        self._next = (len(WORDS), None)

    def fails_after(self, words, error):
        self._next = (words, error)

    def __call__(self, request):
        if request.service != "lambda":
            return None
        self.asked += 1
        (words, error), self._next = self._next, (len(WORDS), None)
        sent = b"".join(event("PayloadChunk", word.encode()) for word in WORDS[:words])
        return Answer(200, sent if error else sent + event("InvokeComplete", {}), then=error)


@pytest.fixture
def target(register):
    register("flow_echo", "aws_lambda", function_arn=ARN, response="text")
    target = Target()
    with NETWORK.hooked(target):
        yield target


@pytest.fixture
def session(page, token, target):
    return page.open(token.value)


@pytest.fixture
def send(page, session):
    """Sends the same message, each time it is called."""
    return lambda: page.say(session, message_id="usr_1", assistantMessageId="ast_1")


@pytest.fixture
def assert_answered_once(send, session, target):
    """Sending the message again gets its reply, and invokes the target at most once more."""

    def assert_answered_once():
        assert [role for role, *_ in messages(session)] == ["user"]
        asked = target.asked
        assert [reply(send()) for _ in range(2)] == ["".join(WORDS)] * 2
        assert target.asked == asked + 1
        assert [(role, text) for role, _, text in messages(session)] == [
            ("user", "Hello"),
            ("assistant", "".join(WORDS)),
        ]
        assert spent(session) == 1

    return assert_answered_once


@pytest.mark.parametrize("words", range(len(WORDS) + 1))
def test_function_killed_after_a_word_leaves_a_turn_to_resume(send, clock, target, assert_answered_once, words):
    target.fails_after(words, Crash())
    with pytest.raises(Crash):
        send()
    assert_refused(send(), 409, "in_progress")
    clock.forward(seconds=LEASE_SECONDS)
    assert_answered_once()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(ConnectionResetError(), 502, "target_failed"), (TimeoutError(), 504, "target_timed_out")],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
@pytest.mark.parametrize("words", range(len(WORDS) + 1))
def test_target_lost_after_a_word_ends_the_stream(send, target, assert_answered_once, words, error, status, code):
    target.fails_after(words, error)
    answer = send()
    if words:
        assert_interrupted(answer, code)
        shown = [data["delta"] for name, data in events(answer) if name == "text_delta"]
        assert "".join(shown).startswith("".join(WORDS[:words]))
    else:
        assert_refused(answer, status, code)
    assert_answered_once()


def test_target_is_asked_at_most_five_times_for_one_message(send, session, target):
    for _ in range(5):
        target.fails_after(1, ConnectionResetError())
        assert_interrupted(send(), "target_failed")
    assert_refused(send(), 429, "attempts_exhausted")
    assert (target.asked, spent(session)) == (5, 1)
    assert [role for role, *_ in messages(session)] == ["user"]
