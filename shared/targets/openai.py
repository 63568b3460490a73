"""Answers with any endpoint that speaks OpenAI's chat completions: OpenAI, OpenRouter, vLLM, LiteLLM, Ollama.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import contextlib
import json
import re
from base64 import b64encode
from collections.abc import Callable, Generator, Iterable, Iterator
from http.client import HTTPException, HTTPResponse
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from shared.aws import secret
from shared.errors import ApiError, InvalidRequest, TargetFailed, TargetTimedOut, unsent
from shared.http import deadline, endpoint, server_sent_events
from shared.rules.answer import Declined, Ending, Piece, StopReason, ToolCalls, Usage
from shared.rules.price import FREE_STATUSES
from shared.rules.target import MAX_TOKENS_DEFAULT
from shared.rules.target_request import Attachment, TargetRequest
from shared.targets import openai_tools, refusals
from shared.targets.system_prompt import SystemPrompt
from shared.targets.tools import Calls, Tools

_IMAGES = {"image/gif", "image/jpeg", "image/png", "image/webp"}
_STOP_REASONS: dict[str, StopReason] = {"content_filter": "content_filter", "length": "length"}  # else "end_turn"
# OpenAI's own name for max_tokens, which its newer models refuse and others do not know.
_OPENAI_HOSTS = ("api.openai.com", ".openai.azure.com")
_FINISH_SECONDS = 1.0  # for usage and [DONE], after the finish reason
_STREAM_BYTES_MAX, _ERROR_BYTES_MAX = 32 * 1024 * 1024, 64 * 1024
# Some endpoints use 422 for a body that breaks their schema.
_OK, _UNAUTHORIZED, _BAD_REQUESTS, _TIMEOUTS = 200, 401, {400, 422}, {408, 504}
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_BASE_URL = re.compile(
    rf"(https://(?=[^:/]{{1,253}}([:/]|$)){_LABEL}(\.{_LABEL})*|http://(127\.0\.0\.1|localhost|\[::1\]))"
    r"(:(?P<port>[0-9]{1,5}))?(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*/?"
)
_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,519}")
_PORT_MAX = 65535


def _base_url(text: str) -> str:
    match = _BASE_URL.fullmatch(text)
    if not match or not 0 < int(match["port"] or _PORT_MAX) <= _PORT_MAX:
        raise PydanticCustomError(
            "base_url", "must be an HTTPS URL without a query, such as https://api.openai.com/v1 (HTTP to 127.0.0.1)"
        )
    return text.rstrip("/")


def _secret_arn(text: str) -> str:
    if not _SECRET_ARN.fullmatch(text):
        raise PydanticCustomError(
            "secret_arn",
            "must be the ARN of a secret, such as arn:aws:secretsmanager:us-east-1:123456789012:secret:key",
        )
    return text


class Settings(BaseModel, extra="forbid", frozen=True):
    """`base_url`: without /chat/completions. `secret_arn`: of the API key, as plain text; none for no key.
    `temperature`: the model's default unless set. `max_tokens`: limits the cost of a reply.
    """

    base_url: Annotated[str, AfterValidator(_base_url)]
    model: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\x21-\x7e]+$")]
    secret_arn: Annotated[str, AfterValidator(_secret_arn)] | None = None
    system_prompt: SystemPrompt = ""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = MAX_TOKENS_DEFAULT


class EndpointError(Exception):
    """For the log: `operation` and `code`. Never its message, which may quote the key or the visitor."""

    operation = "chat/completions"

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class _Refused(EndpointError):  # noqa: N818 - named after what it holds
    """A response that is no answer. `error`: its name, if it has one."""

    def __init__(self, status: int, error: str) -> None:
        self.status, self.error = status, error
        super().__init__(f"{status} {error}".strip())


def answer(settings: Settings, request: TargetRequest) -> Generator[Piece]:
    with unsent():
        tools = Tools(request.tools, request.steps)
        body = json.dumps(_body(settings, request, tools), ensure_ascii=False).encode()
    url = f"{settings.base_url}/chat/completions"
    try:
        for is_last_key in (False, True):
            key = secret.read(settings.secret_arn, is_fresh=is_last_key) if settings.secret_arn else None
            headers = _headers(key.value if key else None)
            with endpoint.posted(url, body, headers, request.seconds_left) as response:
                if response.status == _OK:
                    yield from _answer(_events(response), tools, lambda seconds: deadline.hurry(response, seconds))
                    return
                # A key that was rotated is rejected until it is read again.
                if not (response.status == _UNAUTHORIZED and key and key.is_kept and not is_last_key):
                    raise _refused(response)
    except _Refused as refused:
        error = _refusal(refused, request)
        raise error from (refused if isinstance(error, TargetFailed) else None)
    except endpoint.NotSent as error:
        kind = TargetTimedOut if isinstance(error.cause, TimeoutError) else TargetFailed
        raise kind(is_free=True) from EndpointError(type(error.cause).__name__)
    except TimeoutError as error:
        raise TargetTimedOut from error
    except (OSError, HTTPException) as error:
        raise TargetFailed from EndpointError(type(error).__name__)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "client-tokens"}
    if key is not None:
        # http.client would quote a malformed value in its error.
        if not re.fullmatch(r"[\x21-\x7e]{1,4096}", key.strip()):
            raise TargetFailed(is_free=True) from EndpointError("malformed_key")
        headers["Authorization"] = f"Bearer {key.strip()}"
    return headers


def _body(settings: Settings, request: TargetRequest, tools: Tools) -> dict[str, Any]:
    host = urlsplit(settings.base_url).hostname or ""
    is_openai = host == _OPENAI_HOSTS[0] or host.endswith(_OPENAI_HOSTS[1])
    system = [{"role": "system", "content": settings.system_prompt}] if settings.system_prompt else []
    body: dict[str, Any] = {
        "model": settings.model,
        "messages": [*system, *_messages(request), *openai_tools.messages(tools, request.steps)],
        "max_completion_tokens" if is_openai else "max_tokens": settings.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if tools.offered:
        body["tools"] = [openai_tools.definition(one) for one in tools.offered]
    return body if settings.temperature is None else body | {"temperature": settings.temperature}


def _messages(request: TargetRequest) -> list[dict[str, Any]]:
    """The templates of many models require alternating turns, the first of them the user's."""
    turns: list[dict[str, Any]] = []
    for message in request.history():
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += f"\n\n{message.text}"
        elif message.text.strip() and (turns or message.role == "user"):
            turns.append({"role": message.role, "content": message.text})
    if request.attachments:
        images = [_image(one) for one in request.attachments]
        if not turns or turns[-1]["role"] != "user":  # the text beside the images is blank
            return [*turns, {"role": "user", "content": images}]
        turns[-1]["content"] = [{"type": "text", "text": turns[-1]["content"]}, *images]
    return turns


def _image(attachment: Attachment) -> dict[str, Any]:
    if attachment.media_type not in _IMAGES:
        raise InvalidRequest(
            "This assistant cannot read that kind of file.",
            code="attachment_not_supported",
            hint="It reads images: PNG, JPEG, GIF, and WebP.",
        )
    data = b64encode(attachment.data).decode()
    return {"type": "image_url", "image_url": {"url": f"data:{attachment.media_type};base64,{data}"}}


def _events(response: HTTPResponse) -> Iterator[str]:
    """A server may hold the connection after the last of them."""
    if response.headers.get_content_type() != "text/event-stream":
        raise TargetFailed from EndpointError("not_an_event_stream")
    for data in server_sent_events.data(deadline.chunks(response, _STREAM_BYTES_MAX)):
        yield data
        if data == "[DONE]":
            deadline.finish(response)
            return


def _answer(events: Iterable[str], tools: Tools, hurry: Callable[[float], None]) -> Generator[Piece]:
    """Reasoning is not for the visitor. `hurry` limits the wait for usage and [DONE], which some servers never send."""
    stop_reason, usage, has_text, calls = None, None, False, Calls()
    with contextlib.ExitStack() as finishing:
        for data in events:
            if data == "[DONE]":
                continue
            try:
                event = json.loads(data)
            except (ValueError, RecursionError):
                raise TargetFailed from EndpointError("malformed_event")
            match event:
                case {"error": error} if error:
                    raise TargetFailed from EndpointError(_code(event))
            match event:
                case {"usage": {"prompt_tokens": read, "completion_tokens": written}}:
                    usage = Usage.from_counts(read, written)
            match event:
                case {"choices": [{"delta": {"content": str(text)}}, *_]}:
                    has_text = has_text or bool(text.strip())
                    yield text
            openai_tools.add(calls, event)
            match event:
                case {"choices": [{"finish_reason": str(reason)}, *_]} if reason:
                    stop_reason = _STOP_REASONS.get(reason, "end_turn")
                    finishing.enter_context(contextlib.suppress(TimeoutError))
                    hurry(_FINISH_SECONDS)
    if stop_reason is None:
        raise TargetFailed(code="target_answer_incomplete")
    if stop_reason == "content_filter" and not has_text:
        raise Declined(usage)
    called = calls.read(tools) if stop_reason == "end_turn" else ()
    yield ToolCalls(called, usage) if called else Ending(stop_reason=stop_reason, usage=usage)


def _refused(response: HTTPResponse) -> _Refused:
    body = b"".join(deadline.chunks(response, _ERROR_BYTES_MAX))
    try:
        error = _code(json.loads(body))
    except (ValueError, RecursionError):
        error = ""
    return _Refused(response.status, error)


def _refusal(refused: _Refused, request: TargetRequest) -> ApiError:
    if refused.status in _TIMEOUTS:
        return TargetTimedOut()
    if refused.error == "context_length_exceeded":
        return refusals.too_long()
    if refused.error == "content_filter":
        return Declined()
    of_page = refusals.of_page(request) if refused.status in _BAD_REQUESTS else None
    return of_page or TargetFailed(is_free=refused.status in FREE_STATUSES)


def _code(event: Any) -> str:
    """The name of an error, if it is one: anything else may quote a visitor."""
    match event:
        case {"error": {"code": str(code)}} | {"error": {"type": str(code)}} if re.fullmatch(r"[a-z0-9_]{1,64}", code):
            return code
    return ""
