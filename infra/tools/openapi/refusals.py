"""Error responses: one schema, the codes of each operation, and those that API Gateway returns itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NotRequired, TypedDict

from infra.local.routes import Routes
from infra.tools.openapi import headers
from infra.tools.openapi.schemas import reference
from shared.gateway import request
from shared.wire.json_body import VALUES_MAX

Codes = Mapping[int, str]
"""Status -> the codes under it, with spaces between."""


class ErrorDetail(TypedDict):
    """One mistake in a request."""

    path: str
    message: str
    code: str
    suggestion: NotRequired[str]


class ApiError(TypedDict):
    """The body of every response whose status is 400 or higher."""

    error: str
    code: str
    hint: NotRequired[str]
    details: NotRequired[list[ErrorDetail]]
    requestId: str


CODES = "x-error-codes"
"""The extension of a response: the values that `code` can have there."""

# Codes of every operation, then those of each plane and of operations with a body.
_ANY: Codes = {500: "internal_error", 503: "unavailable"}
WITH_BODY: Codes = {400: "invalid_json invalid_request", 413: "too_large"}
MANAGEMENT: Codes = {403: "forbidden"}
BROWSER: Codes = {401: "token_inactive token_expired", 403: "origin_not_allowed", 429: "rate_limited"}

# The gateway responses that a request to a known path and method can meet, with API Gateway's own status where the
# template leaves it open. The others concern features that this API does not use: usage plans, signatures, validators.
_GATEWAY = {
    "DEFAULT_4XX": 400,
    "DEFAULT_5XX": 500,
    "INTEGRATION_FAILURE": 502,
    "INTEGRATION_TIMEOUT": 504,
    "REQUEST_TOO_LARGE": 413,
    "THROTTLED": 429,
    "WAF_FILTERED": 403,
}
_GATEWAY_WITH_AUTHORIZER = {"ACCESS_DENIED": 401, "AUTHORIZER_CONFIGURATION_ERROR": 503, "AUTHORIZER_FAILURE": 503}

MEANINGS = {
    "answer_too_large": "The response would be too large. Set a lower limit.",
    "attachment_not_supported": "The flow or agent cannot read files of this kind.",
    "attachments_not_enabled": "The target does not accept attachments. Nothing was sent to it.",
    "attachments_too_large": "The attachments together exceed the target's limit in bytes, which `error` names.",
    "attempts_exhausted": "This message was tried several times without an answer. Write another one.",
    "budget_exhausted": "The token's daily budget is spent, or answers in progress hold the rest. Retry after "
    "`Retry-After` seconds: on the next day (UTC), or in a moment.",
    "client_tools_not_supported": "The model's provider does not accept the page's tools, or outputs of them.",
    "client_tools_resend_required": "The service has no tools under clientToolsFingerprint. Send clientTools with it.",
    "client_tools_too_large": "clientTools are too many, or exceed a limit of the target in bytes.",
    "identity_proof_not_admitted": "The request has a proof of identity, and no token admits any.",
    "visitor_token_required": "The request has no X-Visitor-Token.",
    "visitor_not_found": "The visitor's secret is unknown, was forgotten, or has expired.",
    "conversation_not_found": "The visitor has no such conversation. Nobody learns whether it exists.",
    "conflict": "A concurrent request changes the same thing, or has the same key. Retry after `Retry-After` seconds.",
    "conversation_deleted": "The conversation was deleted. Open a new session.",
    "display_too_large": "What is displayed of one message and its reply takes more than 96 KB.",
    "execution_expired": "The answer has waited for 15 minutes. Send the message again.",
    "execution_not_found": "The session's conversation has no such answer.",
    "execution_not_paused": "The answer does not wait: it goes on, or has ended.",
    "forbidden": "The credential lacks the scope that `hint` names, or a firewall refused the request.",
    "idempotency_key_reused": "This Idempotency-Key was already used with a different request.",
    "in_progress": "The same message is still being answered. Retry after `Retry-After` seconds.",
    "input_too_large": "The message with what was sent beside it exceeds the target's limit in bytes.",
    "internal_error": "An error in the service.",
    "invalid_attachment": "An image or a file is not base64, or has no media type.",
    "invalid_cursor": "The cursor is malformed, or belongs to another list or other filters. Start without it.",
    "invalid_header": "A header that this operation reads is malformed.",
    "invalid_json": "The body is not a JSON object.",
    "invalid_request": "`details` says what is wrong, and where. Unknown fields are errors, too.",
    "invalid_token": "No client token has this value: it was mistyped, replaced, or deleted.",
    "join_not_supported": "submitMode is join. A message cannot join an answer that is in progress.",
    "message_id_taken": "Another message of the session looks the same to the service. Send it with a new id.",
    "message_limit_reached": "The session has used all messages that the token allows.",
    "message_too_long": "The message's text exceeds the target's limit in bytes of UTF-8, which `error` names.",
    "method_not_allowed": "The path does not support this method.",
    "no_pending_call": "toolOutputs has no output for a call that the answer waits for.",
    "no_message": "There is no user message, or it is empty.",
    "no_target": "The token has neither a flow nor an agent.",
    "not_found": "There is no such client token, conversation, or feedback, or it belongs to another tenant.",
    "origin_not_allowed": "The page's origin is not among the token's allowed origins.",
    "precondition_failed": "The client token has changed since the ETag that If-Match names.",
    "rate_limited": "Too many requests from one client address, or too many writes, reveals, or lists by one tenant.",
    "record_too_large": "The token's record would be larger than 32 KB. `details` names its largest field.",
    "resumes_exhausted": "This message went on after many pauses without an answer. Write another one.",
    "session_ended": (
        "The session is unknown, was idle for too long, or was opened by another origin, its token's value was "
        "replaced, or its conversation has been deleted before. Open a new session."
    ),
    "session_not_found": "The session is unknown, or ended more than a day ago.",
    "signing_key_unusable": "KMS cannot sign with the deployment's key.",
    "target_answer_empty": "The flow's or agent's answer has no text.",
    "target_answer_incomplete": "The flow's or agent's answer broke off.",
    "target_answer_too_large": "The flow's or agent's answer is too large.",
    "target_called_too_many_tools": "The flow or agent called too many tools at once.",
    "target_called_unknown_tool": "The flow or agent called a tool that the page does not offer.",
    "target_declined": "A guardrail or filter stopped the model before it said anything.",
    "target_failed": "The flow or agent could not be invoked, or failed.",
    "target_function_failed": "The flow's or agent's Lambda function raised an error.",
    "target_function_timed_out": "The flow's or agent's Lambda function reached its own timeout.",
    "target_not_allowed": "The token does not allow this flow or agent.",
    "target_not_found": "No such flow or agent is registered.",
    "target_timed_out": "The flow or agent took too long to answer.",
    "throttled": "There are more concurrent requests than the deployment allows. Retry after `Retry-After` seconds.",
    "timeout": "The response took longer than API Gateway waits.",
    "token_expired": "The client token has expired.",
    "token_inactive": "The client token is switched off.",
    "token_quota_reached": "The tenant has as many client tokens as the deployment allows. Delete some.",
    "too_far": "The offset is too large. Use a smaller offset, or remove the filter.",
    "too_large": (
        f"The body has more than {request.MANAGEMENT_BODY_MAX // 1024} KB, or {request.PAGE_BODY_MAX // 1024} KB for "
        f"init and feedback. A chat body may have about 6 MB, which is Lambda's limit, and {VALUES_MAX:,} values. "
        "Start a new conversation to make it small again."
    ),
    "too_many_previous_values": "Five previous values still work. `hint` says when the next one ends.",
    "too_many_to_list": "There are too many client tokens for a list without `limit`.",
    "unauthenticated": "The credential is missing or not valid.",
    "unavailable": "AWS did not respond as expected. Retry after `Retry-After` seconds.",
    "visitor_history_disabled": "The token keeps no history for visitors. Open the session without those fields.",
    "visitor_required": "The visitor's secret is unknown, was forgotten, or has expired. Open a session without it.",
    "value_unavailable": "The key that signed the value is no longer available. Regenerate the token.",
}


def responses(refuses: Iterable[Codes], routes: Routes, *, is_authorized: bool) -> dict[str, Any]:
    """Each status with its codes: those of `refuses`, and those that API Gateway returns for such a route."""
    found: dict[int, set[str]] = {}
    own = ((status, code) for codes in (_ANY, *refuses) for status, listed in codes.items() for code in listed.split())
    for status, code in [*own, *_of_gateway(routes, is_authorized=is_authorized)]:
        found.setdefault(status, set()).add(code)
    said_no = {str(status): _response(sorted(codes)) for status, codes in sorted(found.items())}
    for name, names in headers.OF_REFUSALS.items():
        if name in said_no and (is_authorized or name != "401"):
            said_no[name]["headers"] = headers.references(names)
    return said_no


def method_not_allowed() -> dict[str, Any]:
    """The one response that belongs to no operation."""
    return _response(["method_not_allowed"])


def _of_gateway(routes: Routes, *, is_authorized: bool) -> Iterator[tuple[int, str]]:
    for kind, status in (_GATEWAY | (_GATEWAY_WITH_AUTHORIZER if is_authorized else {})).items():
        answer = routes.refusals[kind]
        yield answer.status or status, json.loads(answer.body)["code"]


def _response(codes: list[str]) -> dict[str, Any]:
    """One schema for all responses, so that generators make one class. The extension lists the codes for programs."""
    return {
        "description": "\n".join(f"- `{code}`: {MEANINGS[code]}" for code in codes),
        "content": {"application/json": {"schema": reference(ApiError)}},
        CODES: codes,
    }
