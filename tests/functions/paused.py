"""An execution that waits for a tool of its page: as if its target had called one."""

import secrets
from datetime import timedelta

from shared.rules import execution as pauses
from shared.rules import execution_id, message_log, session, turn
from shared.rules.answer import ToolCall, ToolCalls
from shared.rules.message_log import Entry
from shared.rules.target_request import Message, PageInput
from shared.store import executions, sessions, table, turn_items

UNKNOWN = f"exec_{'0' * 35}"


def execution(session_id):
    """The id of a paused execution in this session's conversation, which waits for the output of `ask`."""
    parts = session.parse_id(session_id)
    item = table.get(sessions.key(parts.digest), at=None) if parts else None
    if item is None:
        return UNKNOWN
    current = sessions.from_item(item)
    # When the session was opened, by the clock of the test.
    now = current.idle_until - timedelta(minutes=30)
    own = turn.lease(execution_id.new_secret(secrets.token_bytes), now + timedelta(seconds=30))
    message = Message(id=f"usr_{secrets.token_hex(4)}", role="user", text="Which tea?", at=now)
    begun = turn.begin(current, message, Entry(1, message_log.decode_time(message_log.encode_time(now))), own)
    table.put(turn_items.to_item(current, begun))
    called = ToolCalls((ToolCall("ask", {"question": "Which?"}),))
    executions.pause(current, pauses.paused(begun, PageInput(message=begun.message), "Let me ask.", called, now))
    return begun.execution_id
