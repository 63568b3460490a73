"""Admits the end of an execution that waits for its page."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from shared.admission.history import AdmittedHistory
from shared.rules import execution, execution_id, turn
from shared.rules.turn import Turn
from shared.store import conversations, executions


class AdmittedCancel(NamedTuple):
    """`canceled`: what to store. None if an invocation is at work, which nothing can stop."""

    stored: Turn
    canceled: Turn | None


def admit_cancel(admitted: AdmittedHistory, conversation_id: str, sent_id: str) -> AdmittedCancel:
    """Only the session and the visitor of the conversation may end it, while it exists. Raises NotFound for any other.

    Raises Conflict if it is over.
    """
    wanted, current = execution_id.parse(sent_id), admitted.session
    is_own = (current.conversation_id, current.visitor_id) == (conversation_id, admitted.visitor.id)
    is_there = is_own and conversations.is_owned(admitted.record, admitted.visitor.id)
    stored = executions.find(current, wanted, at=admitted.at) if wanted and is_there else None
    if wanted is None or stored is None:
        raise execution.unknown()
    own = turn.lease(execution_id.new_secret(secrets.token_bytes), admitted.at)
    return AdmittedCancel(stored, execution.canceled(stored, wanted, own, admitted.at))
