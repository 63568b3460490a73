"""`targets test`: an operator reads a target's answer as it comes, how long it took, and what it cost."""

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from shared.rules.target import Target
from shared.store import targets
from shared.targets import answering
from tests.aws.event_stream import event, function_answer, model_answer
from tests.aws.network import NETWORK, Answer
from tests.command import CLIENT_TOKENS
from tests.targets import chat_completions
from tests.targets.chat_completions import delta
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture

ARN = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"


@pytest.fixture
def register():
    """`register("bedrock", model_id=...)`: under the id flow_tea."""

    def register(kind, **settings):
        given = {"id": "flow_tea", "tenant": "acme", "kind": kind, "settings": settings}
        before = next((one for one in targets.list_by_tenant("acme") if one.id == "flow_tea"), None)
        targets.register(Target(**given, created_at=datetime.now(UTC)), replaces=before)

    return register


@pytest.fixture
def answers():
    """`answers("lambda", body)`: as this service of AWS, to whoever reaches it under its own address."""
    hooks = []

    def answers(service, body, status=200):
        # As in a process of its own, where no client exists yet.
        for kind in ("aws_lambda", "bedrock"):
            answering.load(kind)._client.cache_clear()
        reply = Answer(status, body, {"X-Amzn-ErrorType": "AccessDeniedException"} if status >= 400 else {})
        hooks.append(NETWORK.hooked(lambda request: reply if request.service == service else None))
        hooks[-1].__enter__()

    yield answers
    for hook in hooks:
        hook.__exit__(None, None, None)


def test_answer_is_printed_with_times_on_standard_error(operate, register):
    register("echo", call_price="0")
    tried = operate("targets", "test", "flow_tea", "--message", "Do you sell tea?\nOr not?")
    assert (tried.status, tried.out) == (0, "You said: Do you sell tea?\nOr not?\n")
    times, *facts = tried.err.splitlines()
    assert times.startswith("First words after 0.")
    assert " s, complete after 0." in times
    assert facts == ["The target does not report how many tokens it used.", "It cost $0."]


def test_tokens_and_price_are_shown(operate, register, endpoint):
    settings = {"base_url": endpoint.url, "model": "tea-1"}
    register("openai", **settings, input_price="0.25", output_price="2", call_price="0.01")
    tried = operate("targets", "test", "flow_tea")
    assert (tried.status, tried.out) == (0, "Yes, we do.\n")
    # 12 * 0.25 and 3 * 2 dollars for a million, and a cent.
    assert tried.err.splitlines()[1:] == ["It used 12 input tokens and 3 output tokens.", "It cost $0.010009."]
    assert [one["content"] for one in endpoint.asked[0].body["messages"]] == ["Hello"]


@pytest.mark.parametrize(
    ("prices", "parts", "fact"),
    [
        ({}, None, "The cost is not known: register the target with prices."),
        (
            {"input_price": "1"},
            [delta("Yes.", "stop")],
            "The cost is not known without the number of tokens.",
        ),
        ({"call_price": "0.5"}, [delta("Yes.", "stop")], "It cost $0.5."),
        ({}, chat_completions.answer("Yes", finish_reason="length"), "it reached the target's limit of tokens."),
        ({}, chat_completions.answer("Yes", finish_reason="content_filter"), "A filter stopped the answer."),
    ],
)
def test_unknown_usage_and_truncation_are_reported(operate, register, endpoint, prices, parts, fact):
    if parts:
        endpoint.streams(*parts)
    register("openai", base_url=endpoint.url, model="tea-1", **prices)
    assert fact in operate("targets", "test", "flow_tea").err


def test_function_and_model_are_invoked_at_their_endpoints(operate, register, answers):
    answers("lambda", function_answer({"text": "Hi there"}))
    register("aws_lambda", function_arn=ARN)
    assert operate("targets", "test", "flow_tea").out == "Hi there\n"
    answers("bedrock-runtime", model_answer("Good ", "day"))
    register("bedrock", model_id=MODEL)
    assert operate("targets", "test", "flow_tea").out == "Good day\n"


def test_warning_says_that_visitors_may_get_no_answer(operate, register, answers):
    """The operator may invoke it, and the API may not."""
    answers("lambda", function_answer({"text": "Hi there"}))
    register("aws_lambda", function_arn=ARN)
    assert operate("targets", "test", "flow_tea").err.startswith(f"Warning: The API may not use {ARN}: ")


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (
            json.dumps({"Message": "User is not authorized"}).encode(),
            403,
            "AWS refused InvokeWithResponseStream (AccessDeniedException): User is not authorized.",
        ),
        (function_answer({"answer": "Hi"}), 200, 'The function did not return {"text": ...}.'),
        (event("InvokeComplete", {"ErrorCode": "Unhandled"}), 200, "The function raised an error: see its log."),
        (event("PayloadChunk", b'{"text": "Hi"}'), 200, "The answer broke off."),
    ],
)
def test_failure_is_explained_with_what_visitors_read(operate, register, answers, body, status, why):
    answers("lambda", body, status)
    register("aws_lambda", function_arn=ARN)
    failed = operate("targets", "test", "flow_tea")
    assert (failed.status, failed.out) == (1, "")
    assert f"Error: {why} Visitors read: The assistant could not answer. Please try again." in failed.err


def test_text_before_a_failure_is_shown(operate, register, endpoint):
    endpoint.streams(delta("Well, "))
    register("openai", base_url=endpoint.url, model="tea-1")
    failed = operate("targets", "test", "flow_tea")
    assert (failed.status, failed.out) == (1, "Well, \n")
    assert "Error: The answer broke off." in failed.err


def test_error_of_an_endpoint_is_named_without_its_text(operate, register, endpoint):
    endpoint.refuses(401, "invalid_api_key")
    register("openai", base_url=endpoint.url, model="tea-1")
    failed = operate("targets", "test", "flow_tea")
    assert "Error: The endpoint did not answer: 401 invalid_api_key." in failed.err
    assert "sk-secret" not in failed.err


def test_control_characters_in_an_answer_are_escaped(operate, register, endpoint):
    endpoint.streams(*chat_completions.answer("\x1b]52;c;cm0=\x07", "\r\n"))
    register("openai", base_url=endpoint.url, model="tea-1")
    assert operate("targets", "test", "flow_tea").out == "\\x1b]52;c;cm0=\\x07\\r\n\n"


def test_message_that_is_too_long_is_not_sent(operate, register, endpoint):
    register("openai", base_url=endpoint.url, model="tea-1", max_message_bytes=4)
    failed = operate("targets", "test", "flow_tea")
    assert (failed.status, failed.out) == (1, "")
    assert failed.err == "Error: Your message is too long. Please keep it to 4 bytes.\n"
    assert endpoint.asked == []


def test_unknown_target_is_an_error(operate):
    failed = operate("targets", "test", "flow_other")
    assert (failed.status, failed.out) == (1, "")
    assert "flow_other" in failed.err


def test_text_is_shown_as_it_arrives(local_stack, register, endpoint):
    """The endpoint withholds each word until the one before it has been read."""
    endpoint.streams(*chat_completions.answer("Yes, ", "we ", "do."))
    endpoint.before_part = threading.Semaphore(0)
    register("openai", base_url=endpoint.url, model="tea-1")
    words = [sys.executable, *CLIENT_TOKENS[1:], "targets", "test", "--local", "--tenant", "acme", "flow_tea"]
    with subprocess.Popen(words, env=local_stack, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for expected in (b"Yes, ", b"we ", b"do."):
            assert process.stdout.read(len(expected)) == expected
            endpoint.before_part.release()
        endpoint.before_part.release(3)
        assert process.stdout.read() == b"\n"
        assert b"It used 12 input tokens" in process.stderr.read()
    assert process.returncode == 0
