"""Conversations in the table: one record each, which the index lists, beside its messages."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from shared.errors import NotFound
from shared.rules import conversation, message_log, timestamps
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.store import table
from shared.store.table import ConditionFailed, Key, Write

_FIRST_MESSAGE_LENGTH = 280
# if_not_exists keeps what the first message set. The record counts the messages of each session by a maximum, so that
# no copy counts twice. Two sessions count under two names.
_RECORD = (
    "SET #count = :number, updated_at = :at, expires_at = :expiry, listing_pk = :listing_pk, listing_sk = :listing_sk,"
    " id = :id, tenant = :tenant, #name = if_not_exists(#name, :name), flow_id = :flow_id, origin = :origin,"
    " first_message = if_not_exists(first_message, :text), created_at = if_not_exists(created_at, :at)"
)
COUNT = "count_"
"""What the names begin with under which a record counts the messages of its sessions."""


def record_message(session: Session, message: Message, number: int) -> bool:
    """Records the `number`th message of a session. False if the conversation was deleted or has expired.

    It happens before the target is invoked, so that nothing is paid for a conversation that was deleted.
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
        ":name": f"Conversation {message.at:%Y-%m-%d %H:%M}",
        ":flow_id": session.target_id,
        ":origin": session.origin,
        ":text": message.text[:_FIRST_MESSAGE_LENGTH],
    }
    recording = table.update_write(
        record_key(session.conversation_id),
        _RECORD,
        values,
        # An expired conversation is not continued, even if DynamoDB has not dropped it yet.
        condition=(
            "attribute_not_exists(is_gone) AND (attribute_not_exists(pk) OR expires_at > :now)"
            " AND (attribute_not_exists(#count) OR #count < :number)"
        ),
        names={"#name": "name", "#count": f"{COUNT}{message_log.short_digest(session.digest)}"},
    )
    try:
        table.write(recording)
    except ConditionFailed as failure:
        found = failure.found
        return found is not None and "is_gone" not in found and found["expires_at"] > message.at.timestamp()
    return True


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


def expiry(at: datetime) -> int:
    retention = timedelta(days=int(os.environ["CONVERSATION_RETENTION_DAYS"]))
    return int((at + retention).timestamp())


def record_key(conversation_id: str) -> Key:
    return pk(conversation_id), "RECORD"


def pk(conversation_id: str) -> str:
    return f"CONVERSATION#{conversation_id}"
