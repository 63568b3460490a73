"""Asks before something is deleted, revoked, or replaced for good."""

from __future__ import annotations

import sys

from infra.cli.errors import CommandFailed
from infra.cli.output import say


def confirmed(*lines: str, yes: bool, dry_run: bool) -> bool:
    """Show what is affected, then decide whether to continue: by --yes or --dry-run, or by the operator's answer.

    Raises CommandFailed if there is no terminal to ask on, and if the answer is not yes.
    """
    for line in lines:
        say(line)
    if dry_run:
        say("This was a dry run: nothing has changed.")
        return False
    if yes:
        return True
    if not sys.stdin.isatty():
        raise CommandFailed(
            "Nothing has changed: there is no terminal to ask on. Add --yes to go ahead, or --dry-run to look."
        )
    print("Go ahead? Type yes: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandFailed("Nothing has changed: the answer was not yes.")
    return True
