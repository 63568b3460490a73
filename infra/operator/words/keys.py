"""The words about API keys."""

from __future__ import annotations

from typing import Any

from infra.operator import levels, values
from shared.rules.principal import SCOPES

# A program that can read a value again can use it anywhere, and few programs need to.
_DEFAULT_SCOPES = tuple(scope for scope in SCOPES if scope != "tokens:reveal")


def add(nouns: Any) -> None:
    verbs = levels.add_noun(
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
    create = levels.add_verb(
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
    --name Dashboard --scopes tokens:read,tokens:reveal | pbcopy
  KEY=$(%(prog)s --local --tenant demo \\
    --name Trial)""",
    )
    create.add_argument("--name", required=True, type=values.name, help="what it is for, 1 to 255 characters")
    create.add_argument(
        "--scopes",
        type=values.scopes,
        default=_DEFAULT_SCOPES,
        metavar="SCOPE,...",
        help=f"what it may do, of {', '.join(SCOPES)} (default: {','.join(_DEFAULT_SCOPES)}; a key that can also show "
        "the values of existing tokens needs tokens:reveal)",
    )
    create.add_argument(
        "--expires-in-days",
        type=values.days,
        metavar="DAYS",
        help=f"1 to {values.DAYS_MAX} (default: it never expires)",
    )
    levels.add_json(create, "print a JSON object of the value and the key's record")

    listing = levels.add_verb(
        verbs,
        "list",
        "show a tenant's keys, oldest first",
        """\
Shows a tenant's API keys, oldest first, each with the last four characters of
its value. A revoked or expired key stays listed for the stack's
AuditRetentionDays.""",
        """\
  %(prog)s --stack client-tokens --tenant acme
  %(prog)s --stack client-tokens --tenant acme \\
    --json | jq -r '.[].id'""",
    )
    levels.add_json(listing, "print a JSON list")

    revoke = levels.add_verb(
        verbs,
        "revoke",
        "make a key invalid, for good",
        """\
Makes an API key invalid, for good. The API may still accept it for as long as
the authorizer remembers it: the stack's parameter AuthorizerCacheSeconds.
Shows the key, and asks first.""",
        """\
  %(prog)s --stack client-tokens --tenant acme \\
    key_01kav7t0d3p9s8x2m4n6q8r0vw""",
    )
    levels.add_confirmation(revoke)
    revoke.add_argument("id", type=values.key_id, metavar="KEY_ID", help="the key's id, as `keys list` shows it")
