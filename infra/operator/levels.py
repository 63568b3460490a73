"""The levels of a command: its noun, and its verb with the options that every command has."""

from __future__ import annotations

import argparse
from typing import Any

from infra.operator import values


def add_noun(nouns: Any, noun: str, what: str, examples: str) -> Any:
    parser = nouns.add_parser(
        noun,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    return parser.add_subparsers(dest="verb", metavar="VERB")


def add_verb(
    verbs: Any, verb: str, what: str, description: str, examples: str, *, of_tenant: bool = True
) -> argparse.ArgumentParser:
    """With the options that every command has, and for all but a few the tenant."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        verb,
        help=what,
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    if of_tenant:
        tenant = "the tenant: any name you choose, or a Clerk organization's id"
        parser.add_argument("--tenant", required=True, type=values.tenant, help=tenant)
    where = parser.add_argument_group("where")
    where.add_argument("--stack", metavar="NAME", help="the CloudFormation stack, as `sam deploy` named it")
    where.add_argument("--region", help="its AWS region (default: the environment's, then the profile's)")
    where.add_argument("--profile", help="whose AWS credentials (default: the environment's)")
    where.add_argument("--local", action="store_true", help="instead: the stack that `make run` runs on this machine")
    return parser


def add_confirmation(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("confirmation")
    group.add_argument("--yes", action="store_true", help="do not ask first: for scripts, which have no terminal")
    group.add_argument("--dry-run", action="store_true", help="only show what would change")


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=what)
