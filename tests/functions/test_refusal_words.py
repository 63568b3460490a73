"""What a 400 or 429 says to developers, word for word: the field, what is wrong with it, and how to go on."""

import json

import pytest

from tests.functions.page import assert_refused

LIST = "/v1/client-tokens"
PORTS = (
    "allowedOrigins: http://localhost:* is for tokens of environment test: on a live token, list each port by itself"
)
TOOL = {"name": "ask", "description": "Asks", "parametersSchema": {"type": "object"}}


@pytest.fixture
def path(token):
    return f"{LIST}/{token.id}"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"nam": "Shop"}, "nam: is not a known field"),
        ({"name": 5}, "name: must be text"),
        ({"name": ""}, "name: must be at least 1 character(s) long"),
        ({"name": "x" * 256}, "name: must be at most 255 characters long"),
        ({"isActive": 1}, "isActive: must be true or false"),
        ({"config": []}, "config: must be an object"),
        ({"flowIds": "flow_a"}, "flowIds: must be a list"),
        ({"flowIds": ["x" * 129]}, "flowIds[0]: must be at most 128 characters long"),
        ({"allowedOrigins": []}, "allowedOrigins: must have at least 1 entry"),
        ({"allowedOrigins": ["https://a.example"] * 101}, "allowedOrigins: must have at most 100 entries"),
        ({"originEnforcement": "x"}, "originEnforcement: must be 'enforce' or 'observe'"),
        ({"rateLimitPerMinute": "1"}, "rateLimitPerMinute: must be a whole number"),
        ({"rateLimitPerMinute": 0}, "rateLimitPerMinute: must be at least 1"),
        ({"rateLimitPerMinute": 1001}, "rateLimitPerMinute: must be at most 1000"),
        ({"dailyBudget": "x"}, "dailyBudget: must be a number"),
        ({"dailyBudget": -1}, "dailyBudget: must be at least 0.01"),
        ({"expiresAt": "soon"}, "expiresAt: must be a time with its offset, such as 2027-01-31T00:00:00Z"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt: must be in the future, or null for never"),
        ({"defaultFlowId": "flow_x"}, "defaultFlowId: must be one of the token's flows"),
        ({"targetAlias": "stable"}, "targetAlias: needs exactly one agent on the token"),
        (
            {"pinToVersion": "agentver_1"},
            "pinToVersion: cannot be set to an agent version: use the target version id for that",
        ),
        ({"environment": "test"}, "environment: cannot be changed once the token exists"),
        (
            {"allowedOrigins": ["http://localhost:*"]},
            PORTS,
        ),
        ({"config": {"a": "x" * 16_384}}, "config: must be at most 16 KB as JSON"),
        ({"config": json.loads('{"a":' * 17 + "1" + "}" * 17)}, "config: must be nested at most 16 deep"),
        ('{"name": NaN}', "The body is not JSON: NaN is not a valid number."),
        ('{"name": "a", "name": "b"}', "The body is not JSON: duplicate key."),
        ('{"dailyBudget": 1e999}', "The body is not JSON: a number is too large."),
    ],
)
def test_update(api, path, body, error):
    answer = api.put(path, body)
    assert (answer.status_code, answer.json["error"]) == (400, error)


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("period=week", "period: must be 'day' or 'hour'"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "since: must be before until"),
        ("since=2026-01-01T00:00:00Z&until=2026-01-09T00:00:00Z", "since: must be at most 168 hours before until"),
        ("since=9999-12-31T23:30:00Z&until=9999-12-31T23:59:59Z", "until: is out of range"),
    ],
)
def test_usage(api, path, query, error):
    answer = api.get(f"{path}/usage?{query}")
    assert (answer.status_code, answer.json["error"]) == (400, error)


@pytest.mark.parametrize(
    ("feedback", "error"),
    [
        ({"type": "x"}, "type: must be 'upvote', 'downvote', 'copy', 'csat' or 'nps'"),
        ({"type": "csat", "rating": 9}, "rating: must be from 1 to 5 for csat"),
        ({"type": "nps"}, "rating: must be from 0 to 10 for nps"),
    ],
)
def test_feedback(page, token, feedback, error):
    answer = page.rate(page.open(token.value), token.value, **feedback)
    assert assert_refused(answer, 400, "invalid_request")["error"] == error


@pytest.mark.parametrize(
    ("tool", "error"),
    [
        ({"name": ""}, "clientTools[0].name: must be at least 1 character(s) long"),
        ({"origin": "x"}, "clientTools[0].origin: must be 'sdk' or 'webmcp'"),
        ({"parametersSchema": []}, "clientTools[0].parametersSchema: must be an object"),
        ({"parametersSchema": {}}, 'clientTools[0].parametersSchema: must have the type "object"'),
    ],
)
def test_client_tool(page, token, tool, error):
    answer = page.say(page.open(token.value), clientTools=[TOOL | tool], clientToolsFingerprint="f1")
    assert assert_refused(answer, 400, "invalid_request")["error"] == error


def test_alias_beside_a_target_version(api, path, register):
    register("flow_echo")
    register("agent_a")
    answer = api.put(path, {"agentIds": ["agent_a"], "targetAlias": "stable", "targetVersionId": "agentver_1"})
    assert answer.json["error"] == ("targetAlias: cannot be combined with a target version id: set one of them to null")


def test_cursor_beside_an_offset(api):
    assert api.get(f"{LIST}?cursor=x&offset=1").json["error"] == (
        "cursor: cannot be combined with offset: the cursor already says where the page begins"
    )


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"address": "x"}, "address: must be an IPv4 or IPv6 address"),
        ({"flowId": "flow_a", "agentId": "agent_a"}, "agentId: cannot be combined with flowId"),
    ],
)
def test_explanation(api, path, asked, error):
    answer = api.post(f"{path}/explain", {"origin": "https://app.example.com"} | asked)
    assert (answer.status_code, answer.json["error"]) == (400, error)


def test_list_that_is_too_long(api, create, monkeypatch):
    monkeypatch.setattr("shared.store.client_tokens._UNPAGED_MAX", 2)
    for _ in range(3):
        create()
    answer = api.get(LIST)
    assert (answer.status_code, answer.json["error"]) == (400, "There are more than 2 client tokens.")
    assert answer.json["hint"] == "Ask for them in pages, with limit and cursor."


def test_lists_that_are_too_frequent(api, monkeypatch):
    monkeypatch.setenv("MANAGEMENT_LISTS_PER_MINUTE", "2")
    answer = [api.get(LIST) for _ in range(3)][-1]
    assert (answer.status_code, answer.json["error"]) == (429, "Your tenant may request 2 lists per minute.")
    assert answer.json["hint"].endswith(" seconds, or ask an operator to raise ManagementListsPerMinute.")
