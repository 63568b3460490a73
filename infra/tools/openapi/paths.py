"""The document's paths: each route that a function serves, with its model, its guard, and its description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from infra.local.routes import Function, Routes
from infra.tools.openapi import browser, examples, headers, management, refusals, schemas
from infra.tools.openapi.operation import Operation

_OPERATIONS = management.OPERATIONS | browser.OPERATIONS
# Parameter of a path -> its description, and an example.
_IN_PATH = {
    "id": ("The client token's id.", examples.TOKEN.id),
    "conversation": ("The conversation's id.", examples.CONVERSATION_ID),
    "feedback": ("The feedback's id.", examples.FEEDBACK_ID),
}


@dataclass(frozen=True, slots=True)
class Served:
    """An operation with its path and method. `function`: the logical id of the function that serves it."""

    path: str
    method: str
    function: str
    is_authorized: bool
    operation: Operation


def served(routes: Routes) -> list[Served]:
    """In the order of their descriptions. Raises LookupError for a function without one."""
    found = [
        Served(path, method.lower(), route.target.name, route.authorizer is not None, _described(route.target.name))
        for path, methods in routes.paths.items()
        for method, route in methods.items()
        if isinstance(route.target, Function)
    ]
    return sorted(found, key=lambda one: list(_OPERATIONS).index(one.function))


def write(operations: list[Served], routes: Routes) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    # How a created token's id is used in later requests.
    following = [one.function for one in operations if "{id}" in one.path]
    for one in operations:
        paths.setdefault(one.path, {})[one.method] = _operation(one, routes, following)
    return paths


def _described(function: str) -> Operation:
    if function not in _OPERATIONS:
        raise LookupError(f"Describe {function} in infra/tools/openapi/management.py or browser.py.")
    return _OPERATIONS[function]


def _operation(one: Served, routes: Routes, following: list[str]) -> dict[str, Any]:
    operation = one.operation
    written: dict[str, Any] = {
        "tags": ["Management" if one.is_authorized else "Browser"],
        "operationId": _id(one.function),
        "summary": operation.summary,
        "description": operation.description,
        "security": [{"Bearer": [operation.scope]}] if one.is_authorized else [],
    }
    if parameters := list(_parameters(one)):
        written["parameters"] = parameters
    refuses = [operation.refuses, refusals.MANAGEMENT if one.is_authorized else refusals.BROWSER]
    if operation.body is not None:
        refuses.append(refusals.WITH_BODY)
        written["requestBody"] = {
            "required": operation.is_body_required,
            "content": {"application/json": _media(schemas.reference(operation.body), operation.bodies)},
        }
    said_no = refusals.responses(refuses, routes, is_authorized=one.is_authorized)
    # On errors, too. No page gets a 403 once it is counted.
    also = said_no.keys() - {"403"} if operation.answer_headers == headers.RATE else said_no.keys()
    if operation.answer_headers in (headers.RATE, headers.IDENTITY):
        for status in also:
            said_no[status].setdefault("headers", {}).update(headers.references(operation.answer_headers))
    written["responses"] = {str(operation.status): _answer(operation, following)} | said_no
    return written


def _parameters(one: Served) -> Iterator[dict[str, Any]]:
    if "{conversationId}" in one.path:
        yield {
            "name": "conversationId",
            "in": "path",
            "required": True,
            "description": "The conversation's id. One that is not the visitor's gets the same 404 as an unknown one.",
            "schema": {"type": "string", "minLength": 1},
            "example": examples.CONVERSATION_ID,
        }
    if "{executionId}" in one.path:
        yield {
            "name": "executionId",
            "in": "path",
            "required": True,
            "description": "The execution's id, from the events of the answer.",
            "schema": {"type": "string", "minLength": 1},
            "example": examples.EXECUTION_ID,
        }
    for name, (text, example) in _IN_PATH.items():
        if f"{{{name}}}" in one.path:
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": f"{text} Another tenant's gets the same 404 as an unknown one.",
                "schema": {"type": "string", "minLength": 1},
                "example": example,
            }
    for name, schema in (schemas.parameters(one.operation.query) if one.operation.query else {}).items():
        text = schema.pop("description")
        yield {
            "name": name,
            "in": "query",
            "required": schema.pop("required", False),
            "description": text,
            "schema": schema,
            **_example(name, schema),
        }
    for name in one.operation.headers:
        yield {"$ref": f"#/components/parameters/{name}"}


def _example(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    if name not in examples.PARAMETERS:
        return {}
    example = examples.PARAMETERS[name]
    return {"example": str(example) if schema["type"] == "string" else example}


def _answer(operation: Operation, following: list[str]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if operation.streams:
        content["text/event-stream"] = _media({"type": "string"}, operation.streams)
    if operation.answer:
        content["application/json"] = _media(schemas.reference(operation.answer), operation.examples)
    answer: dict[str, Any] = {
        "description": "Created." if operation.status == HTTPStatus.CREATED else "Success.",
        "content": content,
    }
    if operation.answer_headers:
        answer["headers"] = headers.references(operation.answer_headers)
    if operation.status == HTTPStatus.CREATED:
        identified = {"parameters": {"id": "$response.body#/clientToken/id"}}
        answer["links"] = {name: {"operationId": _id(name)} | identified for name in following}
    return answer


def _media(schema: schemas.Schema, examples: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema": schema, "examples": {name: {"value": value} for name, value in examples.items()}}


def _id(function: str) -> str:
    return function[0].lower() + function[1:]
