"""The words of a command: which there are, and the help that explains them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from infra.operator import values
from shared.rules.principal import SCOPES
from shared.rules.target import KINDS


def read(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """From sys.argv unless given. Leaves by SystemExit where they make no command."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if not (arguments.stack or arguments.local):
        parser.error("say where: --stack NAME for a stack in AWS, or --local for the one that `make run` runs")
    if arguments.local and (arguments.stack or arguments.region or arguments.profile):
        parser.error("--local stands alone: --stack, --region and --profile are for a stack in AWS")
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.operator",
        description="""\
Manages what the API itself does not: API keys, targets, and what to take back.
Shows what was done with client tokens.""",
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
    nouns = parser.add_subparsers(dest="noun", metavar="NOUN", required=True)
    _add_keys(nouns)
    _add_targets(nouns)
    _add_tokens(nouns)
    _add_tenants(nouns)
    _add_conversations(nouns)
    _add_audit(nouns)
    return parser


def _add_keys(nouns: Any) -> None:
    verbs = _add_noun(
        nouns,
        "keys",
        "API keys, with which programs call the management API",
        """\
  %(prog)s create --stack client-tokens --tenant acme \\
    --name CI
  %(prog)s list --stack client-tokens --tenant acme
  %(prog)s revoke --stack client-tokens --tenant acme \\
    key_01kav7t0d3p9s8x2m4n6q8r0vw""",
    )
    create = _add_verb(
        verbs,
        "create",
        "make a key and print its value, once",
        """\
Makes an API key. Its value, and nothing else, goes to standard output, so that
it can be piped to where it will be kept; its id, scopes and expiry go to
standard error. Only a digest is stored: the value cannot be shown again.""",
        """\
  %(prog)s --stack client-tokens --tenant acme \\
    --name "Ada's laptop" --expires-in-days 90
  %(prog)s --stack client-tokens --tenant acme \\
    --name Dashboard --scopes tokens:read,tokens:write | pbcopy
  KEY=$(%(prog)s --local --tenant demo \\
    --name Trial)""",
    )
    create.add_argument("--name", required=True, type=values.name, help="what it is for, 1 to 255 characters")
    create.add_argument(
        "--scopes",
        type=values.scopes,
        default=SCOPES,
        metavar="SCOPE,...",
        help=f"what it may do, of {', '.join(SCOPES)} (default: all of it)",
    )
    create.add_argument(
        "--expires-in-days",
        type=values.days,
        metavar="DAYS",
        help=f"1 to {values.DAYS_MAX} (default: it never expires)",
    )
    _add_json(create, "print a JSON object of the value and the key's record")

    listing = _add_verb(
        verbs,
        "list",
        "show a tenant's keys, oldest first",
        """\
Shows a tenant's API keys, oldest first, each with the last four characters of
its value.""",
        """\
  %(prog)s --stack client-tokens --tenant acme
  %(prog)s --stack client-tokens --tenant acme \\
    --json | jq -r '.[].id'""",
    )
    _add_json(listing, "print a JSON list")

    revoke = _add_verb(
        verbs,
        "revoke",
        "make a key invalid, for good",
        """\
Makes an API key invalid, for good. The API may still accept it for as long as
the authorizer remembers it: the stack's parameter AuthorizerCacheSeconds.""",
        """\
  %(prog)s --stack client-tokens --tenant acme \\
    key_01kav7t0d3p9s8x2m4n6q8r0vw""",
    )
    revoke.add_argument("id", type=values.key_id, metavar="KEY_ID", help="the key's id, as `keys list` shows it")


def _add_targets(nouns: Any) -> None:
    verbs = _add_noun(
        nouns,
        "targets",
        "flows and agents that a tenant's tokens may name",
        """\
  %(prog)s register --stack client-tokens \\
    --tenant acme flow_support --kind echo
  %(prog)s list --stack client-tokens --tenant acme
  %(prog)s remove --stack client-tokens --tenant acme \\
    flow_support""",
    )
    register = _add_verb(
        verbs,
        "register",
        "add a target, or replace the one of the same id",
        """\
Adds a target, or replaces the one of the same id. A tenant without targets may
name any flow and agent in its tokens; from the first target on, only those
that are registered.

kinds and their settings:
  echo        repeats what the visitor says, for trying out
  aws_lambda  a Lambda function of yours answers
                function_arn    its ARN
  bedrock     a model on Amazon Bedrock answers
                model_id        id or ARN of the model or inference profile
                system_prompt   what the model should know (default: nothing)
                temperature     0 to 1 (default: the model's own)
                max_tokens      the longest answer, 1 to 8192 (default: 1024)

Which functions and models may be asked, the stack's parameters say:
TargetFunctionPrefix and BedrockModelArns.""",
        """\
  %(prog)s --stack client-tokens \\
    --tenant acme flow_trial --kind echo
  %(prog)s --stack client-tokens \\
    --tenant acme flow_support --kind aws_lambda \\
    --set function_arn=arn:aws:lambda:us-east-1:123456789012:function:support
  %(prog)s --stack client-tokens \\
    --tenant acme agent_sales --kind bedrock \\
    --set model_id=us.amazon.nova-lite-v1:0 \\
    --set system_prompt="You sell tea." --set max_tokens=500""",
    )
    _add_target_id(register)
    register.add_argument(
        "--kind", required=True, choices=KINDS, metavar="KIND", help=f"what answers for it, of {', '.join(KINDS)}"
    )
    register.add_argument(
        "--set",
        action="append",
        default=[],
        type=values.setting,
        metavar="NAME=VALUE",
        dest="settings",
        help="a setting of its kind; may be repeated",
    )

    listing = _add_verb(
        verbs,
        "list",
        "show a tenant's targets, by id",
        "Shows a tenant's targets, by id.",
        "  %(prog)s --stack client-tokens --tenant acme",
    )
    _add_json(listing, "print a JSON list")

    remove = _add_verb(
        verbs,
        "remove",
        "take a target away",
        """\
Takes a target away. Without its last one, a tenant may name any flow and agent
in its tokens again.""",
        """\
  %(prog)s --stack client-tokens --tenant acme \\
    flow_support""",
    )
    _add_target_id(remove)


def _add_tokens(nouns: Any) -> None:
    verbs = _add_noun(
        nouns,
        "tokens",
        "client tokens, as the table has them",
        "  %(prog)s list --stack client-tokens --tenant acme",
    )
    listing = _add_verb(
        verbs,
        "list",
        "show a tenant's client tokens and who signed them",
        """\
Shows a tenant's client tokens, oldest first, each with the KMS key that signed
its value. After a rotation, those of the old key are yet to be regenerated.""",
        """\
  %(prog)s --stack client-tokens --tenant acme
  %(prog)s --stack client-tokens --tenant acme \\
    --json | jq -r '.[] | select(.signingKeyArn == "arn:...") | .id'""",
    )
    _add_json(listing, "print a JSON list")


def _add_tenants(nouns: Any) -> None:
    verbs = _add_noun(
        nouns,
        "tenants",
        "everything of a tenant at once",
        "  %(prog)s revoke --stack client-tokens --tenant acme",
    )
    _add_verb(
        verbs,
        "revoke",
        "revoke every API key, switch off every client token",
        """\
Revokes every API key of a tenant, for good, and switches off every client
token, which ends its sessions; a token may be switched on again. It may be
interrupted and run again. People who sign in with Clerk are Clerk's to lock
out.""",
        "  %(prog)s --stack client-tokens --tenant acme",
    )


def _add_conversations(nouns: Any) -> None:
    verbs = _add_noun(
        nouns,
        "conversations",
        "what visitors said",
        """\
  %(prog)s delete --stack client-tokens \\
    --tenant acme conv_01kav7t0d3p9s8x2m4n6q8r0vw""",
    )
    delete = _add_verb(
        verbs,
        "delete",
        "delete a conversation with its messages and feedback",
        """\
Deletes a conversation for good: its record, its messages and the feedback on
them. A visitor who is still in it would go on in an empty one. Backups of the
table hold it until they expire.""",
        """\
  %(prog)s --stack client-tokens \\
    --tenant acme conv_01kav7t0d3p9s8x2m4n6q8r0vw""",
    )
    delete.add_argument(
        "id",
        type=values.conversation_id,
        metavar="CONVERSATION_ID",
        help="its id, as the API lists a token's conversations",
    )


def _add_audit(nouns: Any) -> None:
    audit = _add_verb(
        nouns,
        "audit",
        "who did what to a tenant's client tokens, and when",
        """\
Shows who created, updated, regenerated, deleted or revealed a tenant's client
tokens, oldest first: an API key's id or a Clerk user's, the address, and what
was changed. Records are kept as long as the stack's AuditRetentionDays says.""",
        """\
  %(prog)s --stack client-tokens --tenant acme
  %(prog)s --stack client-tokens --tenant acme \\
    --token ct_01kav7t0d3p9s8x2m4n6q8r0vw --since 2027-01-31
  %(prog)s --stack client-tokens --tenant acme \\
    --since 2027-01-31T08:00:00Z --until 2027-02-01 --json""",
    )
    audit.set_defaults(verb=None)
    audit.add_argument(
        "--token", type=values.token_id, metavar="TOKEN_ID", help="of this client token only, which may be deleted"
    )
    audit.add_argument(
        "--since", type=values.moment, metavar="TIME", help="from then on: a day, or a time with its offset"
    )
    audit.add_argument(
        "--until", type=values.moment, metavar="TIME", help="before then: a day, or a time with its offset"
    )
    _add_json(audit, "print a JSON list")


def _add_noun(nouns: Any, noun: str, what: str, examples: str) -> Any:
    parser = nouns.add_parser(
        noun,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return parser.add_subparsers(dest="verb", metavar="VERB", required=True)


def _add_verb(verbs: Any, verb: str, what: str, description: str, examples: str) -> argparse.ArgumentParser:
    """With the options that every command has."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        verb,
        help=what,
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--tenant", required=True, type=values.tenant, help="whose: a name of your choice, or a Clerk organization's id"
    )
    where = parser.add_argument_group("where")
    where.add_argument("--stack", metavar="NAME", help="the CloudFormation stack, as `sam deploy` named it")
    where.add_argument("--region", help="its AWS region (default: the environment's, then the profile's)")
    where.add_argument("--profile", help="whose AWS credentials (default: the environment's)")
    where.add_argument("--local", action="store_true", help="instead: the stack that `make run` runs on this machine")
    return parser


def _add_target_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=values.target_id, metavar="ID", help="the flow's or agent's id, as tokens name it")


def _add_json(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=what)
