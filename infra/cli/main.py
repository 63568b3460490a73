"""`client-tokens`: the operator's command line, from its arguments to its exit status."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

_FAILED = 1
# As a shell reports a process that SIGINT or SIGPIPE ended.
_INTERRUPTED = 130
_CLOSED_PIPE = 141
_OURS_AND_AWS = ("CLIENT_TOKENS_", "AWS_")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, from sys.argv unless given, and return its exit status."""
    _prepare_streams()
    try:
        try:
            return _run(sys.argv[1:] if argv is None else argv)
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


def _prepare_streams() -> None:
    # Python has None for a stream that is closed. Then a socket could take its place.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, closefd=False))
    # Visitors write in any script, and not every terminal has it.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _run(argv: Sequence[str]) -> int:
    # Imported late, so that an interrupt ends quietly even during startup.
    from typer import BadParameter, TyperException  # noqa: PLC0415

    from infra.cli import errors  # noqa: PLC0415
    from infra.cli.app import app  # noqa: PLC0415

    try:
        if where := _not_text(argv):
            encoding = sys.getfilesystemencoding()
            raise BadParameter(f"It is not text in {encoding}. Write it in this encoding.", param_hint=where)
        return app(argv, prog_name="client-tokens", standalone_mode=False) or 0
    except TyperException as error:
        errors.show(error)
        return error.exit_code
    except SystemExit as leaving:
        # Typer exits by itself if nobody reads its output.
        if isinstance(leaving.__context__, BrokenPipeError):
            return _CLOSED_PIPE
        raise


def _not_text(argv: Sequence[str]) -> str | None:
    """The first argument or variable with bytes that Python could not decode, and so cannot encode for AWS either."""
    given = {f"argument {number}": text for number, text in enumerate(argv, 1)}
    given |= {f"variable {name}": os.environ[name] for name in os.environ if name.startswith(_OURS_AND_AWS)}
    return next((where for where, text in given.items() if any("\ud800" <= one <= "\udfff" for one in text)), None)
