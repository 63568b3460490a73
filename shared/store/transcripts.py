"""What was said in a conversation, for its owner: texts as they are stored, and those that were displayed instead."""

from __future__ import annotations

from datetime import datetime

from shared.rules import cursor, identifier
from shared.rules.conversation import Conversation
from shared.rules.turn import Turn
from shared.store import conversation_list, conversations, table, turn_items

# Escaped as JSON within JSON, each byte may take seven. A response takes 6 MB, of which feedback may take 1.8.
_BYTES_MAX = 580_000
# Of a message in a response, beside its id and its texts, at seven each.
_MESSAGE_BYTES = 40
_LAST = "~"


def get(tenant: str, conversation_id: str, *, at: datetime) -> Conversation:
    """Raises NotFound for an unknown or deleted conversation and, with the same message, for another tenant's."""
    record = None
    if identifier.is_valid("conv", conversation_id):
        record = table.get(conversations.record_key(conversation_id), at=at)
    if record is None or "is_gone" in record or record["tenant"] != tenant:
        raise conversations.unknown()
    return conversation_list.from_item(record, at=at)


def page(conversation_id: str, limit: int, *, before: str | None, at: datetime) -> tuple[list[Turn], str | None]:
    """Turns, the oldest first, and what they come before if older ones exist.

    The newest are read first: `limit`, or as many as a response can hold. Raises InvalidRequest.
    """
    if before is not None and not before.startswith("MESSAGE#"):
        raise cursor.invalid()
    turns = table.query(
        "pk = :pk AND sk BETWEEN :first AND :last",
        {":pk": conversations.pk(conversation_id), ":first": "MESSAGE#", ":last": before or f"MESSAGE#{_LAST}"},
        at=at,
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=limit + 2,
    )
    found: list[Turn] = []
    room, last = _BYTES_MAX, None
    for item in turns:
        turn = turn_items.from_item(item)
        if item["sk"] == before or turn.is_gone:
            continue
        room -= _size(turn)
        if len(found) == limit or (room < 0 and found):
            return found[::-1], last
        found.append(turn)
        last = item["sk"]
    return found[::-1], None


def _size(turn: Turn) -> int:
    """Of its messages, in bytes."""
    suggested = turn.ending.suggestions if turn.ending else ()
    texts = [text for message in turn.messages for text in (message.id, message.text)]
    texts += [text for one in suggested for text in one if text]
    size = sum(len(text.encode()) for text in (*texts, turn.display or "", turn.reply_display or ""))
    return size + _MESSAGE_BYTES * len(turn.messages)
