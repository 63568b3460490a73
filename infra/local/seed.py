"""What it takes to try out a fresh stack: a tenant's API key and flow, and a client token made through the API."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.rules import api_key
from shared.rules.principal import SCOPES
from shared.rules.target import Target
from shared.store import api_keys, targets

TENANT = "demo"
FLOW = "flow_demo"


@dataclass(frozen=True, slots=True)
class ClientToken:
    id: str
    value: str


def plant_tenant() -> str:
    """An API key of a tenant that has a flow."""
    now = datetime.now(UTC)
    key, record = api_key.mint(TENANT, "Local stack", SCOPES, at=now, expires_at=None, random_bytes=secrets.token_bytes)
    api_keys.add(record)
    targets.register(Target(id=FLOW, tenant=TENANT, kind="echo", created_at=now))
    return key


def create_client_token(address: tuple[str, int], key: str, origins: list[str]) -> ClientToken:
    """`address`: the running API's host and port; `key`: an API key; `origins`: where the token may be used."""
    wish = {
        "name": "Demo",
        "environment": "test",
        "allowedOrigins": origins,
        "flowIds": [FLOW],
        "defaultFlowId": FLOW,
        "config": {"welcomeMessage": "Hello! I repeat what you say."},
    }
    created = _post(address, "/v1/client-tokens", key, wish)
    return ClientToken(id=created["clientToken"]["id"], value=created["token"])


def _post(address: tuple[str, int], path: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    api = http.client.HTTPConnection(*address)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        api.request("POST", path, json.dumps(body), headers)
        response = api.getresponse()
        text = response.read().decode()
    finally:
        api.close()
    if response.status != http.client.CREATED:
        raise RuntimeError(f"POST {path} answered {response.status}: {text}")
    answer: dict[str, Any] = json.loads(text)
    return answer
