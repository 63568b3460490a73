"""Opening a session: what the page receives, which target it talks to, and how often it may open one."""

import re

import pytest

from tests.functions.page import Page, assert_refused, events


def test_200_init_returns_every_field_that_widget_and_sdk_read(page, create):
    token = create(
        name="Shop",
        sessionIdleTimeoutMinutes=15,
        config={"welcomeMessage": "Grüezi 👋", "placeholder": "Ask away", "theme": {"mode": "dark"}},
    )
    answer = page.init(token.value)
    assert answer.status_code == 200
    session, conversation = answer.json["sessionId"], answer.json["conversationId"]
    assert answer.json == {
        "sessionId": session,
        "expiresAt": "2027-01-31T12:15:00.250Z",
        "conversationId": conversation,
        "conversationRevision": "0.0",
        "targetId": "flow_echo",
        "flow": {"id": "flow_echo", "name": "flow_echo", "description": None},
        "config": {"welcomeMessage": "Grüezi 👋", "placeholder": "Ask away", "theme": {"mode": "dark"}},
    }
    assert session.startswith("cs_")
    assert re.fullmatch(r"conv_[0-9a-z]{26}", conversation)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, (None, "Type your message...", None)),
        ({"welcome_message": "Hello"}, ("Hello", "Type your message...", None)),
        ({"welcomeMessage": 5, "placeholder": None, "theme": "dark"}, (None, "Type your message...", None)),
        ({"secret": "x", "theme": {}}, (None, "Type your message...", {})),
    ],
)
def test_200_config_returns_only_widget_fields(page, create, config, expected):
    answer = page.init(create(config=config).value)
    keys = ("welcomeMessage", "placeholder", "theme")
    assert answer.json["config"] == dict(zip(keys, expected, strict=True))


@pytest.mark.parametrize(("minutes", "expires"), [(1, "12:02:00.250Z"), (2, "12:02:00.250Z"), (3, "12:03:00.250Z")])
def test_session_is_long_enough_for_the_widget(page, create, minutes, expires):
    token = create(sessionIdleTimeoutMinutes=minutes)
    assert page.init(token.value).json["expiresAt"] == f"2027-01-31T{expires}"


def test_session_and_conversation_ids_are_unique(page, token):
    answers = [page.init(token.value).json for _ in range(20)]
    assert len({answer["sessionId"] for answer in answers}) == 20
    assert len({answer["conversationId"] for answer in answers}) == 20


@pytest.fixture
def ask_for(page, create, register):
    """Opens a session with a token for these flows and agents; returns the response."""
    for target_id in ("flow_a", "flow_b", "agent_a"):
        register(target_id)
    return lambda wanted, **settings: page.init(create(**settings).value, **({"flowId": wanted} if wanted else {}))


BOTH = {"flowIds": ["flow_a", "flow_b"], "agentIds": ["agent_a"]}


@pytest.mark.parametrize(
    ("settings", "wanted", "expected"),
    [
        (BOTH, None, "flow_a"),
        (BOTH | {"defaultFlowId": "flow_b"}, None, "flow_b"),
        (BOTH | {"defaultFlowId": "flow_b"}, "flow_a", "flow_a"),
        (BOTH, "agent_a", "agent_a"),
        ({"flowIds": [], "agentIds": ["agent_a"]}, None, "agent_a"),
    ],
)
def test_200_session_is_bound_to_the_chosen_target(page, ask_for, settings, wanted, expected):
    answer = ask_for(wanted, **settings)
    assert answer.json["targetId"] == expected
    ((kind, start), *_) = events(page.say(answer.json["sessionId"]))
    assert (kind, start["agentId"]) == ("execution_start", expected)


@pytest.mark.parametrize("wanted", ["flow_b", "agent_a", "flow", " ", "x" * 5000])
def test_403_flow_or_agent_that_the_token_does_not_list(page, create, register, calls, wanted):
    register("flow_a")
    value = create(flowIds=["flow_a"]).value
    calls.clear()
    assert_refused(page.init(value, flowId=wanted), 403, "target_not_allowed")
    assert calls.writes() == []


def test_400_token_without_a_target(ask_for):
    body = assert_refused(ask_for(None, flowIds=[]), 400, "no_target")
    assert "no flow and no agent" in body["error"]
    assert body["hint"] == "Add one to the token."


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "The body is not JSON"),
        ("not json", "The body is not JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "token: is required"),
        ({"token": None}, "token: must be text"),
        ({"token": 5}, "token: must be text"),
        ({"token": "x", "flowId": 5}, "flowId: must be text"),
        ({"token": "x", "sessionId": {}}, "sessionId: must be text"),
    ],
)
def test_400_malformed_body(page, calls, body, error):
    calls.clear()
    assert error in assert_refused(page.post("init", body), 400, page_code(body))["error"]
    assert calls == []


def page_code(body):
    return "invalid_request" if isinstance(body, dict) or body == "{}" else "invalid_json"


def test_200_when_the_widget_disables_history(page, token):
    fields = dict.fromkeys(["visitorToken", "conversationId", "identityProof", "flowId", "sessionId"])
    for wanted in (False, None):
        assert page.init(token.value, visitorHistory=wanted, **fields).status_code == 200
    assert page.init(token.value, durableRecovery=True, fieldOfTomorrow={"a": [1]}).status_code == 200


def test_429_after_sixty_sessions_per_minute_and_address(app, page, token, clock):
    answers = [page.init(token.value) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    answer = answers[60]
    body = assert_refused(answer, 429, "rate_limited")
    wait = int(answer.headers["Retry-After"])
    assert body["hint"] == f"{body['error']} Please wait {wait} seconds and try again."
    assert Page(app, address="203.0.113.8").init(token.value).status_code == 200
    clock.forward(seconds=wait)
    assert page.init(token.value).status_code == 200


def test_opening_sessions_does_not_count_as_messages(page, create):
    token = create(rateLimitPerMinute=1)
    for _ in range(5):
        session = page.open(token.value)
    assert page.say(session).status_code == 200
