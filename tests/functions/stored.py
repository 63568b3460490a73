"""The stored items of a session and its conversation."""

from dataclasses import replace
from secrets import token_bytes

from shared.rules import message_log
from shared.rules import session as session_rules
from shared.rules.session import parse_id
from shared.store import client_tokens, conversation_deletion, offers, sessions, table, turn_items


def record(session):
    return table.get(sessions.key(parse_id(session).digest), at=None)


def spent(session):
    """How many messages of the session's budget are spent."""
    return message_log.length(record(session)["message_log"])


def beside(session, kind):
    """The items of this kind in its conversation, in order."""
    items = table.query("pk = :pk", {":pk": f"CONVERSATION#{record(session)['conversation_id']}"}, at=None)
    return [item for item in items if item["sk"].startswith(kind)]


def feedback(session):
    """The feedback on its conversation."""
    return list(table.query("pk = :pk", {":pk": f"FEEDBACK#{record(session)['conversation_id']}"}, at=None))


def left(conversation_id):
    """The items of a conversation, without what stands in for deleted ones."""
    pks = f"CONVERSATION#{conversation_id}", f"FEEDBACK#{conversation_id}"
    return [item for pk in pks for item in table.query("pk = :pk", {":pk": pk}, at=None) if "is_gone" not in item]


def messages(session):
    """The messages as (role, id, text), oldest first."""
    stored = [turn_items.from_item(item) for item in beside(session, "MESSAGE#")]
    parts = [part for turn in stored if not turn.is_gone for part in (turn.message, turn.reply) if part]
    return [(part.role, part.id, part.text) for part in parts]


def session_beside(session):
    """Another session of the same conversation, as after a reload."""
    current = sessions.from_item(record(session))
    token = client_tokens.from_item(table.get(client_tokens.key(current.token_id), at=None))
    session_id, made = session_rules.mint(
        token,
        jti=current.jti,
        target_id=current.target_id,
        origin=current.origin,
        at=current.idle_until,
        random_bytes=token_bytes,
    )
    sessions.save(replace(made, conversation_id=current.conversation_id))
    return session_id


def delete(session):
    """Deletes its conversation, as its owner does."""
    current = sessions.from_item(record(session))
    conversation_deletion.delete(current.tenant, current.conversation_id, at=current.idle_until)


def tools_of(session):
    """What its page has offered."""
    return offers.from_item(table.get(offers.key(sessions.from_item(record(session))), at=None))
