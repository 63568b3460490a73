"""Requests that Bedrock calls invalid: because of a file, of the page's tools, or of a conversation too long for it."""

import pytest

from shared.errors import InvalidRequest, PayloadTooLarge, TargetFailed
from shared.rules.target_request import Attachment
from tests.targets.conftest import ASK, ASKED

SETTINGS = {"model_id": "us.amazon.nova-lite-v1:0"}
PNG = Attachment(media_type="image/png", data=b"\x89PNG")


def test_400_for_a_file_that_the_model_cannot_read(answer, aws_on_loopback):
    aws_on_loopback.refuses("ValidationException", 400)
    with pytest.raises(InvalidRequest, match="could not read what is attached") as refused:
        answer("bedrock", SETTINGS, attachments=[PNG])
    assert refused.value.code == "attachment_not_supported"
    # The visitor chose the file, so the log must not report a fault.
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("name", ["ValidationException", "validationException"])
@pytest.mark.parametrize("sent", [{"tools": [ASK]}, {"steps": [ASKED]}, {"tools": [ASK], "steps": [ASKED]}], ids=list)
def test_400_for_tools_that_bedrock_refuses(answer, aws_on_loopback, name, sent):
    aws_on_loopback.refuses(name, 400)
    with pytest.raises(InvalidRequest, match="could not use the tools of this page") as refused:
        answer("bedrock", SETTINGS, **sent)
    assert refused.value.code == "client_tools_not_supported"
    assert "client_tools=0" in refused.value.hint
    # The page wrote the tools and their outputs, so the log must not report a fault.
    assert refused.value.__cause__ is None


def test_other_errors_with_tools_are_faults(answer, aws_on_loopback):
    aws_on_loopback.refuses("AccessDeniedException", 403)
    with pytest.raises(TargetFailed):
        answer("bedrock", SETTINGS, tools=[ASK])


@pytest.mark.parametrize(
    "message",
    [
        "Input is too long for requested model.",
        "The model returned the following errors: Input is too long for requested model.",
        "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum",
        "The model returned the following errors: input length and `max_tokens` exceed context limit: 199 + 8 > 200",
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9279 ",
        "This model's maximum context length is 8192 tokens. Please reduce the length of the prompt",
    ],
)
@pytest.mark.parametrize("sent", [{}, {"tools": [ASK]}, {"attachments": [PNG]}], ids=list)
def test_413_says_how_to_go_on(answer, aws_on_loopback, message, sent):
    aws_on_loopback.says({"message": message}, 400, X_Amzn_ErrorType="ValidationException")
    with pytest.raises(PayloadTooLarge, match=r"more than the assistant can read\. Please start a new") as refused:
        answer("bedrock", SETTINGS, **sent)
    assert refused.value.__cause__ is None


def test_error_that_quotes_a_visitor_is_not_taken_for_another(answer, aws_on_loopback):
    message = "Invalid value: 'Input is too long for requested model.'"
    aws_on_loopback.says({"message": message}, 400, X_Amzn_ErrorType="ValidationException")
    with pytest.raises(TargetFailed):
        answer("bedrock", SETTINGS)
