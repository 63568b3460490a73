"""A pause in the item of its turn: what the target was asked with, and the steps so far.

It is there only while the execution may go on: a reply, or a new attempt, removes it. Outputs of the page's tools are
stored nowhere else.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from shared.errors import TargetFailed
from shared.rules import timestamps
from shared.rules.answer import ToolCall, Usage
from shared.rules.client_tools import Step
from shared.rules.target_request import Message, PageInput
from shared.rules.turn import Pause
from shared.store.table import Item

# Beside a message of up to 64 KB, and what is displayed of it, in an item of at most 400 KB. The page has chosen up to
# 160 KB of it, and the ids that it shows.
_BYTES_MAX = 224 * 1024

NAMES = ("paused_until", "exchange")
"""The attributes that a reply or a new attempt removes."""


def to_item(pause: Pause) -> Item:
    """Raises TargetFailed if the calls and their context are too large to be stored."""
    asked = pause.page_input
    exchange = {
        "steps": [_values(step) for step in asked.steps],
        "inputs": asked.inputs,
        "metadata": asked.metadata,
        "context": asked.context,
        "shown_ids": None if asked.shown_ids is None else sorted(asked.shown_ids),
    }
    text = json.dumps(exchange, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > _BYTES_MAX:
        raise TargetFailed(code="target_answer_too_large")
    return {"paused_until": timestamps.to_text(pause.until), "exchange": text}


def from_item(item: Item, message: Message) -> Pause:
    exchange = json.loads(item["exchange"])
    asked = PageInput(
        message=message,
        inputs=exchange["inputs"],
        metadata=exchange["metadata"],
        context=exchange["context"],
        shown_ids=exchange["shown_ids"],
        steps=tuple(map(_step, exchange["steps"])),
    )
    return Pause(asked, timestamps.from_text(item["paused_until"]))


def _values(step: Step) -> dict[str, Any]:
    return step._asdict() | {
        "calls": [call._asdict() for call in step.calls],
        "outputs": dict(step.outputs),
        "usage": asdict(step.usage) if step.usage else None,
    }


def _step(values: dict[str, Any]) -> Step:
    calls, usage = tuple(ToolCall(**call) for call in values["calls"]), values["usage"]
    return Step(values["text"], calls, values["outputs"], Usage(**usage) if usage else None)
