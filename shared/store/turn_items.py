"""The item of a turn: the message, the lease of the function that answers it, and later the reply."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.rules import message_log, timestamps, turn, visitor_questions
from shared.rules.answer import Ending, Usage, suggested_replies
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.rules.turn import Lease, Turn
from shared.store import conversations, pauses
from shared.store.table import Item, Key

# Nobody comes back to a turn without a reply for so long. A crash may leave one in a conversation that was deleted a
# moment before: nothing shows it, and it expires soon.
_UNANSWERED = timedelta(days=2)


def key(current: Session, said_at: datetime) -> Key:
    """The key of a message of this session."""
    return place(current.conversation_id, said_at, message_log.short_digest(current.digest))


def key_of(current: Session, stored: Turn) -> Key:
    """The key of a turn of the session's conversation, which another session may have begun."""
    return place(current.conversation_id, stored.message.at, stored.session)


def place(conversation_id: str, said_at: datetime, session: str) -> Key:
    """Two sessions of one conversation may accept messages in the same millisecond, so the session is in the key."""
    return conversations.pk(conversation_id), f"MESSAGE#{timestamps.to_text(said_at)}#{session}"


def to_item(current: Session, begun: Turn) -> Item:
    pk, sk = key_of(current, begun)
    lease: dict[str, Any] = {}
    if begun.lease:
        lease = {"holder": begun.lease.holder, "leased_until": timestamps.to_text(begun.lease.until)}
    return {
        "pk": pk,
        "sk": sk,
        "id": begun.message.id,
        "text": begun.message.text,
        "at": timestamps.to_text(begun.message.at),
        "attempts": begun.attempts,
        "expires_at": expiry_unanswered(begun.message.at),
        "display": begun.display,
        **lease,
    }


def of_reply(answered: Turn) -> Item:
    """The attributes that a reply adds."""
    reply, ending = answered.reply, answered.ending
    if reply is None or ending is None:
        raise ValueError("only an answered turn is complete")
    added = {
        "reply": reply.text,
        "reply_id": reply.id,
        "stop_reason": ending.stop_reason,
        "expires_at": conversations.expiry(answered.message.at),
    }
    if usage := ending.usage:
        added |= {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    if ending.suggestions:
        added["suggestions"] = json.dumps([one._asdict() for one in ending.suggestions], ensure_ascii=False)
    if answered.asked:
        added["asked"] = json.dumps([[one.id, one.role, one.text] for one in answered.asked], ensure_ascii=False)
    return added


def from_item(item: Item) -> Turn:
    _, at_text, of_session = item["sk"].split("#")
    said_at = timestamps.from_text(at_text)
    if item.get("is_gone"):
        gone_message = Message(id="", role="user", text="", at=said_at)
        return Turn(message=gone_message, lease=None, attempts=0, session=of_session)
    held = Turn(
        message=Message(id=item["id"], role="user", text=item["text"], at=said_at),
        lease=Lease(item["holder"], timestamps.from_text(item["leased_until"])),
        attempts=item["attempts"],
        was_asked=item.get("was_asked", False),
        session=of_session,
        # Later holders go on with an execution that has paused.
        secret=item.get("execution") or item["holder"],
        resumes=item.get("resumes", 0),
        display=item.get("display"),
        reply_display=item.get("reply_display"),
    )
    if "reply" not in item:
        return replace(held, pause=pauses.from_item(item, held.message)) if "paused_until" in item else held
    usage = Usage.from_counts(item.get("input_tokens"), item.get("output_tokens"))
    suggestions = suggested_replies(json.loads(item.get("suggestions", "[]")))
    ending = Ending(stop_reason=item["stop_reason"], usage=usage, suggestions=suggestions)
    asked = visitor_questions.messages(json.loads(item.get("asked", "[]")), said_at)
    return turn.answered(replace(held, asked=asked), item["reply_id"], item["reply"], ending)


def gone(pk: str, sk: str, at: datetime) -> Item:
    """The item that replaces a deleted turn until no late copy of a write can revive it."""
    return {"pk": pk, "sk": sk, "is_gone": True, "expires_at": int((at + _UNANSWERED).timestamp())}


def expiry_unanswered(said_at: datetime) -> int:
    return min(int((said_at + _UNANSWERED).timestamp()), conversations.expiry(said_at))
