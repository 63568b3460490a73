"""A Lambda function as a target, over Lambda's own protocol: what it receives, and what becomes of its response."""

import json
import threading

import pytest

from infra.cli import target_settings
from shared.errors import InvalidRequest, PayloadTooLarge, TargetFailed, TargetTimedOut
from shared.rules.answer import Ending, SuggestedReply, Usage
from shared.rules.target_request import Attachment
from tests.targets.conftest import collect, countdown

ARN = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
SETTINGS = {"function_arn": ARN}
STREAMING = {**SETTINGS, "response": "text"}


def test_event_holds_the_whole_request(answer, aws_on_loopback):
    aws_on_loopback.function_returns({"text": "Yes."})
    said = answer(
        "aws_lambda",
        SETTINGS,
        target_alias="production",
        inputs={"name": "Zoë"},
        metadata={"page": "/tea"},
        context={"cart": [1, 2.5, None]},
        attachments=[
            Attachment(media_type="image/png", data=b"\x89PNG"),
            Attachment(media_type="a/b", data=b"", name="é"),
        ],
    )
    assert said == "Yes."
    (asked,) = aws_on_loopback.asked
    assert asked.path == f"/2021-11-15/functions/{ARN}/response-streaming-invocations"
    assert asked.headers["X-Amz-Invocation-Type"] == "RequestResponse"
    assert asked.body == {
        "conversationId": "conv_1",
        "tokenId": "ct_1",
        "environment": "live",
        "targetId": "agent_sales",
        "pinToVersion": "latest",
        "targetAlias": "production",
        "targetVersionId": None,
        "messages": [
            {"id": "usr_1", "role": "user", "text": "Hello", "at": "2027-01-31T12:00:00.000Z"},
            {"id": "ast_1", "role": "assistant", "text": "Hi there", "at": "2027-01-31T12:00:00.001Z"},
            {"id": "usr_2", "role": "user", "text": "Do you sell tea? 🍵", "at": "2027-01-31T12:01:00.000Z"},
        ],
        "attachments": [
            {"name": None, "mediaType": "image/png", "data": "iVBORw=="},
            {"name": "é", "mediaType": "a/b", "data": ""},
        ],
        "inputs": {"name": "Zoë"},
        "metadata": {"page": "/tea"},
        "context": {"cart": [1, 2.5, None]},
        "tools": [],
        "toolResults": [],
    }


def test_other_fields_of_a_response_are_ignored(answer, aws_on_loopback):
    aws_on_loopback.function_returns({"text": "Yes.", "tokensUsed": 12})
    assert answer("aws_lambda", SETTINGS) == "Yes."


def test_answer_may_have_6_mb_as_lambda_allows_in_one_piece(answer, aws_on_loopback):
    whole = b'{"text": "Yes.", "ignored": "' + b"x" * (6 * 1024 * 1024 - 31) + b'"}'
    assert len(whole) == 6 * 1024 * 1024
    aws_on_loopback.function_writes(whole)
    assert answer("aws_lambda", SETTINGS) == "Yes."
    aws_on_loopback.function_writes(whole + b" ")
    with pytest.raises(TargetFailed) as failed:
        answer("aws_lambda", SETTINGS)
    assert failed.value.code == "target_answer_too_large"


def test_suggestions_and_stop_reason_reach_the_ending(stream, aws_on_loopback):
    order = {"label": " Order ", "prompt": "I order tea.", "description": "Now", "icon": "x"}
    aws_on_loopback.function_returns({"text": "Yes.", "suggestions": ["Which?", order], "stopReason": "length"})
    suggestions = (
        SuggestedReply(label="Which?"),
        SuggestedReply(label="Order", prompt="I order tea.", description="Now"),
    )
    assert list(stream("aws_lambda", SETTINGS)) == ["Yes.", Ending(stop_reason="length", suggestions=suggestions)]


@pytest.mark.parametrize(
    "suggestions", [None, 1, "Which?", {}, [None, 1, [], {}, {"label": 1}, {"label": " "}, " ", "x" * 81]]
)
@pytest.mark.parametrize("stop_reason", [None, 1, "", "tool_use", ["length"]])
def test_malformed_suggestions_and_stop_reasons_are_left_out(stream, aws_on_loopback, suggestions, stop_reason):
    aws_on_loopback.function_returns({"text": "Yes.", "suggestions": suggestions, "stopReason": stop_reason})
    assert list(stream("aws_lambda", SETTINGS)) == ["Yes.", Ending()]


def test_at_most_four_suggestions_each_within_its_bounds(stream, aws_on_loopback):
    long = {"label": "Fits", "prompt": "x" * 501, "description": "x" * 161}
    aws_on_loopback.function_returns({"text": "Yes.", "suggestions": [long, *"abcdef"]})
    *_, ending = stream("aws_lambda", SETTINGS)
    assert ending.suggestions == tuple(SuggestedReply(label=label) for label in ("Fits", "a", "b", "c"))


@pytest.mark.parametrize(
    "reply",
    [b"", b"Yes.", b"null", b'"Yes."', b"[]", b"{}", b'{"text": null}', b'{"text": 1}', b'{"text": ["a"]}', b'{"text"',
     b'{"text": "\\ud83"}', b"\xff"],
)  # fmt: skip
def test_malformed_response_is_a_failure(answer, aws_on_loopback, reply):
    aws_on_loopback.function_returns(reply)
    with pytest.raises(TargetFailed) as failed:
        answer("aws_lambda", SETTINGS)
    assert (failed.value.message, failed.value.code) == (TargetFailed.message, "target_failed")


@pytest.mark.parametrize(
    ("written", "said"),
    [(r"\ud83d", "\ufffd"), (r"\uDE00\uD83D", "\ufffd\ufffd"), (r"\ud83d\ude00", "\U0001f600"),
     (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"), (r"\\ud83d", r"\ud83d"), (r"\\\ud83d", "\\\ufffd"), (r"\u00e9", "é")],
)  # fmt: skip
def test_half_an_emoji_is_replaced_wherever_a_function_returns_it(stream, aws_on_loopback, written, said):
    aws_on_loopback.function_returns(f'{{"text": "{written}!", "suggestions": ["{written}?"]}}'.encode())
    assert list(stream("aws_lambda", SETTINGS)) == [f"{said}!", Ending(suggestions=(SuggestedReply(label=f"{said}?"),))]


@pytest.mark.parametrize("reply", [{"errorType": "KeyError", "errorMessage": "'password'", "stackTrace": []}, {}])
def test_error_of_the_function_is_a_failure(answer, aws_on_loopback, reply):
    aws_on_loopback.function_writes(error="Unhandled", details=json.dumps(reply))
    with pytest.raises(TargetFailed) as failed:
        answer("aws_lambda", SETTINGS)
    assert (failed.value.message, failed.value.code) == (TargetFailed.message, "target_function_failed")
    assert failed.value.hint is None


def test_error_that_looks_like_an_answer_is_still_a_failure(answer, aws_on_loopback):
    aws_on_loopback.function_writes(b'{"text": "Yes."}', error="Handled")
    with pytest.raises(TargetFailed) as failed:
        answer("aws_lambda", SETTINGS)
    assert failed.value.code == "target_function_failed"


def test_timeout_of_the_function_is_reported_as_such(answer, aws_on_loopback):
    message = "RequestId: 1 Error: Task timed out after 3.00 seconds"
    reply = {"errorType": "Sandbox.Timedout", "errorMessage": message}
    aws_on_loopback.function_writes(error="Unhandled", details=json.dumps(reply))
    with pytest.raises(TargetTimedOut) as failed:
        answer("aws_lambda", SETTINGS)
    assert (failed.value.message, failed.value.code) == (TargetTimedOut.message, "target_function_timed_out")


@pytest.mark.parametrize(
    "error_type", ["Sandbox.Timedout ", "sandbox.timedout", "Runtime.ExitError", "TimeoutError", ""]
)
def test_other_errors_of_the_function_are_not_timeouts(answer, aws_on_loopback, error_type):
    aws_on_loopback.function_writes(error="Unhandled", details=json.dumps({"errorType": error_type}))
    with pytest.raises(TargetFailed) as failed:
        answer("aws_lambda", SETTINGS)
    assert failed.value.code == "target_function_failed"


def test_timeout_is_not_retried(answer, aws_on_loopback):
    aws_on_loopback.says_nothing()
    with pytest.raises(TargetTimedOut) as failed:
        answer("aws_lambda", SETTINGS, seconds_left=countdown(0.3))
    assert failed.value.code == "target_timed_out"
    assert len(aws_on_loopback.asked) == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 403),
        ("ResourceNotFoundException", 404),
        ("TooManyRequestsException", 429),
        ("ServiceException", 500),
        ("EC2ThrottledException", 502),
    ],
)
def test_lambda_error_is_hidden_from_the_visitor(answer, aws_on_loopback, code, status):
    aws_on_loopback.refuses(code, status)
    with pytest.raises(TargetFailed) as failed:
        answer("aws_lambda", SETTINGS)
    assert (failed.value.message, failed.value.hint) == (TargetFailed.message, None)
    assert failed.value.code == "target_failed"
    # The log tells the operator, by name only.
    assert failed.value.__cause__.code == code
    assert len(aws_on_loopback.asked) == 1


def test_413_if_the_event_is_too_large_for_lambda(answer, aws_on_loopback):
    aws_on_loopback.refuses("RequestTooLargeException", 413)
    with pytest.raises(PayloadTooLarge, match="start a new conversation"):
        answer("aws_lambda", SETTINGS)


@pytest.mark.parametrize(
    "arn", [ARN, f"{ARN}:live", f"{ARN}:12", f"{ARN}:$LATEST", ARN.replace("aws", "aws-us-gov", 1)]
)
def test_function_arn_may_have_a_version_or_alias(arn):
    assert target_settings.read("aws_lambda", [("function_arn", arn)]) == {"function_arn": arn}


@pytest.mark.parametrize(
    "arn",
    ["", "assistant", f"{ARN} ", f"{ARN}:", f"{ARN}*", ARN.replace("123456789012", ""), ARN.replace("lambda", "iam"),
     f"{ARN}\n"],
)  # fmt: skip
def test_malformed_function_arn_is_refused(arn):
    with pytest.raises(InvalidRequest, match="function_arn must be the ARN of a Lambda function, such as arn:"):
        target_settings.read("aws_lambda", [("function_arn", arn)])


def test_reported_usage_is_kept(stream, aws_on_loopback):
    aws_on_loopback.function_returns({"text": "Yes.", "usage": {"inputTokens": 12, "outputTokens": 3}})
    assert list(stream("aws_lambda", SETTINGS)) == ["Yes.", Ending(usage=Usage(input_tokens=12, output_tokens=3))]


@pytest.mark.parametrize("usage", [None, 3, {}, {"inputTokens": -1, "outputTokens": 1}, {"inputTokens": "1"}, [1]])
def test_malformed_usage_is_ignored(stream, aws_on_loopback, usage):
    aws_on_loopback.function_returns({"text": "Yes.", "usage": usage})
    assert list(stream("aws_lambda", SETTINGS)) == ["Yes.", Ending()]


def test_text_arrives_as_the_function_writes_it(stream, aws_on_loopback):
    aws_on_loopback.function_writes(b"Yes, ", b"we ", b"do.")
    aws_on_loopback.before_part = threading.Semaphore(0)
    pieces = stream("aws_lambda", STREAMING)
    # The server withholds each part until the one before has arrived here.
    for expected in ("Yes, ", "we ", "do."):
        assert next(pieces) == expected
        aws_on_loopback.before_part.release()
    assert list(pieces) == [Ending()]


@pytest.mark.parametrize(
    "text",
    ['{"text": "Yes."}', "{}", "null", '"quoted"', "[1]", "data: x\n\n", "event: end\n\n",
     "\x00\x00\x00\x00\x00\x00\x00\x00a",
     "a\r\n\r\nHTTP/1.1 200 OK", "# Code\n```js\n</script>\n```\n", "🍵"],
)  # fmt: skip
def test_streamed_text_is_not_parsed(answer, aws_on_loopback, text):
    aws_on_loopback.function_writes(*(bytes([byte]) for byte in text.encode()))
    assert answer("aws_lambda", STREAMING) == text


def test_bytes_that_are_not_utf_8_are_replaced(answer, aws_on_loopback):
    aws_on_loopback.function_writes(b"a\xff", b"b\xf0\x9f")
    assert answer("aws_lambda", STREAMING) == "a\ufffdb\ufffd"


def test_failure_after_the_first_text_is_a_failure(stream, aws_on_loopback):
    aws_on_loopback.function_writes(b"Well, ", error="Unhandled", details='{"errorType": "KeyError"}')
    pieces = stream("aws_lambda", STREAMING)
    assert next(pieces) == "Well, "
    with pytest.raises(TargetFailed) as failed:
        next(pieces)
    assert failed.value.code == "target_function_failed"


def test_stream_cut_at_any_byte_is_never_a_whole_answer(stream, aws_on_loopback):
    aws_on_loopback.function_writes(b"Yes, ", b"we do.")
    size = sum(map(len, aws_on_loopback.body))
    for end in range(size):
        aws_on_loopback.breaks_after = end
        said = []
        with pytest.raises(TargetFailed):
            collect(said, stream("aws_lambda", STREAMING))
        assert "Yes, we do.".startswith("".join(said))


def test_stream_without_its_end_event_is_incomplete(answer, aws_on_loopback):
    aws_on_loopback.function_writes(b"Yes.")
    aws_on_loopback.body = aws_on_loopback.body[:1]
    with pytest.raises(TargetFailed) as failed:
        answer("aws_lambda", STREAMING)
    assert failed.value.code == "target_answer_incomplete"


def test_connection_is_kept_after_a_whole_stream(answer, aws_on_loopback):
    aws_on_loopback.function_writes(b"Yes.")
    for _ in range(3):
        answer("aws_lambda", STREAMING)
    assert len({asked.client for asked in aws_on_loopback.asked}) == 1
