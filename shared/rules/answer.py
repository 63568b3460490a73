"""What a target reports at the end of its answer, and the refusal if a filter left none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.errors import InvalidRequest

# "length": the answer was cut off at the target's limit. "content_filter": a filter stopped it.
StopReason = Literal["end_turn", "length", "content_filter"]
# More than any model reads or writes at once, and a number that can be stored.
_TOKENS_MAX = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """In tokens, as the target counts them."""

    input_tokens: int
    output_tokens: int

    @classmethod
    def from_counts(cls, input_tokens: object, output_tokens: object) -> Usage | None:
        """None unless both are counts. What a target reports may be missing, or anything."""
        match input_tokens, output_tokens:
            case (bool(), _) | (_, bool()):
                return None
            case int(read), int(written) if 0 <= read <= _TOKENS_MAX and 0 <= written <= _TOKENS_MAX:
                return cls(input_tokens=read, output_tokens=written)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The last item of every complete answer. `usage`: None if the target does not know it."""

    stop_reason: StopReason = "end_turn"
    usage: Usage | None = None


class Declined(InvalidRequest):
    """A filter of the target stopped the answer before its first text. `usage`: None if the target does not know it."""

    code = "target_declined"
    message = "The assistant cannot answer that."

    def __init__(self, usage: Usage | None = None) -> None:
        self.usage = usage
        super().__init__()
