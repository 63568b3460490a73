"""A target: a flow or agent that a tenant has registered, with the kind of backend that answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import NotFound
from shared.rules import base62, input_limits, price
from shared.rules.input_limits import InputLimits
from shared.rules.price import Price

# Each is a file of this name in shared/targets.
KINDS = ("echo", "aws_lambda", "bedrock", "openai")
MAX_TOKENS_DEFAULT = 1024
# The setting `max_tokens` limits the answers of these. What answers of the others cost per token has no limit.
_KINDS_WITH_MAX_TOKENS = {"bedrock", "openai"}

_REFERENCE_LENGTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`id`: the id of the flow or agent in client tokens. `settings`: those of its kind, its input limits, and its
    prices.
    """

    id: str
    tenant: str
    kind: str
    settings: Mapping[str, Any]
    created_at: datetime

    @property
    def limits(self) -> InputLimits:
        return InputLimits(**{name: value for name, value in self.settings.items() if name in input_limits.NAMES})

    @property
    def price(self) -> Price | None:
        """None if the operator has registered no price."""
        return Price.from_settings(self.settings)

    @property
    def max_tokens(self) -> int | None:
        """The longest answer, in tokens of the model. None if the kind has no such limit."""
        return self.settings.get("max_tokens", MAX_TOKENS_DEFAULT) if self.kind in _KINDS_WITH_MAX_TOKENS else None

    @property
    def worst_case(self) -> int | None:
        """That of an answer without tools of the page."""
        return self.worst_case_with(0)

    def worst_case_with(self, tools_overhead: int) -> int | None:
        """The most that one answer can cost, in picodollars. `tools_overhead`: the bytes that a model reads because of
        the page's tools, beside their definitions, which count as input.

        None if there is no such number: no price is registered, tokens have a price and the answer has no limit, or
        tokens have a price and attachments are on, of which a model may make any number of tokens.
        """
        registered = self.price
        if registered is None:
            return None
        output_tokens = 0
        if registered.input_price or registered.output_price:
            if self.max_tokens is None or self.limits.attachments:
                return None
            output_tokens = self.max_tokens
        return registered.worst(
            input_bytes=self.limits.max_input_bytes
            + len(self.settings.get("system_prompt", "").encode())
            + tools_overhead,
            messages=input_limits.HISTORY_MESSAGES_MAX,
            output_tokens=output_tokens,
        )

    @property
    def kind_settings(self) -> Mapping[str, Any]:
        """Without the input limits and prices, which apply to every kind and are used elsewhere."""
        return {name: value for name, value in self.settings.items() if name not in {*input_limits.NAMES, *price.NAMES}}


def require_available(found: Target | None) -> Target:
    """`found`: None if no target is registered under the id. Raises NotFound."""
    if found is None:
        raise _not_available("It is not registered. Register it as a target, or name another one in the client token.")
    if found.kind not in KINDS:
        raise _not_available("This version of the service does not support its kind. Register it again.")
    return found


def reference(tenant: str, target_id: str) -> str:
    """A name of a target that reveals neither tenant nor id: 119 bits of a digest, in base62."""
    # No tenant's name holds a NUL, so pairs are unambiguous.
    digest = hashlib.sha256(f"{tenant}\0{target_id}".encode()).digest()
    return base62.encode(int.from_bytes(digest), _REFERENCE_LENGTH)


def _not_available(hint: str) -> NotFound:
    return NotFound("The assistant is not available.", code="target_not_found", hint=hint)
