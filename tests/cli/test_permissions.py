"""docs/operate.md lists what an operator needs in IAM: every action of every command, and no other."""

import re
from datetime import UTC, datetime

from infra.local.template import ROOT
from shared.store import api_keys
from tests.aws.network import NETWORK
from tests.cli.test_taking_back import make_token, talk  # noqa: F401 - a fixture


def test_documented_actions_are_those_that_commands_use(operate, talk):  # noqa: F811
    used = set()

    def note(request):
        # IAM evaluates a transaction by the actions of its items.
        writes = [f"{kind}Item" for item in request.parameters.get("TransactItems", ()) for kind in item]
        used.update(writes or [request.operation])

    tenant = ("--tenant", "permissions")
    with NETWORK.hooked(note):
        operate("keys", "create", *tenant, "--name", "CI")
        operate("keys", "create", *tenant, "--name", "Next")
        operate("targets", "register", *tenant, "flow_tea", "--kind", "echo")
    (key, _), token = api_keys.list_by_tenant("permissions", at=datetime.now(UTC)), make_token("permissions")
    _, conversation = talk("permissions")
    commands = [
        *(
            ("keys", "list"),
            ("targets", "list"),
            ("tokens", "list"),
            ("audit", "--json", "--token", token.id),
            ("audit", "--json"),
        ),
        *(("keys", "revoke", key.id, "--yes"), ("targets", "remove", "flow_tea", "--yes")),
        *(("conversations", "delete", conversation, "--yes"), ("tenants", "revoke", "--yes")),
    ]
    with NETWORK.hooked(note):
        for noun, verb, *words in commands:
            assert operate(noun, verb, *words, *tenant).status == 0
    section = (ROOT / "docs/operate.md").read_text().partition("## What operators may do\n")[2].partition("\n## ")[0]
    rows = [row for row in section.splitlines() if row.startswith("| `dynamodb:")]
    documented = {action for row in rows for action in re.findall(r"`(?:dynamodb:)?([A-Z]\w+)`", row.split("|")[1])}
    assert documented == used
