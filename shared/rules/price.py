"""What an answer costs, as the operator has registered the target's prices.

Amounts are whole picodollars (a millionth of a millionth of a dollar), so that no sum is ever rounded: a token at one
microdollar per million tokens costs one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from shared.rules.answer import Usage

PICODOLLARS = 10**12
_MICRODOLLARS = 10**6
# Of refusals without work: not authenticated, not allowed, not found, and throttled. Providers may charge for others,
# such as a 400 by a content filter, or a 408:
# https://azure.microsoft.com/pricing/details/cognitive-services/openai-service/
FREE_STATUSES = {401, 403, 404, 429}
# What providers add to a message of their own: roles, separators, a preamble.
_TOKENS_PER_MESSAGE = 16
_TOKENS_PER_REQUEST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """In dollars with at most six decimals: per million tokens, and per call."""

    input_price: Decimal = Decimal(0)
    output_price: Decimal = Decimal(0)
    call_price: Decimal = Decimal(0)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Price | None:
        """None without any price: what such a target costs is unknown, which is not nothing."""
        given = {name: Decimal(str(value)) for name, value in settings.items() if name in NAMES}
        return cls(**given) if given else None

    def cost(self, usage: Usage) -> int:
        """In picodollars."""
        tokens = usage.input_tokens * _micro(self.input_price) + usage.output_tokens * _micro(self.output_price)
        return tokens + _micro(self.call_price) * _MICRODOLLARS

    def worst(self, *, input_bytes: int, messages: int, output_tokens: int) -> int:
        """The most that one answer can cost. No tokenizer makes more than one token of a byte."""
        input_tokens = input_bytes + messages * _TOKENS_PER_MESSAGE + _TOKENS_PER_REQUEST
        return self.cost(Usage(input_tokens=input_tokens, output_tokens=output_tokens))

    def actual(self, usage: Usage | None, *, worst: int | None) -> int | None:
        """What to book after an answer. Unknown usage costs the worst; more than the worst is booked all the same."""
        if usage is None and (self.input_price or self.output_price):
            return worst
        return self.cost(usage or Usage(input_tokens=0, output_tokens=0))


NAMES = tuple(field.name for field in fields(Price))


def _micro(price: Decimal) -> int:
    return int(price * _MICRODOLLARS)
