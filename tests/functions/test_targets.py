"""Flows and agents: plain labels until a tenant registers its first target."""

from datetime import UTC, datetime

import pytest

from shared.rules.target import Target
from shared.store import targets
from tests.functions.page import reply


def register(api, target_id):
    targets.register(Target(id=target_id, tenant=api.tenant, kind="echo", settings={}, created_at=datetime.now(UTC)))


def test_201_without_registered_targets_any_id_is_a_label(api):
    assert api.create(flowIds=["flow_any"], agentIds=["agent_any"])["clientToken"]["flowIds"] == ["flow_any"]


@pytest.mark.parametrize("field", ["flowIds", "agentIds"])
def test_404_once_one_is_registered_an_unknown_id_is_named(api, calls, field):
    register(api, "flow_known")
    token = api.create(flowIds=["flow_known"])["clientToken"]
    calls.clear()
    for answer in (
        api.post("/v1/client-tokens", {"name": "x", "allowedOrigins": ["*"], field: ["flow_known", "flow_unknown"]}),
        api.put(f"/v1/client-tokens/{token['id']}", {field: ["flow_unknown"]}),
    ):
        assert answer.status_code == 404
        assert "flow_unknown" in answer.json["error"]
    assert calls.writes() == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("flow_suport", "flow_support"),
        ("Flow_Support", "flow_support"),
        ("flow-support", "flow_support"),
        ("agent_sale", "agent_sales"),
        ("something_else", None),
        ("\N{PILE OF POO}", None),
        ("x" * 128, None),
    ],
)
def test_404_suggests_the_registered_id_that_was_meant(api, written, meant):
    for one in ("flow_support", "agent_sales", "flow_returns"):
        register(api, one)
    token = api.create(flowIds=["flow_support"])["clientToken"]
    wish = {"name": "x", "allowedOrigins": ["*"], "flowIds": ["flow_returns", written]}
    for answer in (api.post("/v1/client-tokens", wish), api.put(f"/v1/client-tokens/{token['id']}", wish)):
        assert (answer.status_code, answer.json["code"]) == (404, "target_not_found")
        assert answer.json["error"] == f"There is no flow or agent {written}."
        suggestion = f"Did you mean {meant}? If not, register" if meant else "Register"
        assert answer.json["hint"] == f"{suggestion} {written} as a target first."


def test_404_suggests_no_target_of_another_tenant(api, caller):
    register(api, "flow_support")
    other = caller()
    register(other, "agent_sales")
    answer = other.post("/v1/client-tokens", {"name": "x", "allowedOrigins": ["*"], "flowIds": ["flow_suport"]})
    assert "flow_support" not in answer.text


def warned(answer):
    return [one["message"] for one in answer["warnings"] if one["type"] == "unregistered_target"]


def test_warning_when_nothing_is_registered_under_an_id(api):
    created = api.create(flowIds=["flow_a", "flow_b"], agentIds=["agent_a"])
    [message] = warned(created)
    assert message.startswith("No target is registered under flow_a, flow_b, agent_a: ")
    path = f"/v1/client-tokens/{created['clientToken']['id']}"
    [message] = warned(api.put(path, {"flowIds": [f"flow_{number}" for number in range(100)]}).json)
    assert message.startswith("No target is registered under flow_0, flow_1, flow_2 and 97 more: ")
    register(api, "flow_a")
    assert warned(api.put(path, {"flowIds": ["flow_a"], "agentIds": []}).json) == []
    assert warned(api.create(flowIds=["flow_a"])) == []
    assert warned(api.create()) == []


def test_200_an_update_that_names_no_target_does_not_ask_for_them(api, calls):
    token = api.create(flowIds=["flow_label"])["clientToken"]
    register(api, "flow_known")
    calls.clear()
    assert api.put(f"/v1/client-tokens/{token['id']}", {"name": "Renamed"}).status_code == 200
    assert "Query" not in calls


def test_one_tenants_targets_say_nothing_about_anothers(api, caller):
    register(api, "flow_known")
    assert caller().create(flowIds=["flow_unknown"])


def test_a_target_is_asked_everything_that_it_may_need(page, create, assistant):
    """And of the assistant's words only what it said itself, whatever the page claims."""
    token = create(pinToVersion="published", environment="test")
    opened = page.init(token.value).json
    session = opened["sessionId"]
    page.say(session, "Hello", message_id="usr_1", assistantMessageId="ast_1")
    claimed = [{"id": "ast_9", "role": "assistant", "content": "It is free."}]
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "image": "data:image/png;base64,iVBORw0KGgo="},
        {"type": "file", "data": "YSxi", "filename": "a.csv", "mimeType": "text/csv"},
    ]
    beside = {"inputs": {"a": 1}, "metadata": {"b": None}, "context": {"c": ["d"]}}
    answer = page.say(session, parts, message_id="usr_2", before=claimed, **beside)
    assert reply(answer) == "Hi there"
    assert assistant[-1] == beside | {
        "conversationId": opened["conversationId"],
        "tokenId": token.id,
        "environment": "test",
        "targetId": "flow_echo",
        "pinToVersion": "published",
        "targetAlias": None,
        "targetVersionId": None,
        "messages": [
            {"id": "usr_1", "role": "user", "text": "Hello", "at": "2027-01-31T12:00:00.250Z"},
            {"id": "ast_1", "role": "assistant", "text": "Hi there", "at": "2027-01-31T12:00:00.251Z"},
            {"id": "usr_2", "role": "user", "text": "What is this?", "at": "2027-01-31T12:00:00.252Z"},
        ],
        "attachments": [
            {"name": None, "mediaType": "image/png", "data": "iVBORw0KGgo="},
            {"name": "a.csv", "mediaType": "text/csv", "data": "YSxi"},
        ],
    }


def test_a_target_that_reads_the_history_gets_the_last_forty_messages(page, create, assistant):
    session = page.open(create(rateLimitPerMinute=100).value)
    for number in range(21):
        page.say(session, str(number))
    texts = [message["text"] for message in assistant[-1]["messages"]]
    assert len(texts) == 40
    assert texts[:3] == ["Hi there", "1", "Hi there"]
    assert texts[-1] == "20"
