"""Conversations in the table: one record each, which the index lists, beside its messages."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

from shared.errors import NotFound
from shared.rules import conversation, identifier, message_log, timestamps
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.store import table
from shared.store.table import ConditionFailed, Item, Key, Write

_FIRST_MESSAGE_LENGTH = 280
# if_not_exists keeps what the first message set. The record counts the messages of each session by a maximum, so that
# no copy counts twice. Two sessions count under two names.
_RECORD = (
    "SET #count = :number, updated_at = :at, expires_at = :expiry, listing_pk = :listing_pk, listing_sk = :listing_sk,"
    " id = :id, tenant = :tenant, #name = if_not_exists(#name, :name), flow_id = :flow_id, origin = :origin,"
    " first_message = if_not_exists(first_message, :text), created_at = if_not_exists(created_at, :at),"
    " last_session = :session"
)
# A record counts the messages of each session under a name that begins so.
_COUNT = "count_"


def record_message(
    session: Session, message: Message, number: int, *, title: str | None = None
) -> Literal["started", "continued", "gone"]:
    """Records the `number`th message of a session in its conversation: `started` by this message, or `continued`.
    `title`: what the page displays instead of the message, which is the conversation's title if it is the first.

    `gone`: the conversation was deleted or has expired. It happens before the target is invoked, so that nothing is
    paid for a conversation that was deleted.
    """
    at = timestamps.to_text(message.at)
    listed_at = timestamps.to_text(conversation.listed_at(message.at))
    values = {
        ":number": number,
        ":at": at,
        ":now": int(message.at.timestamp()),
        ":expiry": expiry(conversation.listed_until(message.at)),
        ":listing_pk": f"TOKEN#{session.token_id}",
        ":listing_sk": f"{listed_at}#{session.conversation_id}",
        ":id": session.conversation_id,
        ":tenant": session.tenant,
        ":name": conversation.name(message.at),
        ":flow_id": session.target_id,
        ":origin": session.origin,
        ":text": message.text[:_FIRST_MESSAGE_LENGTH],
        ":session": message_log.short_digest(session.digest),
    }
    assignments = _RECORD
    if title is not None:
        # It counts only if both have the time of the first message.
        assignments += ", title = if_not_exists(title, :title), titled_at = if_not_exists(titled_at, :at)"
        values[":title"] = title[:_FIRST_MESSAGE_LENGTH]
    if session.visitor_id:
        assignments += ", owner_pk = if_not_exists(owner_pk, :owner)"
        values[":owner"] = owner_pk(session.visitor_id)
    recording = table.update_write(
        record_key(session.conversation_id),
        assignments,
        values,
        # An expired conversation is not continued, even if DynamoDB has not dropped it yet.
        condition=(
            "attribute_not_exists(is_gone) AND (attribute_not_exists(pk) OR expires_at > :now)"
            " AND (attribute_not_exists(#count) OR #count < :number)"
        ),
        names={"#name": "name", "#count": f"{_COUNT}{values[':session']}"},
        returns_item=True,
    )
    try:
        found = table.write(recording)
    except ConditionFailed as failure:
        found = failure.found or {"is_gone": True}
        if "is_gone" in found or found["expires_at"] <= message.at.timestamp():
            return "gone"
    return "started" if found["created_at"] == at else "continued"


def find_record(conversation_id: str, *, at: datetime) -> Item | None:
    """Of a conversation that was deleted, the mark that it was."""
    return table.get(record_key(conversation_id), at=at)


def is_owned(record: Item | None, visitor_id: str) -> bool:
    return record is not None and "is_gone" not in record and record.get("owner_pk") == owner_pk(visitor_id)


def was_owned(record: Item, visitor_id: str) -> bool:
    """Whether it is this visitor's, even if it is marked as deleted."""
    return bool(record.get("owner_pk") == owner_pk(visitor_id))


def may_be_owned(record: Item, visitor_id: str) -> bool:
    """Whether it is this visitor's, or nobody's."""
    return "is_gone" not in record and record.get("owner_pk", owner_pk(visitor_id)) == owner_pk(visitor_id)


def find_owned(conversation_id: str, visitor_id: str, *, at: datetime) -> Item | None:
    """The record of a conversation of this visitor. None for any other, for the same price."""
    if not identifier.is_valid("conv", conversation_id):
        return None
    record = find_record(conversation_id, at=at)
    return record if is_owned(record, visitor_id) else None


def revision(record: Item | None) -> str:
    """`record`: None before the first message."""
    if record is None:
        return conversation.revision(0)
    return conversation.revision(_visitor_messages(record), record.get("display_revision", 0))


def first_message(record: Item, at: datetime) -> str | None:
    """None once the first message is past its retention: the conversation may go on for longer."""
    text: str | None = record.get("first_message")
    return None if _is_first_message_over(record, at) else text


def title_text(record: Item, at: datetime) -> str | None:
    """The text of the first message, as pages displayed it. None once it is past its retention."""
    if record.get("titled_at") != record["created_at"]:
        return first_message(record, at)
    text: str = record["title"]
    return None if _is_first_message_over(record, at) else text


def _is_first_message_over(record: Item, at: datetime) -> bool:
    """The retention is that of the record, which counts from the end of the ten minutes of its last message."""
    if "expires_at" not in record:
        return False
    created_at, updated_at = (timestamps.from_text(record[name]) for name in ("created_at", "updated_at"))
    retention = timedelta(seconds=record["expires_at"] - conversation.listed_until(updated_at).timestamp())
    return at >= created_at + retention


def message_count(record: Item) -> int:
    """Of the visitors' messages, and a reply to each."""
    return 2 * _visitor_messages(record)


def count_names(record: Item) -> list[str]:
    """The attributes that count the messages of a session."""
    return [name for name in record if name.startswith(_COUNT)]


def _visitor_messages(record: Item) -> int:
    return sum(int(record[name]) for name in count_names(record))


def claim(conversation_id: str, visitor_id: str) -> None:
    """Gives a visitor a conversation that is nobody's. The session is claimed first, so that only one visitor can."""
    claiming = table.update_write(
        record_key(conversation_id),
        "SET owner_pk = :owner",
        {":owner": owner_pk(visitor_id)},
        condition="attribute_exists(pk) AND attribute_not_exists(is_gone) AND attribute_not_exists(owner_pk)",
    )
    # Without a record, the first message makes the visitor its owner.
    with suppress(ConditionFailed):
        table.write(claiming)


def owner_pk(visitor_id: str) -> str:
    """The key of the index by owner, which lists the conversations of a visitor."""
    return f"VISITOR#{visitor_id}"


def deletion_write(tenant: str, conversation_id: str, *, at: datetime) -> Write:
    """Part of a transaction: replaces a conversation's record by a mark.

    From then on no message is recorded, and so none is answered.
    """
    mark = {"tenant": tenant, "is_gone": True, "expires_at": expiry(at)}
    return table.put_write({"pk": pk(conversation_id), "sk": "RECORD"} | mark)


def is_deleted(conversation_id: str, *, at: datetime) -> bool:
    record = table.get(record_key(conversation_id), at=at)
    return record is not None and "is_gone" in record


def unknown() -> NotFound:
    """The same for an unknown conversation and for another tenant's."""
    return NotFound("There is no such conversation.", hint="Check the id: GET /v1/conversations lists your tenant's.")


def mark(conversation_id: str, visitor_id: str) -> bool:
    """Marks a visitor's conversation as deleted. Nothing shows or continues it from then on, but the indexes
    still have it, so that an interrupted deletion can be repeated. False if it is marked already.
    """
    marking = table.update_write(
        record_key(conversation_id),
        "SET is_gone = :true",
        {":true": True, ":owner": owner_pk(visitor_id)},
        condition="owner_pk = :owner AND attribute_not_exists(is_gone)",
    )
    try:
        table.write(marking)
    except ConditionFailed:
        return False
    return True


def expiry(at: datetime) -> int:
    retention = timedelta(days=int(os.environ["CONVERSATION_RETENTION_DAYS"]))
    return int((at + retention).timestamp())


def record_key(conversation_id: str) -> Key:
    return pk(conversation_id), "RECORD"


def pk(conversation_id: str) -> str:
    return f"CONVERSATION#{conversation_id}"
