"""`python -m infra.operator`: an operator's command from the words on its line to its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

_FAILED = 1
# As a shell reports a process that ended by SIGINT or by SIGPIPE.
_INTERRUPTED = 130
_NOBODY_READS = 141


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status. Leaves by SystemExit, as argparse does, after help and where the words make no command."""
    try:
        try:
            return _run(argv)
        finally:
            # Here, where it can be answered for, rather than when Python exits; and print minds no closed output.
            print(end="", flush=True)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        # Python flushes once more when it exits, and what it could not write must go somewhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS if isinstance(error, BrokenPipeError) else _fail(f"{error}.")


def _run(argv: Sequence[str] | None) -> int:
    # Late, so that an interrupt is answered for from the start.
    from infra.operator import command_line  # noqa: PLC0415

    arguments = command_line.read(argv)

    # Later, for AWS's client takes longer to load than help and usage errors should.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from infra.operator import failure, stack  # noqa: PLC0415
    from shared.errors import ApiError  # noqa: PLC0415

    try:
        if arguments.local:
            arguments.deployment = stack.choose_local()
        else:
            arguments.deployment = stack.choose(arguments.stack, region=arguments.region, profile=arguments.profile)
        # Last, for the store finds its table and its AWS in the environment as it is imported.
        commands = import_module(f"infra.operator.commands.{arguments.noun}")
        commands.VERBS[arguments.verb](arguments)
    except (ApiError, BotoCoreError, ClientError) as error:
        return _fail(failure.sentence(error))
    return 0


def _fail(sentence: str) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return _FAILED


if __name__ == "__main__":
    sys.exit(main())
