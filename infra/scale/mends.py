"""What could be built otherwise, as a change of what operations cost: each can be laid over the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from infra.scale.operations import Call, Operations, Part

Mend = Callable[[Operations], Operations]

# How long a visitor takes from one message to his next, and how exact the order of a list of conversations would be.
_BETWEEN_MESSAGES_SECONDS = 15
_ORDER_SECONDS = 300
_INDEX_SHARDS = 4


def entries_of_keys_only(operations: Operations) -> Operations:
    """The index holds no counts: an entry that stays where it is stays as it is."""
    return _each(operations, lambda part: replace(part, entries=0) if part.entry == "kept" else part)


def entries_move_rarely(operations: Operations) -> Operations:
    """Conversations are ordered by the five minutes of their last message, not by its millisecond."""
    moves = _BETWEEN_MESSAGES_SECONDS / _ORDER_SECONDS
    return _each(
        operations, lambda part: replace(part, entries=part.entries * moves) if part.entry == "moved" else part
    )


def use_counted_apart(operations: Operations) -> Operations:
    """By an update of its own, which waits for no transaction, and costs half."""
    return {name: tuple(one for call in calls for one in _apart(call)) for name, calls in operations.items()}


def remembered(operations: Operations) -> Operations:
    """A function that knows that this minute's use is noted does not look, and what it knows of a target it keeps."""
    return {
        name: tuple(left for call in calls if (left := _not_remembered(call)).parts or not call.parts)
        for name, calls in operations.items()
    }


def index_sharded(operations: Operations) -> Operations:
    """A token's conversations stand under several keys of the index, each with its part of the writes."""
    return _each(operations, lambda part: replace(part, entries=part.entries / _INDEX_SHARDS))


def _each(operations: Operations, change: Callable[[Part], Part]) -> Operations:
    return {
        name: tuple(Call(call.name, tuple(map(change, call.parts))) for call in calls)
        for name, calls in operations.items()
    }


def _not_remembered(call: Call) -> Call:
    return call.without("USAGE", "TARGET") if call.name in {"GetItem", "BatchGetItem"} else call


def _apart(call: Call) -> list[Call]:
    if not call.notes_use:
        return [call]
    uses = tuple(replace(part, writes=part.writes / 2) for part in call.only("USAGE").parts)
    return [call.without("USAGE"), Call("UpdateItem", uses)]
