"""Answers with a Lambda function of the operator: it receives the request as an event.

It returns {"text": ...} or {"toolCalls": [...]}, or streams its answer as plain text in UTF-8. The setting `response`
says which: no text can be taken for JSON, and no JSON is shown as text.
"""

from __future__ import annotations

import codecs
import json
import re
from base64 import b64encode
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from functools import cache
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, model_validator
from pydantic_core import PydanticCustomError

from shared.aws.client import AwsErrorResponse
from shared.aws.event_stream import Message
from shared.aws.stream_client import StreamClient
from shared.errors import TargetFailed, TargetTimedOut, unsent
from shared.rules import timestamps
from shared.rules.answer import Ending, Piece, ToolCall, ToolCalls, Usage, stop_reason, suggested_replies
from shared.rules.target_request import TargetRequest
from shared.targets import refusals

_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:(\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)

# Lambda's own limit for a response that is not streamed.
_JSON_BYTES_MAX = 6 * 1024 * 1024
# Escapes in JSON: a backslash, a pair of surrogates, or half of one, such as half an emoji where a text was cut.
_ESCAPE = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


@cache
def _client() -> StreamClient:
    return StreamClient("lambda")


def _function_arn(text: str) -> str:
    if not _ARN.fullmatch(text):
        raise PydanticCustomError(
            "function_arn",
            "must be the ARN of a Lambda function, such as arn:aws:lambda:us-east-1:123456789012:function:assistant",
        )
    return text


class Settings(BaseModel, extra="forbid", frozen=True):
    """`function_arn`: optionally with a version or alias, in this account and region.

    `response`: "json" for a function that returns {"text": ...}, "text" for one that streams its answer.
    """

    function_arn: Annotated[str, AfterValidator(_function_arn)]
    response: Literal["json", "text"] = "json"


class _Call(BaseModel):
    name: str
    parameters: dict[str, Any] = {}


class _Reply(BaseModel):
    """Its text, calls of the page's tools, or both. Beside them, a function may report `usage` as
    {"inputTokens": ..., "outputTokens": ...}, `stopReason`, and `suggestions`. Malformed ones are left out: they are
    not worth an answer.
    """

    text: str = ""
    toolCalls: list[_Call] = []  # noqa: N815 - as functions spell it, and pydantic copies it
    usage: Any = None
    stopReason: Any = None  # noqa: N815 - as functions spell it
    suggestions: Any = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if "text" not in self.model_fields_set and not self.toolCalls:
            raise PydanticCustomError("missing", "must have a text or toolCalls")
        return self

    def ending(self) -> Ending | ToolCalls:
        match self.usage:
            case {"inputTokens": read, "outputTokens": written}:
                usage = Usage.from_counts(read, written)
            case _:
                usage = None
        if self.toolCalls:
            return ToolCalls(tuple(ToolCall(call.name, call.parameters) for call in self.toolCalls), usage)
        return Ending(
            stop_reason=stop_reason(self.stopReason), usage=usage, suggestions=suggested_replies(self.suggestions)
        )


def answer(settings: Settings, request: TargetRequest) -> Generator[Piece]:
    with unsent():
        # Not escaped: many languages would take twice the bytes, and Lambda accepts 6 MB.
        event = json.dumps(_event(request), ensure_ascii=False).encode()
    path = f"/2021-11-15/functions/{quote(settings.function_arn, safe='')}/response-streaming-invocations"
    headers = {"X-Amz-Invocation-Type": "RequestResponse"}
    read = _text if settings.response == "text" else _json
    try:
        with closing(
            _client().stream("InvokeWithResponseStream", path, event, headers, request.seconds_left)
        ) as messages:
            yield from read(_payload(messages))
    except AwsErrorResponse as error:
        if error.code == "RequestTooLargeException":
            raise refusals.too_long() from None
        raise


def _payload(messages: Iterable[Message]) -> Iterator[bytes]:
    """What the function wrote. Raises TargetFailed or TargetTimedOut if it failed, or did not come to its end."""
    is_complete = False
    for message in messages:
        match message.headers.get(":event-type"):
            case "PayloadChunk":
                yield message.payload
            case "InvokeComplete":
                _require_success(message.payload)
                is_complete = True
    if not is_complete:
        raise TargetFailed(code="target_answer_incomplete")


def _text(chunks: Iterable[bytes]) -> Generator[Piece]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for chunk in chunks:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
    yield Ending()


def _json(chunks: Iterable[bytes]) -> Generator[Piece]:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > _JSON_BYTES_MAX:
            raise TargetFailed(code="target_answer_too_large")
    reply = _Reply.model_validate_json(_ESCAPE.sub(lambda found: b"\\ufffd" if found["half"] else found[0], body))
    yield reply.text
    yield reply.ending()


def _require_success(payload: bytes) -> None:
    """Lambda's description of a failure may quote anything, so only its type is read."""
    match _object(payload):
        case {"ErrorCode": str(code), **more} if code:
            details = _object(more.get("ErrorDetails"))
            # The function's own time limit may be shorter than ours.
            if "Sandbox.Timedout" in {code, str(details.get("errorType"))}:
                raise TargetTimedOut(code="target_function_timed_out")
            raise TargetFailed(code="target_function_failed")


def _object(text: Any) -> dict[str, Any]:
    """Empty unless `text` is a JSON object."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


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
        "tools": [
            {
                "name": one.name,
                "description": one.description,
                "parametersSchema": one.parameters_schema,
                "origin": one.origin,
            }
            for one in request.tools
        ],
        "toolResults": [
            {
                "step": number,
                "name": call.name,
                "parameters": call.parameters,
                "output": step.outputs[call.id],
                "source": "page",
            }
            for number, step in enumerate(request.steps, 1)
            for call in step.calls
        ],
    }
