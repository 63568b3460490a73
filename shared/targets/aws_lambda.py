"""Answers with a Lambda function of the operator: it receives the request as an event and returns {"text": ...}."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from shared.aws.client import ONE_LONG_ATTEMPT, AwsErrorResponse, Client
from shared.errors import PayloadTooLarge, TargetFailed, TargetTimedOut
from shared.rules import timestamps
from shared.rules.target_request import TargetRequest

_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:(\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)

_lambda = Client("lambda", ONE_LONG_ATTEMPT)


def _function_arn(text: str) -> str:
    if not _ARN.fullmatch(text):
        raise PydanticCustomError(
            "function_arn",
            "must be the ARN of a Lambda function, such as arn:aws:lambda:us-east-1:123456789012:function:assistant",
        )
    return text


class Settings(BaseModel, extra="forbid", frozen=True):
    """`function_arn`: optionally with a version or alias, in this account and region."""

    function_arn: Annotated[str, AfterValidator(_function_arn)]


class _Reply(BaseModel):
    text: str


class _Failure(BaseModel):
    """Lambda's description of a failed invocation. Its message may quote anything, so it is not read."""

    error_type: str = Field(default="", alias="errorType")


def answer(settings: Settings, request: TargetRequest) -> str:
    # Not escaped: many languages would take twice the bytes, and Lambda accepts 6 MB.
    event = json.dumps(_event(request), ensure_ascii=False).encode()
    path = f"/2015-03-31/functions/{quote(settings.function_arn, safe='')}/invocations"
    try:
        reply = _lambda.post("Invoke", path, event, {"X-Amz-Invocation-Type": "RequestResponse"})
    except AwsErrorResponse as error:
        if error.code == "RequestTooLargeException":
            raise PayloadTooLarge(
                "This is more than the assistant can read. Please start a new conversation."
            ) from None
        raise
    if "X-Amz-Function-Error" in reply.headers:
        # The function's own time limit may be shorter than ours.
        if _Failure.model_validate_json(reply.body).error_type == "Sandbox.Timedout":
            raise TargetTimedOut(code="target_function_timed_out")
        raise TargetFailed(code="target_function_failed")
    return _Reply.model_validate_json(reply.body).text


def _event(request: TargetRequest) -> dict[str, Any]:
    """docs/targets.md documents it. A change of it breaks functions that are not ours."""
    return {
        "conversationId": request.conversation_id,
        "tokenId": request.token_id,
        "environment": request.environment,
        "targetId": request.target_id,
        "pinToVersion": request.pin_to_version,
        "targetAlias": request.target_alias,
        "targetVersionId": request.target_version_id,
        "messages": [
            {"id": one.id, "role": one.role, "text": one.text, "at": timestamps.to_text(one.at)}
            for one in request.history()
        ],
        "attachments": [
            {"name": one.name, "mediaType": one.media_type, "data": b64encode(one.data).decode()}
            for one in request.attachments
        ],
        "inputs": request.inputs,
        "metadata": request.metadata,
        "context": request.context,
    }
