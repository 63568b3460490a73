"""An endpoint that speaks chat completions as a target, over its real protocol."""

import contextlib
import random
import threading

import pytest

from shared.errors import ApiError, InvalidRequest, PayloadTooLarge, TargetFailed, TargetTimedOut
from shared.rules.answer import Ending, Usage
from shared.rules.target_request import Attachment, Message
from shared.targets.tools import Tools
from tests.targets import chat_completions
from tests.targets.chat_completions import DONE, data, delta
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture
from tests.targets.chat_completions import settings as settings  # noqa: PLC0414 - a fixture
from tests.targets.conftest import ASK, ASKED, MESSAGES, NOON, collect, countdown

PNG = Attachment(media_type="image/png", data=b"\x89PNG")


def test_request_holds_the_conversation_and_max_tokens(answer, endpoint, settings):
    given = {**settings, "system_prompt": "You sell tea.", "temperature": 0.0, "max_tokens": 500}
    assert answer("openai", given) == "Yes, we do."
    (asked,) = endpoint.asked
    assert asked.path == "/v1/chat/completions"
    assert "Authorization" not in asked.headers
    assert asked.body == {
        "model": "tea-1",
        "messages": [
            {"role": "system", "content": "You sell tea."},
            *({"role": one.role, "content": one.text} for one in MESSAGES),
        ],
        "max_tokens": 500,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("finish_reason", "ours"),
    [("stop", "end_turn"), ("length", "length"), ("content_filter", "content_filter"), ("later", "end_turn")],
)
def test_answer_ends_with_its_stop_reason_and_usage(stream, endpoint, settings, finish_reason, ours):
    endpoint.streams(*chat_completions.answer("Yes.", finish_reason=finish_reason))
    ending = Ending(stop_reason=ours, usage=Usage(input_tokens=12, output_tokens=3))
    assert list(stream("openai", settings)) == ["Yes.", ending]


def test_text_arrives_as_the_model_generates_it(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes, ", "we ", "do."))
    endpoint.before_part = threading.Semaphore(0)
    pieces = stream("openai", settings)
    for expected in ("Yes, ", "we ", "do."):
        assert next(pieces) == expected
        endpoint.before_part.release()
    endpoint.before_part.release(3)
    assert isinstance(next(pieces), Ending)


@pytest.mark.parametrize(
    ("parts", "ending"),
    [
        pytest.param([delta("Yes."), delta(finish_reason="stop")], Ending(), id="no usage and no DONE"),
        pytest.param([delta("Yes."), delta(finish_reason="stop"), DONE], Ending(), id="no usage"),
        pytest.param(
            [delta("Yes.", "stop", usage={"prompt_tokens": 1, "completion_tokens": 2}), DONE],
            Ending(usage=Usage(input_tokens=1, output_tokens=2)),
            id="usage beside the last text",
        ),
        pytest.param(
            [b": OPENROUTER PROCESSING\n\n", delta(choices=[]), delta("Yes."), delta("", "stop"), DONE],
            Ending(),
            id="comments, and an event without choices",
        ),
        pytest.param(
            [delta(choices=[{"delta": {"reasoning_content": "Tea?", "content": None}}]), delta("Yes.", "stop"), DONE],
            Ending(),
            id="reasoning",
        ),
        pytest.param([delta("Yes.", "stop").replace(b"\n", b"\r\n"), DONE], Ending(), id="CRLF"),
        pytest.param([delta("Yes.", "stop", usage={"prompt_tokens": "1"}), DONE], Ending(), id="malformed usage"),
    ],
)
def test_answer_of_a_compatible_server_is_read(stream, endpoint, settings, parts, ending):
    endpoint.streams(*parts)
    assert list(stream("openai", settings)) == ["Yes.", ending]


def test_character_split_between_two_events_is_joined(answer, endpoint, settings):
    endpoint.streams(*chat_completions.answer("a\ud83c", "\udf75b", "\ud83c"))
    assert answer("openai", settings) == "a🍵b\ufffd"


def test_stream_in_pieces_of_one_byte_is_the_same(answer, endpoint, settings):
    endpoint.streams(*(bytes([byte]) for part in chat_completions.answer("Yes, ", "🍵!") for byte in part))
    assert answer("openai", settings) == "Yes, 🍵!"


def test_stream_cut_at_any_byte_is_never_a_whole_answer(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes, ", "we do."))
    for end in range(sum(map(len, endpoint.parts))):
        endpoint.breaks_after = end
        said = []
        with pytest.raises(TargetFailed):
            collect(said, stream("openai", settings))
        assert "Yes, we do.".startswith("".join(said))


def test_answer_is_complete_at_done_on_a_connection_held_open(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes."), None)
    # Two answers: the connection that is held is given up.
    for number in (1, 2):
        *texts, ending = stream("openai", settings, seconds_left=countdown(60))
        assert (texts, ending.stop_reason) == (["Yes."], "end_turn")
        assert len({asked.client for asked in endpoint.asked}) == number


@pytest.mark.parametrize("has_usage", [True, False])
def test_answer_is_complete_without_done_on_a_connection_held_open(stream, endpoint, settings, has_usage):
    """As some servers end it: with a finish reason, and without closing the connection."""
    _, text, finish, usage, _ = chat_completions.answer("Yes.")
    endpoint.streams(text, finish, *[usage] * has_usage, None)
    expected = Usage(input_tokens=12, output_tokens=3) if has_usage else None
    assert list(stream("openai", settings, seconds_left=countdown(60))) == ["Yes.", Ending(usage=expected)]


def test_nothing_after_done_changes_the_answer(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes."), delta(" No."), *[b": more\n"] * 20_000)
    assert [piece for piece in stream("openai", settings) if isinstance(piece, str)] == ["Yes."]


def test_stream_that_ends_early_is_incomplete(answer, endpoint, settings):
    endpoint.streams(delta("Yes, "), DONE)
    with pytest.raises(TargetFailed) as failed:
        answer("openai", settings)
    assert failed.value.code == "target_answer_incomplete"


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(data('{"choices'), id="half of a JSON text"),
        pytest.param(data("[" * 100_000), id="deeply nested"),
        pytest.param(data({"error": {"message": "sk-secret", "code": "server_error"}}), id="error"),
        pytest.param(data({"error": {"code": 502}, "choices": [{"finish_reason": "error"}]}), id="OpenRouter's error"),
        pytest.param(data({"error": "overloaded"}), id="error as a text"),
    ],
)
def test_error_event_is_a_failure(stream, endpoint, settings, part):
    endpoint.streams(delta("Well, "), part, delta(finish_reason="stop"), DONE)
    pieces = stream("openai", settings)
    assert next(pieces) == "Well, "
    with pytest.raises(TargetFailed) as failed:
        next(pieces)
    assert failed.value.message == TargetFailed.message


@pytest.mark.parametrize("value", [1, None, [], '"x"', {"choices": 1}, {"choices": [1]}, {"choices": [{"delta": "x"}]}])
def test_unknown_event_is_skipped(answer, endpoint, settings, value):
    endpoint.streams(data(value), *chat_completions.answer("Yes."))
    assert answer("openai", settings) == "Yes."


def test_answer_that_is_not_streamed_is_a_failure(answer, endpoint, settings):
    endpoint.streams(b'{"choices": []}', content_type="application/json")
    with pytest.raises(TargetFailed) as failed:
        answer("openai", settings)
    assert failed.value.__cause__.code == "not_an_event_stream"


@pytest.mark.parametrize(
    ("status", "code", "raised", "ours"),
    [
        (401, "invalid_api_key", TargetFailed, "target_failed"),
        (403, None, TargetFailed, "target_failed"),
        (404, "model_not_found", TargetFailed, "target_failed"),
        (408, None, TargetTimedOut, "target_timed_out"),
        (429, "rate_limit_exceeded", TargetFailed, "target_failed"),
        (500, None, TargetFailed, "target_failed"),
        (504, None, TargetTimedOut, "target_timed_out"),
        (400, "context_length_exceeded", PayloadTooLarge, "too_large"),
        (400, "content_filter", InvalidRequest, "target_declined"),
        (302, None, TargetFailed, "target_failed"),
    ],
)
def test_error_reveals_nothing_about_the_endpoint(answer, endpoint, settings, status, code, raised, ours):
    endpoint.refuses(status, code, Location="http://169.254.169.254/latest/meta-data/")
    with pytest.raises(raised) as failed:
        answer("openai", settings)
    assert failed.value.code == ours
    assert "sk-" not in repr(failed.value) + str(failed.value.__cause__)
    # Not followed, not sent again.
    assert len(endpoint.asked) == 1


def test_400_for_a_file_that_the_model_cannot_read(answer, endpoint, settings):
    endpoint.refuses(400, "invalid_image_format")
    with pytest.raises(InvalidRequest, match=r"^This assistant could not read what is attached\.$") as refused:
        answer("openai", settings, attachments=[PNG])
    assert refused.value.code == "attachment_not_supported"
    # The visitor chose the file, so the log must not report a fault.
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("sent", [{"tools": [ASK]}, {"steps": [ASKED]}], ids=list)
@pytest.mark.parametrize(("status", "code"), [(400, "invalid_function_parameters"), (400, None), (422, None)])
def test_400_for_tools_that_the_endpoint_refuses(answer, endpoint, settings, status, code, sent):
    endpoint.refuses(status, code)
    with pytest.raises(InvalidRequest, match=r"^This assistant could not use the tools of this page\.$") as refused:
        answer("openai", settings, **sent)
    assert refused.value.code == "client_tools_not_supported"
    # The page wrote the tools and their outputs, so the log must not report a fault.
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("status", [400, 422])
def test_invalid_request_without_tools_and_files_is_a_fault(answer, endpoint, settings, status):
    endpoint.refuses(status, "invalid_value")
    with pytest.raises(TargetFailed):
        answer("openai", settings)


def test_413_says_how_to_go_on(answer, endpoint, settings):
    endpoint.refuses(400, "context_length_exceeded")
    with pytest.raises(PayloadTooLarge, match=r"more than the assistant can read\. Please start a new conversation\.$"):
        answer("openai", settings)


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b'{"error": "x"}', b'{"error": {"code": "Say: sk-secret"}}'])
def test_malformed_error_is_a_failure(answer, endpoint, settings, body):
    endpoint.refuses(500, body=body)
    with pytest.raises(TargetFailed) as failed:
        answer("openai", settings)
    assert failed.value.__cause__.code == "500"


def test_content_filter_before_the_first_text_is_a_400(answer, endpoint, settings):
    endpoint.streams(*chat_completions.answer(finish_reason="content_filter"))
    with pytest.raises(InvalidRequest) as declined:
        answer("openai", settings)
    assert declined.value.code == "target_declined"


def test_filtered_answer_keeps_what_was_said_before(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes", "\n", finish_reason="content_filter"))
    *texts, ending = stream("openai", settings)
    assert ("".join(texts), ending.stop_reason) == ("Yes\n", "content_filter")


def test_image_goes_with_the_last_message(answer, endpoint, settings):
    answer("openai", settings, text="What is this?", before=[], attachments=[PNG])
    assert endpoint.asked[0].body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
            ],
        }
    ]


def test_unsupported_file_type_is_refused_without_a_call(answer, endpoint, settings):
    with pytest.raises(InvalidRequest, match="cannot read that kind of file") as refused:
        answer("openai", settings, attachments=[Attachment(media_type="application/pdf", data=b"%PDF")])
    assert refused.value.hint == "It reads images: PNG, JPEG, GIF, and WebP."
    assert endpoint.asked == []


def test_turns_alternate_and_begin_with_the_visitor(answer, endpoint, settings):
    said = [("assistant", "Hi"), ("user", "One"), ("user", "Two"), ("assistant", "2")]
    before = [Message(id=f"m{n}", role=role, text=text, at=NOON) for n, (role, text) in enumerate(said)]
    answer("openai", settings, text="tea?", before=before)
    assert endpoint.asked[0].body["messages"] == [
        {"role": "user", "content": "One\n\nTwo"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "tea?"},
    ]


def test_openai_gets_max_completion_tokens(target_request):
    from shared.targets import openai

    for url, name in [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://tea.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("https://openrouter.ai/api/v1", "max_tokens"),
        ("https://api.openai.com.evil.example/v1", "max_tokens"),
    ]:
        body = openai._body(openai.Settings(base_url=url, model="m"), target_request(), Tools([], []))
        assert {"max_tokens", "max_completion_tokens"} & body.keys() == {name}


def test_every_prefix_of_a_stream_is_a_failure_or_the_whole_text():
    from shared.http import server_sent_events
    from shared.targets import openai

    whole = b"".join(chat_completions.answer("Yes, ", "we do."))
    finish = whole.index(b'"finish_reason": "stop"')
    for end in range(len(whole)):
        said = []
        try:
            collect(said, openai._answer(server_sent_events.data([whole[:end]]), Tools([], []), lambda _: None))
        except TargetFailed:
            assert "Yes, we do.".startswith("".join(said))
        else:
            # The text is complete. What may be missing is the usage.
            assert end > finish
            assert "".join(said[:-1]) == "Yes, we do."


def test_random_events_raise_only_our_own_errors(endpoint, settings, stream):
    source = random.Random(12)  # noqa: S311 - no secret
    parts = [
        b"data: ",
        b"\n\n",
        b"\n",
        *chat_completions.answer("Yes."),
        b'{"choices": [',
        b"null",
        b"\xff",
        b"data: 1",
    ]
    for _ in range(100):
        endpoint.streams(*(source.choice(parts) for _ in range(8)))
        with contextlib.suppress(ApiError):
            collect([], stream("openai", settings))
