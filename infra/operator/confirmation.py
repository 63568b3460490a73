"""Asks before something is deleted or revoked for good."""

from __future__ import annotations

import argparse
import sys

from infra.operator.printing import say
from shared.errors import ApiError


def confirmed(arguments: argparse.Namespace, *lines: str) -> bool:
    """Shows what is affected, then decides whether to go on: by --yes or --dry-run, else by the operator's answer.

    Raises ApiError where nobody can be asked, and where the answer is not yes.
    """
    for line in lines:
        say(line)
    if arguments.dry_run:
        say("This was a dry run: nothing has changed.")
        return False
    if arguments.yes:
        return True
    if not sys.stdin.isatty():
        raise ApiError(
            "Nothing has changed: there is no terminal to ask on. Add --yes to go ahead, or --dry-run to look"
        )
    print("Go ahead? Type yes: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise ApiError("Nothing has changed: the answer was not yes")
    return True
