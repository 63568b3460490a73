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

_MICRODOLLARS = 10**6


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


NAMES = tuple(field.name for field in fields(Price))


def _micro(price: Decimal) -> int:
    return int(price * _MICRODOLLARS)
