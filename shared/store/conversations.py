"""Conversations in the table: one record each, which the index lists, with its messages and feedback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from shared.rules import digest, timestamps
from shared.rules.conversation import Conversation
from shared.rules.feedback import Feedback
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.store import index_entries, pagination, table
from shared.store.attributes import require_type
from shared.store.table import Item, Key, Write

_FIRST_MESSAGE_LENGTH = 280
# Most conversations are shorter. If messages are long, fewer fit, and more would be read for nothing.
_HISTORY_PAGE = 10
_MILLISECOND = timedelta(milliseconds=1)
# if_not_exists keeps what the first message set.
_SET = (
    "SET listing_pk = :listing_pk, listing_sk = :listing_sk, updated_at = :at, expires_at = :expiry, id = :id,"
    " tenant = :tenant, #name = if_not_exists(#name, :name), flow_id = :flow_id, origin = :origin,"
    " first_message = if_not_exists(first_message, :text), created_at = if_not_exists(created_at, :at)"
)
_ADD = "ADD message_count :one"


def message_writes(session: Session, message: Message) -> list[Write]:
    """Parts of a transaction: a visitor's message, and the conversation's record, which the first message creates."""
    at = timestamps.to_text(message.at)
    values = {
        ":listing_pk": f"TOKEN#{session.token_id}",
        ":listing_sk": f"{at}#{session.conversation_id}",
        ":id": session.conversation_id,
        ":tenant": session.tenant,
        ":name": f"Conversation {message.at:%Y-%m-%d %H:%M}",
        ":flow_id": session.target_id,
        ":origin": session.origin,
        ":text": message.text[:_FIRST_MESSAGE_LENGTH],
        ":at": at,
        ":expiry": _expiry(message.at),
        ":one": 1,
    }
    values[":now"] = int(message.at.timestamp())
    record = table.update_write(
        _record(session),
        f"{_SET} {_ADD}",
        values,
        # An expired conversation is not continued, even if DynamoDB has not dropped it yet.
        condition="attribute_not_exists(pk) OR expires_at > :now",
        names={"#name": "name"},
    )
    return [_put_write(session, message), record]


def answer_writes(session: Session, message: Message) -> list[Write]:
    """The same for a reply. It changes only the count, because a late reply must not reset the conversation's time.

    Its condition keeps it from recreating a conversation that was deleted in the meantime.
    """
    counting = table.update_write(_record(session), _ADD, {":one": 1}, condition="attribute_exists(pk)")
    return [_put_write(session, message), counting]


def _put_write(session: Session, message: Message) -> Write:
    pk, sk = _key(session.conversation_id, message.at)
    at, expiry = timestamps.to_text(message.at), _expiry(message.at)
    item = {"pk": pk, "sk": sk, "id": message.id, "role": message.role, "text": message.text, "at": at}
    return table.put_write(item | {"expires_at": expiry})


def message(conversation_id: str, said_at: datetime, *, at: datetime) -> Message | None:
    """By its time, which is unique in a conversation. None once it has expired."""
    item = table.get(_key(conversation_id, said_at), at=at)
    return _to_message(item) if item else None


def newest_first(conversation_id: str, before: datetime, *, at: datetime) -> Iterator[Message]:
    """The messages before that time, read in small pages during iteration."""
    last = _key(conversation_id, before - _MILLISECOND)[1]
    items = table.query(
        "pk = :pk AND sk BETWEEN :messages AND :last",
        {":pk": _pk(conversation_id), ":messages": "MESSAGE#", ":last": last},
        at=at,
        Limit=_HISTORY_PAGE,
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    return map(_to_message, items)


def put_feedback(session: Session, feedback: Feedback, *, at: datetime) -> str:
    """Stores a visitor's feedback instead of any earlier one on the same subject. Returns its id."""
    subject = f"{feedback.type}#{feedback.message_id or ''}"
    feedback_id = f"fb_{digest.sha256_hex(f'{session.conversation_id}#{subject}')[:32]}"
    table.put(
        {
            "pk": _pk(session.conversation_id),
            "sk": f"FEEDBACK#{subject}",
            "id": feedback_id,
            "tenant": session.tenant,
            "type": feedback.type,
            "message_id": feedback.message_id,
            "rating": feedback.rating,
            "comment": feedback.comment,
            "at": timestamps.to_text(at),
            "expires_at": _expiry(at),
        }
    )
    return feedback_id


def page(
    token_id: str, offset: int, limit: int, *, flow_id: str | None, at: datetime
) -> tuple[list[Conversation], bool]:
    """Conversations of the token, most recently active first, optionally of one flow; and whether more follow."""
    values = {":token": f"TOKEN#{token_id}"}
    options: dict[str, Any] = {"IndexName": table.LISTING, "ScanIndexForward": False}
    if flow_id is not None:
        values[":flow"] = flow_id
        options["FilterExpression"] = "flow_id = :flow"
    items, has_more = pagination.read("listing_pk = :token", values, offset, limit, at=at, **options)
    return list(index_entries.verified(items, _own_key, _to_conversation)), has_more


def _expiry(at: datetime) -> int:
    retention = timedelta(days=int(os.environ["CONVERSATION_RETENTION_DAYS"]))
    return int((at + retention).timestamp())


def _record(session: Session) -> Key:
    return _pk(session.conversation_id), "RECORD"


def _pk(conversation_id: str) -> str:
    return f"CONVERSATION#{conversation_id}"


def _key(conversation_id: str, at: datetime) -> Key:
    return _pk(conversation_id), f"MESSAGE#{timestamps.to_text(at)}"


def _to_message(item: Item) -> Message:
    return Message(id=item["id"], role=item["role"], text=item["text"], at=timestamps.from_text(item["at"]))


def _own_key(item: Item) -> Key:
    return _pk(item["id"]), "RECORD"


def _to_conversation(item: Item) -> Conversation:
    require_type(item, str, "id", "name", "flow_id", "origin", "created_at", "updated_at")
    require_type({"first_message": ""} | item, str, "first_message")
    require_type(item, int, "message_count")
    if item["listing_sk"] != f"{item['updated_at']}#{item['id']}":
        raise ValueError("listed under another time")
    return Conversation(
        id=item["id"],
        token_id=item["listing_pk"].removeprefix("TOKEN#"),
        name=item["name"],
        flow_id=item["flow_id"],
        origin=item["origin"],
        message_count=item["message_count"],
        first_message=item.get("first_message"),
        created_at=timestamps.from_text(item["created_at"]),
        updated_at=timestamps.from_text(item["updated_at"]),
    )
