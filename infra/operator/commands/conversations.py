"""What visitors said, deleted."""

from __future__ import annotations

import argparse

from infra.operator.printing import counted, say
from shared.store import erasure


def _delete(arguments: argparse.Namespace) -> None:
    items = erasure.forget(arguments.tenant, arguments.id)
    say(f"Deleted conversation {arguments.id} of tenant {arguments.tenant}: {counted(items, 'item')} of the table.")


VERBS = {"delete": _delete}
