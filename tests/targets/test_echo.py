"""The echo: the same message, the same answer, and nothing else needed."""

import pytest

from shared.errors import InvalidRequest
from shared.rules.target_request import Attachment
from shared.targets import echo


@pytest.mark.parametrize("text", ["Hello", "<b>bold</b> </script>", "שלום 🍵\n\n```py\n1 < 2\n```"])
def test_echo_repeats_the_message(answer, text):
    assert answer("echo", {}, text=text) == f"You said: {text}"


def test_echo_answers_word_by_word(stream):
    *words, _ = stream("echo", {}, text=" Two  words\n")
    assert words == ["You ", "said:  ", "Two  ", "words\n"]


def test_echo_pauses_between_words_for_three_seconds_at_most(answer, monkeypatch):
    slept = []
    monkeypatch.setattr(echo.time, "sleep", slept.append)
    assert answer("echo", {"pause_ms": 20}, text="Hi there") == "You said: Hi there"
    assert slept == [0.02] * 3
    slept.clear()
    answer("echo", {"pause_ms": 1000}, text="word " * 2999)
    assert (len(slept), sum(slept)) == (3000, pytest.approx(3))


def test_echo_refuses_attachments(answer):
    with pytest.raises(InvalidRequest, match="reads text only"):
        answer("echo", {}, attachments=[Attachment(media_type="image/png", data=b"png")])
