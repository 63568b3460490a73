"""The API as one OpenAPI 3.1 document: routes and guards from the translated template, shapes from the wire models."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from infra.local.routes import Routes
from infra.local.template import ROOT
from infra.tools.openapi import events, headers, paths, refusals, schemas
from shared.wire.chat import VisitorMessage
from shared.wire.client_tools import ClientTool

FILE = ROOT / "openapi.json"

_TAGS = {
    "Management": "Servers and people create and manage client tokens, with an API key or a Clerk session token.",
    "Browser": (
        "Pages exchange a client token for a session, and chat. The only credentials are the token's value and the "
        "session's id, both in the body. Any page may call these operations and read every response, errors included."
    ),
}
_DESCRIPTION = """Client tokens are browser-safe credentials. The server enforces the origins, flows, rates, and \
sessions that each token allows.

Bodies are JSON in camelCase, and times are ISO 8601 in UTC. Whole numbers may be written as 10.0. Every error has the \
same body (ApiError): `error` is a sentence for people, `code` is for programs, and `hint` says how to fix the \
problem. A method that a path does not support gets a 405. Responses are never cached."""
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": (
        "An API key (ctk_...), or the session token of a person who is signed in with Clerk. Each operation names "
        "the scope that it needs."
    ),
}
_DEPLOYED = {
    "url": "https://{api}.execute-api.{region}.amazonaws.com/{stage}",
    "description": "A deployment: the stack's output ApiUrl.",
    "variables": {
        "api": {"default": "api-id", "description": "The id of the REST API."},
        "region": {"default": "us-east-1", "description": "The AWS region of the stack."},
        "stage": {"default": "api", "description": "The stage; the template has one."},
    },
}
# First, because generators use it as the default: a credential sent without a configured URL stays on this machine.
_LOCAL = {"url": "http://127.0.0.1:3000", "description": "The local stack: make run."}


def write(routes: Routes) -> dict[str, Any]:
    """The document. Raises LookupError for an operation or field without a description."""
    served = paths.served(routes)
    kinds = [kind for one in served for kind in (one.operation.body, one.operation.answer) if kind is not None]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Client tokens",
            "version": project["version"],
            "summary": project["description"],
            "description": _DESCRIPTION,
            "license": {"name": project["license"], "identifier": project["license"]},
        },
        "servers": [_LOCAL, _DEPLOYED],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths.write(served, routes),
        "components": {
            "schemas": schemas.of([*kinds, VisitorMessage, ClientTool, refusals.ApiError]) | events.schemas(),
            "parameters": headers.parameters(),
            "headers": headers.components(),
            "responses": {"MethodNotAllowed": refusals.method_not_allowed()},
            "securitySchemes": {"Bearer": _BEARER},
        },
    }


def text(document: dict[str, Any]) -> str:
    """The content of the file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
