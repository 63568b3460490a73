"""What a target reports at the end of its answer, or of a part of it, and the refusal if a filter left none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from shared.errors import InvalidRequest

# "length": the answer was cut off at the target's limit. "content_filter": a filter stopped it. "max_tool_calls": it
# would have called more tools than it may.
StopReason = Literal["end_turn", "length", "content_filter", "max_tool_calls"]
ToolOrigin = Literal["sdk", "webmcp"]
_STOP_REASONS: tuple[StopReason, ...] = get_args(StopReason)
# More than any model reads or writes at once, and a number that can be stored.
_TOKENS_MAX = 10**9
# As many, and as long, as the widget shows.
_SUGGESTIONS_MAX = 4
_SUGGESTION_LENGTHS = {"label": 80, "prompt": 500, "description": 160}


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


def total_usage(usages: Sequence[Usage | None]) -> Usage | None:
    """None if one of them is not known."""
    known = [usage for usage in usages if usage]
    if len(known) < len(usages):
        return None
    read, written = (
        sum(counts) for counts in zip(*((one.input_tokens, one.output_tokens) for one in known), strict=True)
    )
    return Usage(input_tokens=read, output_tokens=written)


class SuggestedReply(NamedTuple):
    """What the visitor may want to say next. `label`: on the button. `prompt`: what a click sends instead of it."""

    label: str
    prompt: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The last item of every complete answer. `usage`: None if the target does not know it."""

    stop_reason: StopReason = "end_turn"
    usage: Usage | None = None
    suggestions: tuple[SuggestedReply, ...] = ()


class ToolCall(NamedTuple):
    """`id`: ours, unique in the conversation; empty until the call is accepted. `model_id`: the model's own, or empty.
    `origin`: of the tool.
    """

    name: str
    parameters: Mapping[str, Any]
    id: str = ""
    model_id: str = ""
    origin: ToolOrigin = "sdk"


class ToolCalls(NamedTuple):
    """The last item of an answer that cannot go on before the page has run these."""

    calls: tuple[ToolCall, ...]
    usage: Usage | None = None


Piece = str | Ending | ToolCalls
"""What a target yields: texts, and at last one of the others."""


class Declined(InvalidRequest):
    """A filter of the target stopped the answer before its first text. `usage`: None if the target does not know it."""

    code = "target_declined"
    message = "The assistant cannot answer that."

    def __init__(self, usage: Usage | None = None) -> None:
        self.usage = usage
        super().__init__()


def stop_reason(value: object) -> StopReason:
    """What a target reports, which may be anything."""
    return next((known for known in _STOP_REASONS if known == value), "end_turn")


def suggested_replies(values: object) -> tuple[SuggestedReply, ...]:
    """The first four of a list that are texts, or objects with a `label`. What a target suggests may be anything."""
    given = values if isinstance(values, list) else []
    found = (_suggested_reply({"label": one} if isinstance(one, str) else one) for one in given)
    return tuple(one for one in found if one)[:_SUGGESTIONS_MAX]


def _suggested_reply(value: object) -> SuggestedReply | None:
    if not isinstance(value, Mapping):
        return None
    texts = {name: _text(value.get(name), most) for name, most in _SUGGESTION_LENGTHS.items()}
    label = texts.pop("label")
    return SuggestedReply(label=label, **texts) if label else None


def _text(value: Any, most: int) -> str | None:
    """None unless it is a text of 1 to `most` characters."""
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= most else None
