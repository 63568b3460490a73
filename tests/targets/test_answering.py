"""Whatever a target is and does, what comes back is an answer that can be stored, or a refusal that can be read."""

import gc
import socket
import sys
from dataclasses import replace
from http.client import HTTPConnection

import pytest
from pydantic import BaseModel

from shared.errors import ApiError, TargetFailed, TargetTimedOut
from shared.rules import input_limits, price
from shared.rules.answer import Declined, Ending, Usage
from shared.rules.target import KINDS, Target
from shared.rules.target_request import Attachment
from shared.targets import answering
from tests.aws import event_stream
from tests.aws.event_stream import event
from tests.targets import chat_completions
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture
from tests.targets.conftest import NOON, collect, countdown

MODEL = {"model_id": "us.amazon.nova-lite-v1:0"}
FUNCTION = {"function_arn": "arn:aws:lambda:us-east-1:123456789012:function:assistant"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_settings_and_an_answer_function(kind):
    loaded = answering.load(kind)
    assert issubclass(loaded.Settings, BaseModel)
    # A setting that nobody reads is a setting that somebody misspelled.
    assert loaded.Settings.model_config["extra"] == "forbid"
    # Those are of every kind, and enforced before a kind is asked.
    assert not {*input_limits.NAMES, *price.NAMES} & loaded.Settings.model_fields.keys()
    assert callable(loaded.answer)


@pytest.mark.usefixtures("aws_on_loopback")
def test_only_the_kind_in_use_is_loaded(answer):
    answer("echo", {})
    assert {f"shared.targets.{kind}" for kind in KINDS} & sys.modules.keys() == {"shared.targets.echo"}


@pytest.mark.parametrize(
    ("kind", "settings"), [("echo", {"prefix": "x"}), ("aws_lambda", {}), ("bedrock", {**MODEL, "temperature": 7})]
)
def test_outdated_settings_are_a_target_failure(answer, kind, settings):
    with pytest.raises(TargetFailed) as failed:
        answer(kind, settings)
    assert failed.value.message == TargetFailed.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "target_answer_empty"),
        (" \n\t", "target_answer_empty"),
        ("a" * 200 * 1024 + "a", "target_answer_too_large"),
        ("é" * 100 * 1024 + "a", "target_answer_too_large"),
    ],
)
def test_answer_that_cannot_be_shown_or_stored_is_a_failure(answer, aws_on_loopback, text, code):
    aws_on_loopback.function_returns({"text": text})
    with pytest.raises(TargetFailed) as failed:
        answer("aws_lambda", FUNCTION)
    assert failed.value.code == code


@pytest.mark.parametrize(
    "text",
    ["a", "a" * 200 * 1024, "é" * 100 * 1024, "  # Code\n```js\n</script>\n```\n", "مرحبا", "👩‍👩‍👧‍👦"],
    ids=range(6),
)
def test_answer_is_passed_on_unchanged(answer, aws_on_loopback, text):
    aws_on_loopback.function_returns({"text": text})
    assert answer("aws_lambda", FUNCTION) == text


@pytest.fixture
def pieces_of(monkeypatch, stream):
    """`pieces_of("a", Ending())`: what is left of what a kind yields."""

    def pieces_of(*pieces):
        monkeypatch.setattr(answering.load("echo"), "answer", lambda *_: (piece for piece in pieces))
        said = []
        collect(said, stream("echo", {}))
        return said

    return pieces_of


def test_first_piece_is_not_blank_and_none_is_empty(pieces_of):
    """With the first piece a status of 200 goes out, so it must not be blank."""
    assert pieces_of("", " \n", "", "a", "", " ", "b", Ending()) == [" \na", " ", "b", Ending()]


def test_leading_blanks_are_held_in_linear_time(pieces_of):
    """In quadratic time, they take a quarter of a minute."""
    blanks = 200 * 1024 - 1
    assert pieces_of(*" " * blanks, "a", Ending()) == [" " * blanks + "a", Ending()]


def test_character_split_between_two_pieces_is_joined(pieces_of):
    assert pieces_of("a\ud83c", "\udf75", "\ud83c", Ending()) == ["a", "🍵", "\ufffd", Ending()]
    assert pieces_of("\udf75x", Ending()) == ["\ufffdx", Ending()]


def test_ending_is_passed_on(pieces_of):
    ending = Ending(stop_reason="length", usage=Usage(input_tokens=1, output_tokens=2))
    assert pieces_of("a", ending) == ["a", ending]


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        ([Ending()], "target_answer_empty"),
        (["", " \n", Ending()], "target_answer_empty"),
        ([], "target_answer_incomplete"),
        (["a"], "target_answer_incomplete"),
        (["a"] * 200 * 1024 + ["a", Ending()], "target_answer_too_large"),
        ([" " * 200 * 1024 + " "], "target_answer_too_large"),
    ],
)
def test_answer_without_text_or_end_is_a_failure(pieces_of, pieces, code):
    with pytest.raises(TargetFailed) as failed:
        pieces_of(*pieces)
    assert failed.value.code == code


@pytest.mark.parametrize("kind", KINDS)
def test_worst_case_knows_which_kinds_take_max_tokens(kind):
    field = answering.load(kind).Settings.model_fields.get("max_tokens")
    priced = Target(id="a", tenant="acme", kind=kind, settings={"output_price": "1"}, created_at=NOON)
    assert (priced.worst_case is not None) is (field is not None)
    if field:
        assert (
            replace(priced, settings={"output_price": "1", "max_tokens": field.default}).worst_case == priced.worst_case
        )


def test_outdated_settings_are_a_failure_that_costs_nothing(answer):
    with pytest.raises(TargetFailed) as failed:
        answer("bedrock", MODEL | {"temperature": 7})
    assert failed.value.is_free


@pytest.mark.parametrize(
    ("status", "is_free"),
    [(401, True), (403, True), (404, True), (429, True), (400, False), (413, False), (408, False), (500, False)],
)
@pytest.mark.parametrize("kind", ["aws_lambda", "bedrock", "openai"])
def test_failure_costs_nothing_only_if_the_target_did_no_work(answer, aws_on_loopback, endpoint, kind, status, is_free):
    """With an image, a refusal may be read as the visitor's mistake, and costs what it costs."""
    aws_on_loopback.refuses("ValidationException", status)
    endpoint.refuses(status)
    settings = {"aws_lambda": FUNCTION, "bedrock": MODEL, "openai": {"base_url": endpoint.url, "model": "m"}}
    with pytest.raises(ApiError) as failed:
        answer(kind, settings[kind], attachments=[Attachment(media_type="image/png", data=b"x")])
    assert failed.value.is_free is is_free


def test_file_that_a_kind_refuses_costs_nothing(answer):
    with pytest.raises(ApiError) as failed:
        answer("echo", {}, attachments=[Attachment(media_type="image/png", data=b"x")])
    assert failed.value.is_free


def test_declined_answer_costs_what_the_target_says(answer, aws_on_loopback, endpoint):
    endpoint.streams(*chat_completions.answer(finish_reason="content_filter"))
    stop = event("messageStop", {"stopReason": "guardrail_intervened"})
    aws_on_loopback.streams(stop, event("metadata", {"usage": {"inputTokens": 12, "outputTokens": 3}}))
    for kind, settings in {"openai": {"base_url": endpoint.url, "model": "m"}, "bedrock": MODEL}.items():
        with pytest.raises(Declined) as declined:
            answer(kind, settings)
        assert (declined.value.usage, declined.value.is_free) == (Usage(input_tokens=12, output_tokens=3), False)


@pytest.mark.parametrize("kind", ["aws_lambda", "bedrock", "openai"])
def test_failure_before_anything_is_sent_costs_nothing(answer, monkeypatch, endpoint, aws_on_loopback, kind):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = f"http://127.0.0.1:{server.getsockname()[1]}"
    settings = {"aws_lambda": FUNCTION, "bedrock": MODEL, "openai": {"base_url": endpoint.url, "model": "m"}}[kind]
    with pytest.raises(TargetTimedOut) as late:
        answer(kind, settings, seconds_left=lambda: 0.0)
    assert late.value.is_free
    monkeypatch.setenv("AWS_ENDPOINT_URL", closed)
    monkeypatch.delitem(sys.modules, f"shared.targets.{kind}")
    given = settings | ({"base_url": closed} if kind == "openai" else {})
    with pytest.raises(TargetFailed) as refused:
        answer(kind, given)
    assert refused.value.is_free
    if kind == "openai":
        with pytest.raises(TargetFailed) as private:
            answer(kind, settings | {"base_url": "https://127.0.0.1:1"})
        assert private.value.is_free


@pytest.mark.parametrize("kind", ["aws_lambda", "bedrock", "openai"])
def test_failure_after_something_was_sent_may_cost_something(answer, endpoint, aws_on_loopback, kind):
    aws_on_loopback.says_nothing()
    endpoint.streams(None)
    settings = {"aws_lambda": FUNCTION, "bedrock": MODEL, "openai": {"base_url": endpoint.url, "model": "m"}}[kind]
    with pytest.raises(TargetTimedOut) as late:
        answer(kind, settings, seconds_left=countdown(0.3))
    assert not late.value.is_free


@pytest.mark.parametrize(("kind", "settings"), [("bedrock", MODEL), ("aws_lambda", FUNCTION | {"response": "text"})])
def test_connection_of_a_failed_stream_is_closed_at_once(stream, aws_on_loopback, kind, settings):
    """Also while the error is still held, for the log."""
    if kind == "bedrock":
        aws_on_loopback.streams(event_stream.event("contentBlockDelta", b"{"), b"never read")
    else:
        aws_on_loopback.function_writes(b"Well, ", error="Unhandled")
    before = _open_connections()
    for _ in range(3):
        with pytest.raises(TargetFailed) as failed:
            collect([], stream(kind, settings))
        assert _open_connections() <= before, failed.value


def _open_connections():
    return {id(one) for one in gc.get_objects() if isinstance(one, HTTPConnection) and one.sock}
