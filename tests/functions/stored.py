"""What the table holds of a session and its conversation."""

from shared.rules.session import parse_id
from shared.store import sessions, table


def record(session):
    return table.get(sessions.key(parse_id(session).digest))


def spent(session):
    """How many messages of the session's budget."""
    return record(session)["message_count"]


def beside(session, kind):
    """The items of its conversation that are of this kind, in their order."""
    items = table.query("pk = :pk", {":pk": f"CONVERSATION#{record(session)['conversation_id']}"})
    return [item for item in items if item["sk"].startswith(kind)]


def messages(session):
    """As role, id and text, in order of time."""
    return [(item["role"], item["id"], item["text"]) for item in beside(session, "MESSAGE#")]
