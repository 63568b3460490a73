"""The words of a command: which there are, and the help that explains them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from infra.operator.words import audit, conversations, keys, targets, tenants, tokens


def read(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """From sys.argv unless given. Leaves by SystemExit where they make no command."""
    arguments = _parser().parse_args(argv)
    # The one that read the last word, and whose usage so is the one to show.
    parser: argparse.ArgumentParser = arguments.parser
    # Every command can say where. What cannot is only a noun.
    if "stack" not in arguments:
        parser.print_help(sys.stderr)
        parser.exit(2)
    if not (arguments.stack or arguments.local):
        parser.error("say where: --stack NAME for a stack in AWS, or --local for the one that `make run` runs")
    if arguments.local and (arguments.stack or arguments.region or arguments.profile):
        parser.error("--local stands alone: --stack, --region and --profile are for a stack in AWS")
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operator",
        description="""\
Manages what the API itself does not: API keys, targets, and what to revoke or
delete. Shows what was done by whom.""",
        epilog="""\
examples:
  %(prog)s keys create --stack client-tokens --tenant acme \\
    --name CI
  %(prog)s targets register --local --tenant demo \\
    flow_support --kind echo

Every command has its own --help. Exit status: 0 done, 1 not done, 2 not a
command.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    nouns = parser.add_subparsers(dest="noun", metavar="NOUN")
    for words in (keys, targets, tokens, tenants, conversations, audit):
        words.add(nouns)
    return parser
