"""Owners see which flows and agents are registered, and whether this deployment lets them answer."""

import pytest

from shared.rules import cursor
from shared.store import targets
from tests.functions.conftest import MODEL
from tests.functions.page import assert_refused
from tests.functions.test_cursors import ids, pages
from tests.operations import TARGETS

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
CANARY = "canary-5e1f"


@pytest.fixture
def permit(monkeypatch):
    """`permit(models="arn:...")`: what the deployment permits, and nothing else."""

    def permit(functions="", models="", keys=""):
        monkeypatch.setenv("PERMITTED_FUNCTIONS", functions)
        monkeypatch.setenv("PERMITTED_MODELS", models)
        monkeypatch.setenv("PERMITTED_ENDPOINT_KEYS", keys)

    return permit


@pytest.fixture
def found(api):
    return lambda: {one["id"]: one for one in api.get(TARGETS).json["targets"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 200])
def test_pages_have_no_gap_and_no_overlap(api, register, limit):
    names = sorted(["flow_b", "agent_a", "flow_a", "flow_\N{GRINNING FACE}", "Flow", "z"])
    for name in names:
        register(name)
    assert ids(pages(api.get, TARGETS, "targets", limit)) == names


def test_pages_of_the_longest_ids_follow_each_other(api, register):
    """An id has 128 characters, each of up to four bytes."""
    names = [chr(ord("\N{GRINNING FACE}") + number) * 128 for number in range(3)]
    for name in names:
        register(name)
    assert ids(pages(api.get, TARGETS, "targets", 1)) == names


def test_page_ends_at_a_megabyte_and_the_next_goes_on(api, register, calls):
    """A target's prompt has up to 32 KB. A request makes one query."""
    names = [f"agent_{number:03}" for number in range(70)]
    for name in names:
        register(name, "bedrock", model_id="m", system_prompt="x" * 32_000)
    calls.clear()
    first = api.get(f"{TARGETS}?limit=200").json
    assert calls.count("Query") == 1
    assert 1 < len(first["targets"]) < 40
    assert ids(pages(api.get, TARGETS, "targets", 200)) == names


def test_tenant_without_targets_has_an_empty_list(api, caller, register):
    register("flow_mine")
    assert caller().get(TARGETS).json == {
        "targets": [],
        "pagination": {"limit": 50, "hasMore": False, "nextCursor": None},
    }


def test_list_shows_limits_and_no_setting_of_the_kind(api, register, found):
    register("flow_echo")
    register(
        "agent_llm",
        "openai",
        base_url=f"https://{CANARY}@example.com/v1?key={CANARY}",
        model=CANARY,
        secret_arn=f"{SECRET}{CANARY}",
        system_prompt=CANARY,
        max_tokens=200,
        max_input_bytes=1000,
        max_message_bytes=500,
        call_price="0.25",
    )
    register("flow_mail", "aws_lambda", function_arn=f"{FUNCTION}{CANARY}", attachments=4000)
    register("flow_sales", "bedrock", model_id=CANARY, system_prompt=CANARY)
    assert CANARY not in api.get(TARGETS).text
    usual = {"maxInputBytes": 32768, "maxMessageBytes": 8192, "attachments": 0, "maxTokens": None, "maxCost": None}
    listed = {name: one["limits"] for name, one in found().items()}
    assert listed == {
        "flow_echo": usual,
        "agent_llm": usual | {"maxInputBytes": 1000, "maxMessageBytes": 500, "maxTokens": 200, "maxCost": 0.25},
        "flow_mail": usual | {"attachments": 4000},
        "flow_sales": usual | {"maxTokens": 1024},
    }
    fields = {"id", "kind", "isAllowed", "problem", "limits", "createdAt"}
    assert {frozenset(one) for one in found().values()} == {frozenset(fields)}


@pytest.mark.parametrize(
    ("kind", "settings", "permitted", "parameter"),
    [
        ("aws_lambda", {"function_arn": f"{FUNCTION}tea"}, {}, "TargetFunctionPrefix"),
        ("aws_lambda", {"function_arn": f"{FUNCTION}tea"}, {"functions": f"{FUNCTION}shop-*"}, "TargetFunctionPrefix"),
        ("aws_lambda", {"function_arn": f"{FUNCTION}tea:live"}, {"functions": f"{FUNCTION}te*"}, None),
        ("bedrock", {"model_id": "amazon.nova-pro-v1:0"}, {"models": MODEL}, "BedrockModelArns"),
        ("bedrock", {"model_id": "amazon.nova-lite-v1:0"}, {"models": f"arn:x,{MODEL}"}, None),
        ("openai", {"secret_arn": f"{SECRET}tea"}, {"functions": "*"}, "TargetSecretPrefix"),
        ("openai", {"secret_arn": f"{SECRET}tea"}, {"keys": f"{SECRET}t*"}, None),
        ("openai", {"base_url": "https://example.com/v1"}, {}, None),
        ("echo", {}, {}, None),
    ],
)
def test_target_is_allowed_if_the_deployment_permits_what_it_names(
    register, found, permit, kind, settings, permitted, parameter
):
    permit(**permitted)
    register("flow_a", kind, **settings)
    one = found()["flow_a"]
    assert one["isAllowed"] is (parameter is None)
    assert (one["problem"] is None) is one["isAllowed"]
    # The owner learns which parameter an operator has to change, and not what it says.
    assert (parameter or "") in (one["problem"] or "")
    assert "arn:" not in (one["problem"] or "")


def test_kind_that_this_version_lacks_is_not_allowed(register, found):
    register("flow_old", "carrier_pigeon", model="m")
    one = found()["flow_old"]
    assert (one["kind"], one["isAllowed"]) == ("carrier_pigeon", False)
    assert "does not support its kind" in one["problem"]


def test_400_cursor_of_another_tenant_or_made_up(api, caller, register):
    for name in ("flow_a", "flow_b"):
        register(name)
    own = api.get(f"{TARGETS}?limit=1").json["pagination"]["nextCursor"]
    assert ids([api.get(f"{TARGETS}?cursor={own}").json["targets"]]) == ["flow_b"]
    assert_refused(caller().get(f"{TARGETS}?cursor={own}"), 400, "invalid_cursor")
    for position in (" ", "a b", "x" * 129, "\n"):
        made_up = cursor.encode(position, "targets", api.tenant)
        assert_refused(api.get(f"{TARGETS}?cursor={made_up}"), 400, "invalid_cursor")
    for query in ("limit=0", "limit=201", "offset=1", "tenant=other"):
        assert_refused(api.get(f"{TARGETS}?{query}"), 400, "invalid_request")


def test_page_that_begins_with_a_removed_target_goes_on_behind_it(api, register):
    for name in ("flow_a", "flow_b", "flow_c"):
        register(name)
    following = api.get(f"{TARGETS}?limit=1").json["pagination"]["nextCursor"]
    targets.remove(targets.get(api.tenant, "flow_b"))
    assert ids([api.get(f"{TARGETS}?cursor={following}").json["targets"]]) == ["flow_c"]
