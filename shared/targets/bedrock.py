"""Answers with a model on Amazon Bedrock, through ConverseStream, with the function's role."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Generator, Iterable
from contextlib import closing
from functools import cache
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from shared.aws.client import AwsErrorResponse
from shared.aws.event_stream import Message
from shared.aws.stream_client import StreamClient
from shared.errors import InvalidRequest, TargetFailed, TargetTimedOut, unsent
from shared.rules.answer import Declined, Ending, Piece, StopReason, ToolCalls, Usage
from shared.rules.client_tools import ClientTool, Step
from shared.rules.price import FREE_STATUSES
from shared.rules.target import MAX_TOKENS_DEFAULT
from shared.rules.target_request import Attachment, TargetRequest
from shared.targets import refusals
from shared.targets.system_prompt import SystemPrompt
from shared.targets.tools import Calls, Tools, call_id, marked

_IMAGES = {"image/gif": "gif", "image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp"}
_DOCUMENTS = {
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
}
# The others are "end_turn".
_STOP_REASONS: dict[str, StopReason] = {
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}
# How its message begins, which depends on the model. Anywhere else, it may quote a visitor.
_TOO_LONG = re.compile(
    r"(The model returned the following errors: )?(400 Bad Request: )?"
    r"(Input is too long|Prompt is too long|Input length and `max_tokens` exceed context limit|Too many input tokens|"
    r"This model's maximum context length is )",
    re.IGNORECASE,
)


@cache
def _client() -> StreamClient:
    return StreamClient("bedrock-runtime", signing_name="bedrock")


def _model_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:/-]{1,2048}", text):
        raise PydanticCustomError(
            "model_id", "must be the id or ARN of a model or an inference profile, such as us.amazon.nova-lite-v1:0"
        )
    return text


class Settings(BaseModel, extra="forbid", frozen=True):
    """`temperature`: the model's default unless set. `max_tokens`: limits the cost of a reply."""

    model_id: Annotated[str, AfterValidator(_model_id)]
    system_prompt: SystemPrompt = ""
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = MAX_TOKENS_DEFAULT


def answer(settings: Settings, request: TargetRequest) -> Generator[Piece]:
    with unsent():
        tools = Tools(request.tools, request.steps)
        sent = json.dumps(_body(settings, request, tools)).encode()
    path = f"/model/{quote(settings.model_id, safe='')}/converse-stream"
    headers = {"Content-Type": "application/json"}
    try:
        with closing(_client().stream("ConverseStream", path, sent, headers, request.seconds_left)) as messages:
            yield from _answer(messages, tools)
    except AwsErrorResponse as error:
        # Among the events, the same names begin with a small letter.
        if error.code.casefold() == "modeltimeoutexception":
            raise TargetTimedOut from error
        if error.code.casefold() == "validationexception":
            if _TOO_LONG.match(str(error)):
                raise refusals.too_long() from None
            if refused := refusals.of_page(request, is_free=error.status in FREE_STATUSES):
                raise refused from None
        raise


def _body(settings: Settings, request: TargetRequest, tools: Tools) -> dict[str, Any]:
    body: dict[str, Any] = {
        "messages": _messages(request),
        "inferenceConfig": {"maxTokens": settings.max_tokens},
    }
    if settings.temperature is not None:
        body["inferenceConfig"]["temperature"] = settings.temperature
    if settings.system_prompt:
        body["system"] = [{"text": settings.system_prompt}]
    if tools.offered:
        body["toolConfig"] = {"tools": [_tool(one) for one in tools.offered]}
        body["messages"] += _steps(tools, request.steps)
    return body


def _answer(messages: Iterable[Message], tools: Tools) -> Generator[Piece]:
    """Blocks without text, such as a model's reasoning, are not for the visitor."""
    calls = Calls()
    stop_reason, usage, has_text, is_calling = None, None, False, False
    for message in messages:
        try:
            event = json.loads(message.payload)
        except (ValueError, RecursionError) as error:
            raise TargetFailed from error
        match message.headers.get(":event-type"), event:
            case "contentBlockDelta", {"delta": {"text": str(text)}}:
                has_text = has_text or bool(text.strip())
                yield text
            case (("contentBlockStart" | "contentBlockDelta"), _):
                _add(calls, event)
            case "messageStop", {"stopReason": str(reason)}:
                is_calling = reason == "tool_use"
                stop_reason = _STOP_REASONS.get(reason, "end_turn")
            case "metadata", {"usage": {"inputTokens": read, "outputTokens": written}}:
                usage = Usage.from_counts(read, written)
    if stop_reason is None:
        raise TargetFailed(code="target_answer_incomplete")
    if stop_reason == "content_filter" and not has_text:
        raise Declined(usage)
    yield ToolCalls(calls.read(tools), usage) if is_calling else Ending(stop_reason=stop_reason, usage=usage)


def _add(calls: Calls, event: Any) -> None:
    match event:
        case {"contentBlockIndex": int(index), "start": {"toolUse": {"name": name, "toolUseId": model_id}}}:
            calls.add(index, name=name, model_id=model_id)
        case {"contentBlockIndex": int(index), "delta": {"toolUse": {"input": arguments}}}:
            calls.add(index, arguments=arguments)


def _messages(request: TargetRequest) -> list[dict[str, Any]]:
    """Converse requires alternating turns, the first of them the user's, and no blank text.

    Two messages of the visitor are adjacent if the reply to the first one failed. A truncated history may begin with a
    reply.
    """
    turns: list[dict[str, Any]] = []
    for message in request.history():
        content: list[dict[str, Any]] = [{"text": message.text}] if message.text.strip() else []
        # By its time, which is unique. The page chooses the ids and may reuse one.
        if message.at == request.message.at:
            content += [_block(attachment, number) for number, attachment in enumerate(request.attachments, 1)]
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += content
        elif content and (turns or message.role == "user"):
            turns.append({"role": message.role, "content": content})
    return turns


def _tool(tool: ClientTool) -> dict[str, Any]:
    # Neither may be empty.
    spec = {"name": tool.name, "description": tool.description or tool.name}
    return {"toolSpec": spec | {"inputSchema": {"json": tool.parameters_schema}}}


def _steps(tools: Tools, steps: Iterable[Step]) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for step in steps:
        said: list[dict[str, Any]] = [{"text": step.text}] if step.text.strip() else []
        said += [
            {"toolUse": {"toolUseId": call_id(one), "name": tools.alias(one.name), "input": one.parameters}}
            for one in step.calls
        ]
        results = [
            {"toolResult": {"toolUseId": call_id(one), "content": [{"text": marked(step.outputs[one.id])}]}}
            for one in step.calls
        ]
        turns += [{"role": "assistant", "content": said}, {"role": "user", "content": results}]
    return turns


def _block(attachment: Attachment, number: int) -> dict[str, Any]:
    source = {"bytes": b64encode(attachment.data).decode()}
    if attachment.media_type in _IMAGES:
        return {"image": {"format": _IMAGES[attachment.media_type], "source": source}}
    if attachment.media_type in _DOCUMENTS:
        # A neutral name, as Bedrock's documentation advises: models may follow a name as an instruction.
        return {
            "document": {"format": _DOCUMENTS[attachment.media_type], "name": f"Document {number}", "source": source}
        }
    raise InvalidRequest(
        "This assistant cannot read that kind of file.",
        code="attachment_not_supported",
        hint="It reads images (PNG, JPEG, GIF, WebP), PDF, Word, Excel, CSV, HTML, Markdown and plain text.",
    )
