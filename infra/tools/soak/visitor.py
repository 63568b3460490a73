"""A visitor whose browser keeps a secret, in a session with one of their conversations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.tools.soak.client import Client
from infra.tools.soak.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Visitor:
    client: Client
    ledger: Ledger
    token_id: str
    conversation_id: str
    session_id: str
    secret: str

    def ask(self, operation: str, call: str, body: Mapping[str, Any] | None = None, expected: int = 200) -> Any:
        """`call`: method and path."""
        return self.client.look_back(
            operation, call, body, {expected}, session_id=self.session_id, secret=self.secret, token_id=self.token_id
        )
