"""What it takes to try out a fresh stack: a tenant's API key and flow, and a client token made through the API."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.management import Management
from shared import startup
from shared.rules import api_key
from shared.rules.principal import SCOPES
from shared.rules.target import Target
from shared.store import api_keys, targets

# The store's imports stop garbage collection until a function has started. This process is none, and makes garbage.
startup.is_over()

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
    targets.register(Target(id=FLOW, tenant=TENANT, kind="echo", settings={}, created_at=now))
    return key


def create_client_token(management: Management, origins: list[str]) -> ClientToken:
    """`origins`: where the token may be used."""
    wish = {
        "name": "Demo",
        "environment": "test",
        "allowedOrigins": origins,
        "flowIds": [FLOW],
        "defaultFlowId": FLOW,
        "config": {"welcomeMessage": "Hello! I repeat what you say."},
    }
    created = management.ask("POST", "/v1/client-tokens", wish)
    return ClientToken(id=created["clientToken"]["id"], value=created["token"])
