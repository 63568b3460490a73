"""Commands that remove something show it and ask first; each leaves an audit record that names the operator."""

import dataclasses
import io
import json
import sys
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from infra.cli import stack
from infra.local import cloud
from infra.local.access import REGION
from shared.rules import timestamps
from shared.rules.target import Target
from shared.store import api_keys, table, targets
from tests.cli.test_taking_back import WHO, make_token, talk  # noqa: F401 - a fixture

NOW = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def answer(monkeypatch):
    """`answer("yes")`: the operator's input."""
    return lambda text: monkeypatch.setattr(sys, "stdin", Terminal(text))


def everything():
    pages = boto3.client("dynamodb", region_name=REGION).get_paginator("scan").paginate(TableName=table.name())
    return sorted(json.dumps(item) for page in pages for item in page["Items"])


@pytest.fixture(params=["keys revoke", "targets remove", "targets register", "conversations delete", "tenants revoke"])
def taking(request, operate, talk):  # noqa: F811
    """`taking("--yes")`: a command that removes something of its own tenant, and the text that it shows first."""
    tenant = f"confirm-{datetime.now(UTC).timestamp()}"
    operate("keys", "create", "--tenant", tenant, "--name", "CI")
    operate("targets", "register", "--tenant", tenant, "flow_tea", "--kind", "echo")
    (key,) = api_keys.list_by_tenant(tenant, at=datetime.now(UTC))
    _, conversation = talk(tenant)
    ids = {
        "keys": [key.id],
        "targets": ["flow_tea"],
        "targets register": ["flow_tea", "--kind", "echo", "--set", "attachments=7"],
        "conversations": [conversation],
        "tenants": [],
    }
    shown = {
        "keys": f'API key {key.id} "CI"',
        "targets": "Target flow_tea (echo)",
        "targets register": "This replaces it:\n  attachments: not set -> 7\n",
        "conversations": f"{conversation} of tenant {tenant} will be deleted for good: 3 items",
        "tenants": "1 API key to revoke, 1 client token to switch off",
    }
    noun, verb = request.param.split()
    what = request.param if request.param in ids else noun
    return lambda *words: operate(noun, verb, "--tenant", tenant, *ids[what], *words), shown[what]


def test_nothing_is_removed_without_a_terminal_or_yes(taking, monkeypatch):
    take, shown = taking
    before = everything()
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    refused = take()
    assert (refused.status, refused.out) == (1, "")
    assert shown in refused.err
    assert "there is no terminal to ask on. Add --yes to go ahead, or --dry-run to look." in refused.err
    assert everything() == before


@pytest.mark.parametrize("words", [("--dry-run",), ("--dry-run", "--yes")])
def test_dry_run_shows_the_effect_and_changes_nothing(taking, words):
    take, shown = taking
    before = everything()
    looked = take(*words)
    assert (looked.status, looked.out) == (0, "")
    assert shown in looked.err
    assert looked.err.endswith("This was a dry run: nothing has changed.\n")
    assert everything() == before


@pytest.mark.parametrize("said", ["no\n", "\n", "", "yess\n", "ja\n"])
def test_nothing_is_removed_unless_the_answer_is_yes(taking, answer, said):
    take, shown = taking
    before = everything()
    answer(said)
    refused = take()
    assert refused.status == 1
    assert shown in refused.err
    assert refused.err.endswith("Error: Nothing has changed: the answer was not yes.\n")
    assert everything() == before


@pytest.mark.parametrize("said", ["yes\n", "Y\n", " YES "])
def test_it_is_removed_after_yes(taking, answer, said):
    take, shown = taking
    before = everything()
    answer(said)
    done = take()
    assert (done.status, shown in done.err) == (0, True)
    assert everything() != before


def trail(operate, tenant):
    shown = operate("audit", "--json", "--tenant", tenant)
    return [(one["action"], one["subject"], one["actor"], one["changes"]) for one in json.loads(shown.out)]


def test_every_command_is_audited_with_its_operator(operate, talk):  # noqa: F811
    tenant = "operator-traced"
    operate("keys", "create", "--tenant", tenant, "--name", "CI")
    (key,) = api_keys.list_by_tenant(tenant, at=datetime.now(UTC))
    operate("targets", "register", "--tenant", tenant, "flow_tea", "--kind", "echo")
    token, conversation = talk(tenant)
    operate("conversations", "delete", "--tenant", tenant, conversation, "--yes")
    operate("targets", "remove", "--tenant", tenant, "flow_tea", "--yes")
    operate("keys", "revoke", "--tenant", tenant, key.id, "--yes")
    operate("keys", "create", "--tenant", tenant, "--name", "Next", "--expires-in-days", "1")
    next_key = api_keys.list_by_tenant(tenant, at=datetime.now(UTC))[1]
    operate("tenants", "revoke", "--tenant", tenant, "--yes")
    keys = api_keys.list_by_tenant(tenant, at=datetime.now(UTC))
    revoked_at, next_revoked_at = (timestamps.to_text(one.revoked_at) for one in keys)
    scopes = [None, ["tokens:read", "tokens:write"]]
    expires_at = [None, next_key.expires_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")]
    assert [one for one in trail(operate, tenant) if one[0] != "create"] == [
        ("create_key", key.id, WHO, {"name": [None, "CI"], "scopes": scopes, "expiresAt": [None, None]}),
        ("register_target", "flow_tea", WHO, {"kind": [None, "echo"]}),
        ("delete_conversation", conversation, WHO, {}),
        ("remove_target", "flow_tea", WHO, {"kind": ["echo", None]}),
        ("revoke_key", key.id, WHO, {"revokedAt": [None, revoked_at]}),
        ("create_key", next_key.id, WHO, {"name": [None, "Next"], "scopes": scopes, "expiresAt": expires_at}),
        ("revoke_key", next_key.id, WHO, {"revokedAt": [None, next_revoked_at]}),
        ("update", token.id, WHO, {"isActive": [True, False]}),
    ]


def test_replaced_target_is_audited_with_its_old_settings(operate):
    register = ("targets", "register", "--tenant", "operator-again", "flow_tea", "--yes", "--kind")
    operate(*register, "bedrock", "--set", "model_id=nova", "--set", "max_tokens=7", "--set", "system_prompt=secret")
    operate(*register, "bedrock", "--set", "model_id=nova", "--set", "max_tokens=8", "--set", "attachments=9")
    same = operate(*register, "bedrock", "--set", "attachments=9", "--set", "model_id=nova", "--set", "max_tokens=8")
    said = "Target flow_tea of tenant operator-again is registered like this already: nothing has changed.\n"
    assert (same.status, same.err.endswith(said)) == (0, True)
    operate(*register, "echo")
    operate("targets", "remove", "--tenant", "operator-again", "flow_tea", "--yes")
    assert [changes for *_, changes in trail(operate, "operator-again")] == [
        {"kind": [None, "bedrock"], "modelId": [None, "nova"], "maxTokens": [None, 7], "systemPrompt": None},
        {"maxTokens": [7, 8], "systemPrompt": None, "attachments": [None, 9]},
        {"kind": ["bedrock", "echo"], "modelId": ["nova", None], "maxTokens": [8, None], "attachments": [9, None]},
        {"kind": ["echo", None]},
    ]


@pytest.mark.parametrize(
    ("verb", "words"),
    [("register", ["--kind", "echo", "--set", "attachments=7"]), ("remove", [])],
    ids=["register", "remove"],
)
@pytest.mark.parametrize("meanwhile", ["replaced", "removed"])
def test_target_changed_since_it_was_shown_is_kept(operate, at_call, verb, words, meanwhile):
    tenant = f"operator-raced-{verb}-{meanwhile}"
    operate("targets", "register", "--tenant", tenant, "flow_tea", "--kind", "echo")
    (seen,) = targets.list_by_tenant(tenant)
    theirs = dataclasses.replace(seen, settings={"attachments": 9})

    def change():
        targets.remove(seen) if meanwhile == "removed" else targets.register(theirs, replaces=seen)

    # The first call reads the target.
    at_call(2, change)
    refused = operate("targets", verb, "--yes", "--tenant", tenant, "flow_tea", *words)
    said = f"Nothing has changed: somebody else registered or removed target flow_tea of tenant {tenant} just now."
    assert (refused.status, refused.err.splitlines()[-1]) == (1, f"Error: {said}")
    assert targets.list_by_tenant(tenant) == ([] if meanwhile == "removed" else [theirs])
    assert [one[0] for one in trail(operate, tenant)] == ["register_target"]


def test_concurrently_registered_target_is_not_replaced(operate, at_call):
    theirs = Target(id="flow_tea", tenant="operator-both", kind="echo", settings={"attachments": 9}, created_at=NOW)
    at_call(2, lambda: targets.register(theirs))
    refused = operate("targets", "register", "--tenant", "operator-both", "flow_tea", "--kind", "echo")
    assert refused.status == 1
    assert targets.list_by_tenant("operator-both") == [theirs]


def test_audit_trail_holds_no_key_value_or_prompt(operate):
    value = operate("keys", "create", "--tenant", "operator-secret", "--name", "CI").out.strip()
    prompt = ("--set", "model_id=nova", "--set", "system_prompt=my-secret-prompt")
    operate("targets", "register", "--tenant", "operator-secret", "agent_a", "--kind", "bedrock", *prompt)
    shown = operate("audit", "--json", "--tenant", "operator-secret").out
    assert value not in shown
    assert value[4:20] not in shown
    assert "my-secret-prompt" not in shown


def test_change_and_audit_record_are_written_atomically(operate, aws_answers):
    operate("keys", "create", "--tenant", "operator-atomic", "--name", "CI")
    (key,) = api_keys.list_by_tenant("operator-atomic", at=datetime.now(UTC))
    before = everything()
    aws_answers("TransactWriteItems", "InternalServerError", status=500)
    assert operate("keys", "revoke", "--yes", "--tenant", "operator-atomic", key.id).status == 1
    assert operate("keys", "create", "--tenant", "operator-atomic", "--name", "CI").status == 1
    assert operate("targets", "register", "--tenant", "operator-atomic", "flow_a", "--kind", "echo").status == 1
    assert everything() == before


def test_nothing_is_written_if_the_operator_is_unknown(operate):
    before = everything()

    def deny(**_):
        raise EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com")

    stack.session.get_component("event_emitter").register_first("before-call.sts.GetCallerIdentity", deny)
    refused = operate("keys", "create", "--tenant", "operator-nobody", "--name", "CI")
    assert (refused.status, refused.out) == (1, "")
    assert "AWS cannot be reached" in refused.err
    assert everything() == before


def test_tenant_is_listed_once_it_has_a_token_key_or_target(operate, run):
    """An organization whose people sign in with Clerk may have only tokens."""
    make_token("listed-c")
    operate("targets", "register", "--tenant", "listed-b", "flow_a", "--kind", "echo")
    first = operate("keys", "create", "--tenant", "listed-a", "--name", "CI")
    second = operate("keys", "create", "--tenant", "listed-a", "--name", "CI")
    assert "Tenant listed-a is new: " in first.err
    known = operate("keys", "create", "--tenant", "listed-c", "--name", "CI")
    assert "is new" not in second.err + known.err
    listed = json.loads(run("tenants", "list", "--stack", cloud.STACK_NAME, "--json").out)
    mine = [one["tenant"] for one in listed if one["tenant"].startswith("listed-")]
    assert mine == ["listed-a", "listed-b", "listed-c"]
    assert [one["tenant"] for one in listed] == sorted(one["tenant"] for one in listed)
    lines = run("tenants", "list", "--stack", cloud.STACK_NAME).out.splitlines()
    assert [line.split()[0] for line in lines] == ["TENANT", *(one["tenant"] for one in listed)]


def test_warning_names_a_tenant_that_is_new(operate):
    operate("keys", "create", "--tenant", "spelled", "--name", "CI")
    made = operate("keys", "create", "--tenant", "speled", "--name", "CI")
    assert "Tenant speled is new: it had no client token, key, or target before." in made.err
    assert "take this back" in made.err


def test_dry_run_counts_the_tokens_to_switch_off(operate):
    for _ in range(2):
        make_token("confirm-tokens")
    looked = operate("tenants", "revoke", "--dry-run", "--tenant", "confirm-tokens")
    assert "0 API keys to revoke, 2 client tokens to switch off (of 2)." in looked.err
