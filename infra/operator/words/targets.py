"""The words about targets."""

from __future__ import annotations

import argparse
from typing import Any

from infra.operator import levels, values
from shared.rules.target import KINDS


def add(nouns: Any) -> None:
    verbs = levels.add_noun(
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
    register = levels.add_verb(
        verbs,
        "register",
        "add a target, or replace the one of the same id",
        """\
Adds a target, or replaces the one of the same id: then it shows what changes,
and asks first. A tenant without targets may name any flow and agent in its
tokens; from the first target on, only those that are registered.

kinds and their settings:
  echo        repeats what the visitor says, for trying out
  aws_lambda  a Lambda function of yours answers
                function_arn    its ARN
  bedrock     a model on Amazon Bedrock answers
                model_id        id or ARN of the model or inference profile
                system_prompt   what the model should know (default: nothing)
                temperature     0 to 1 (default: the model's own)
                max_tokens      the longest answer, 1 to 8192 (default: 1024)

settings of every kind, in bytes of UTF-8:
  max_input_bytes    the most that one message makes the target read: the
                     message, what was said before, inputs, metadata, and
                     context; 1 to 1048576 (default: 32768)
  max_message_bytes  the longest message, 1 to 65536 (default: 8192)
  attachments        the most that the files of one message hold together,
                     1 to 4000000; 0 refuses files (default: 0)

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
    --set system_prompt="You sell tea." --set max_tokens=500 \\
    --set max_input_bytes=65536 --set attachments=1000000""",
    )
    levels.add_confirmation(register)
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
        help="a setting, as listed above; may be repeated",
    )

    listing = levels.add_verb(
        verbs,
        "list",
        "show a tenant's targets, by id",
        "Shows a tenant's targets, by id.",
        "  %(prog)s --stack client-tokens --tenant acme",
    )
    levels.add_json(listing, "print a JSON list")

    remove = levels.add_verb(
        verbs,
        "remove",
        "take a target away",
        """\
Takes a target away. Without its last one, a tenant may name any flow and agent
in its tokens again. Shows the target, and asks first.""",
        """\
  %(prog)s --stack client-tokens --tenant acme \\
    flow_support""",
    )
    levels.add_confirmation(remove)
    _add_target_id(remove)


def _add_target_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=values.target_id, metavar="ID", help="the flow's or agent's id, as tokens name it")
