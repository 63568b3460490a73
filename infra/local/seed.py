"""Initial data to try a new stack: a tenant's API key and flow, and a client token created through the API."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from infra.local.management import Management, ManagementError
from shared import gc_control
from shared.errors import NotFound
from shared.rules import api_key
from shared.rules.principal import SCOPES
from shared.rules.target import Target
from shared.store import api_keys, targets

# The store's imports disable garbage collection until a function has started. This process is not a function.
gc_control.freeze()

TENANT = "demo"
FLOW = "flow_demo"
# Whatever answers the flow by then.
_WELCOME = "Hello! Send me a message."
# So that the demo page shows an answer stream.
ECHO = {"pause_ms": 50}


@dataclass(frozen=True, slots=True)
class ClientToken:
    id: str
    value: str


def plant(url: str, pages: list[str], kept: Mapping[str, str] | None, handler_arn: str | None = None) -> dict[str, str]:
    """Creates a tenant with a key, a flow, and a client token for `pages`, for the greeting and other programs.

    `kept`: the result of an earlier start, which is used while its key and its token are valid. `handler_arn`: of the
    developer's own handler, which then answers the flow.
    """
    if kept:
        try:
            value = _renew(Management(url, kept["apiKey"]), f"/v1/client-tokens/{kept['clientTokenId']}", pages)
        except ManagementError as refusal:
            # The key was revoked, or the token deleted.
            if refusal.status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}:
                raise
        else:
            _register_flow(handler_arn, ECHO)
            return {**kept, "clientToken": value}
    key = plant_tenant(handler_arn, ECHO)
    token = create_client_token(Management(url, key), [*pages, "https://app.example.com"])
    return {"tenant": TENANT, "apiKey": key, "clientToken": token.value, "clientTokenId": token.id, "flowId": FLOW}


def _renew(management: Management, path: str, pages: list[str]) -> str:
    """Returns the token's value, after allowing the demo page's current port. Raises ManagementError."""
    origins = management.ask("GET", path)["clientToken"]["allowedOrigins"]
    if missing := [page for page in pages if page not in origins]:
        management.ask("PUT", path, {"allowedOrigins": [*origins, *missing]})
    value: str = management.ask("GET", f"{path}/token")["token"]
    return value


def plant_tenant(handler_arn: str | None = None, echo: Mapping[str, Any] | None = None) -> str:
    """Creates a tenant with a flow; returns its API key. `echo`: the settings of an echo."""
    now = datetime.now(UTC)
    key, record = api_key.mint(TENANT, "Local stack", SCOPES, at=now, expires_at=None, random_bytes=secrets.token_bytes)
    api_keys.add(record)
    _register_flow(handler_arn, echo or {})
    return key


def _register_flow(handler_arn: str | None, echo: Mapping[str, Any]) -> None:
    """The developer's handler answers it, or an echo. Other targets, which the developer has registered, stay."""
    kind, settings = ("aws_lambda", {"function_arn": handler_arn}) if handler_arn else ("echo", echo)
    before = None
    with contextlib.suppress(NotFound):
        before = targets.get(TENANT, FLOW)
        # Without its handler, a function of an earlier run cannot answer.
        if before.settings.get("function_arn") == handler_arn:
            return
    target = Target(id=FLOW, tenant=TENANT, kind=kind, settings=settings, created_at=datetime.now(UTC))
    targets.register(target, replaces=before)


def create_client_token(management: Management, origins: list[str]) -> ClientToken:
    """`origins`: where the token may be used."""
    body = {
        "name": "Demo",
        "environment": "test",
        "allowedOrigins": origins,
        "flowIds": [FLOW],
        "defaultFlowId": FLOW,
        "config": {"welcomeMessage": _WELCOME},
    }
    created = management.ask("POST", "/v1/client-tokens", body)
    return ClientToken(id=created["clientToken"]["id"], value=created["token"])
