"""What visitors said, deleted."""

from __future__ import annotations

import argparse

from infra.operator import trail
from infra.operator.confirmation import confirmed
from infra.operator.printing import counted, say
from shared.store import conversation_deletion


def _delete(arguments: argparse.Namespace) -> None:
    items = conversation_deletion.count_items(arguments.tenant, arguments.id)
    what = f"Conversation {arguments.id} of tenant {arguments.tenant}: {counted(items, 'item')} of the table, for good."
    if not confirmed(arguments, what):
        return
    trace = trail.record(trail.circumstances(arguments), "delete_conversation", arguments.id)
    items = conversation_deletion.delete(arguments.tenant, arguments.id, trace)
    say(f"Deleted conversation {arguments.id} of tenant {arguments.tenant}: {counted(items, 'item')} of the table.")


VERBS = {"delete": _delete}
