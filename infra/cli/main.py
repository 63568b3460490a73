"""`client-tokens`: the operator's command line, from its arguments to its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_FAILED = 1
# As a shell reports a process that SIGINT or SIGPIPE ended.
_INTERRUPTED = 130
_CLOSED_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, from sys.argv unless given, and return its exit status."""
    try:
        try:
            return _run(argv)
        finally:
            # Here, where a failure can be reported, rather than when Python exits.
            print(end="", flush=True)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        # Python flushes again when it exits. Unwritten output must go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _CLOSED_PIPE
        print(f"Error: {error}.", file=sys.stderr)
        return _FAILED


def _run(argv: Sequence[str] | None) -> int:
    # Imported late, so that an interrupt ends quietly even during startup.
    from typer import TyperException  # noqa: PLC0415

    from infra.cli import errors  # noqa: PLC0415
    from infra.cli.app import app  # noqa: PLC0415

    try:
        return app(argv, prog_name="client-tokens", standalone_mode=False) or 0
    except TyperException as error:
        errors.show(error)
        return error.exit_code
    except SystemExit as leaving:
        # Typer exits by itself if nobody reads its output.
        if isinstance(leaving.__context__, BrokenPipeError):
            return _CLOSED_PIPE
        raise
