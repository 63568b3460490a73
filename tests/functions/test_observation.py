"""Observe before enforce: a token admits origins that are not allowed, says so, and ends that by itself."""

import json
from datetime import timedelta

import pytest

from tests.functions import paused
from tests.functions.page import ORIGIN, Page, assert_refused
from tests.operations import BROWSER, each

STRANGER = "https://stranger.example.net"
DAYS = timedelta(days=14)
WARNING = "origins_observed"
# What a page may send instead of an allowed origin. None: no Origin header.
UNLISTED = [STRANGER, f"{ORIGIN}.example.net", "http://app.example.com", "null", "not an origin", None]


@pytest.fixture
def observing(create):
    return create(originEnforcement="observe")


@pytest.fixture
def stranger(app, clock):
    return Page(app, STRANGER)


@pytest.fixture
def lines(output):
    """The `answered` lines so far."""

    def lines():
        read = [json.loads(line) for line in output().splitlines() if line.startswith("{")]
        return [line for line in read if line.get("message") == "answered"]

    return lines


def warned(answer):
    return [one["type"] for one in answer.json.get("warnings", [])]


@pytest.mark.parametrize("origin", UNLISTED)
def test_unlisted_origin_is_admitted_while_observing_and_refused_after(app, clock, create, origin):
    page = Page(app, origin)
    assert_refused(page.init(create().value), 403, "origin_not_allowed")
    token = create(originEnforcement="observe")
    session = page.open(token.value)
    assert page.say(session).status_code == 200
    assert page.rate(session, token.value).status_code == 200
    token.change(originEnforcement="enforce")
    assert_refused(page.init(token.value), 403, "origin_not_allowed")


def test_observed_line_names_the_code_and_the_origin(page, stranger, observing, lines):
    page.open(observing.value)
    stranger.open(observing.value)
    allowed, unlisted = lines()[-2:]
    assert (allowed.get("observed"), allowed.get("origin")) == (None, None)
    assert (unlisted["observed"], unlisted["origin"], unlisted["status"]) == ("origin_not_allowed", STRANGER, 200)
    assert "code" not in unlisted


@pytest.mark.parametrize("origin", ["not an origin", "https://x.example.com/?token=sk-canary", None])
def test_observed_text_that_is_no_origin_is_not_logged(app, observing, lines, output, origin):
    Page(app, origin).open(observing.value)
    assert lines()[-1]["observed"] == "origin_not_allowed"
    assert lines()[-1].get("origin") in {None, "malformed"}
    assert "sk-canary" not in output()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [({"isActive": False}, 401, "token_inactive"), ({"expiresAt": "2027-01-31T12:30:00Z"}, 401, "token_expired")],
)
def test_inactive_or_expired_token_is_refused_while_observing(clock, stranger, observing, change, status, code):
    session = stranger.open(observing.value)
    observing.change(**change)
    clock.forward(minutes=29, seconds=59, milliseconds=750)
    assert_refused(stranger.init(observing.value), status, code)
    assert_refused(stranger.say(session), status, code)


def test_replaced_value_and_its_sessions_are_refused_while_observing(stranger, observing):
    session = stranger.open(observing.value)
    observing.regenerate()
    assert_refused(stranger.init(observing.value), 401, "invalid_token")
    assert_refused(stranger.say(session), 401, "session_ended")


def test_rate_limits_hold_while_observing(create, stranger):
    token = create(originEnforcement="observe", rateLimitPerMinute=1)
    session = stranger.open(token.value)
    assert stranger.say(session).status_code == 200
    assert_refused(stranger.say(session), 429, "rate_limited")


def test_message_limit_and_targets_hold_while_observing(create, stranger):
    token = create(originEnforcement="observe", maxMessagesPerSession=1)
    assert_refused(stranger.init(token.value, flowId="flow_other"), 403, "target_not_allowed")
    session = stranger.open(token.value)
    assert stranger.say(session).status_code == 200
    assert_refused(stranger.say(session), 429, "message_limit_reached")


def test_session_keeps_its_origin_while_observing(app, page, stranger, observing):
    session = page.open(observing.value)
    for other in (stranger, Page(app, None), Page(app, "null")):
        assert_refused(other.say(session), 401, "session_ended")
        assert_refused(other.rate(session, observing.value), 401, "session_ended")
        assert other.open(observing.value, sessionId=session) != session


def test_visitors_history_keeps_its_origin_while_observing(page, stranger, observing):
    opened = page.init(observing.value, visitorHistory=True).json
    known = {"session": opened["sessionId"], "secret": opened["visitor"]["token"]}
    assert_refused(stranger.history("GET", **known), 401, "session_ended")
    assert page.history("GET", **known).status_code == 200


@each([operation for operation in BROWSER if operation.name != "InitSession"])
def test_session_of_an_observed_origin_ends_with_the_observation(clock, create, stranger, operation):
    token = create(originEnforcement="observe", sessionIdleTimeoutMinutes=1440)
    clock.forward(days=13, hours=23)
    opened = stranger.init(token.value, visitorHistory=True).json
    clock.forward(hours=1)
    sent = {"secret": opened["visitor"]["token"], "conversation_id": opened["conversationId"]}
    answer = stranger.do(operation, token.value, opened["sessionId"], paused.UNKNOWN, **sent)
    assert_refused(answer, 403, "origin_not_allowed")


def test_observation_ends_at_exactly_fourteen_days(clock, stranger, observing):
    begun = clock.held
    clock.held = begun + DAYS - timedelta(milliseconds=1)
    assert stranger.init(observing.value).status_code == 200
    assert observing.record()["originEnforcement"] == "observe"
    clock.held = begun + DAYS
    assert_refused(stranger.init(observing.value), 403, "origin_not_allowed")
    assert (observing.record()["originEnforcement"], observing.record()["observeUntil"]) == ("enforce", None)


def test_update_of_another_field_neither_extends_nor_ends_it(clock, stranger, observing):
    until = observing.record()["observeUntil"]
    clock.forward(days=13)
    observing.change(name="Renamed", allowedOrigins=["https://other.example.com"])
    observing.value = observing.regenerate()
    assert observing.record()["observeUntil"] == until
    assert stranger.init(observing.value).status_code == 200
    clock.forward(days=1)
    observing.change(rateLimitPerMinute=20)
    assert_refused(stranger.init(observing.value), 403, "origin_not_allowed")


def test_observe_sent_again_while_observing_does_not_extend_it(clock, api, stranger, observing):
    """A program that sends all settings every day must not keep a token open for good."""
    for _ in range(14):
        clock.forward(days=1)
        record = observing.record()
        settings = {name: record[name] for name in ("name", "allowedOrigins", "originEnforcement")}
        observing.change(**settings)
    assert_refused(stranger.init(observing.value), 403, "origin_not_allowed")


@pytest.mark.parametrize("is_ended", [True, False])
def test_observation_can_start_again_once_it_has_ended(clock, stranger, observing, is_ended):
    if is_ended:
        clock.forward(days=20)
    else:
        observing.change(originEnforcement="enforce")
    observing.change(originEnforcement="observe")
    clock.forward(days=13)
    assert stranger.init(observing.value).status_code == 200
    clock.forward(days=1)
    assert_refused(stranger.init(observing.value), 403, "origin_not_allowed")


def test_warning_for_as_long_as_it_lasts(clock, api, create):
    path = f"/v1/client-tokens/{create(originEnforcement='observe').id}"
    created = api.post("/v1/client-tokens", {"name": "A", "allowedOrigins": [ORIGIN], "originEnforcement": "observe"})
    assert WARNING in warned(created)
    assert (created.json["clientToken"]["observeUntil"]) == "2027-02-14T12:00:00.250Z"
    assert "2027-02-14T12:00:00.250Z" in str(created.json["warnings"])
    assert WARNING in warned(api.put(path, {"name": "B"}))
    assert warned(api.get(path)) == [WARNING]
    clock.forward(days=14)
    assert WARNING not in warned(api.put(path, {"name": "C"}))
    assert "warnings" not in api.get(path).json


def test_list_shows_which_tokens_observe(api, create):
    tokens = {create(originEnforcement=enforcement).id: enforcement for enforcement in ("enforce", "observe")}
    listed = api.get("/v1/client-tokens").json["clientTokens"]
    assert {one["id"]: one["originEnforcement"] for one in listed} == tokens
    assert {one["id"] for one in listed if one["observeUntil"]} == {
        token_id for token_id, enforcement in tokens.items() if enforcement == "observe"
    }


def test_end_of_an_observation_cannot_be_chosen(api, observing):
    answer = api.put(f"/v1/client-tokens/{observing.id}", {"observeUntil": "2030-01-01T00:00:00Z"})
    assert answer.json["details"][0]["code"] == "unknown_field"


@pytest.mark.parametrize("value", [None, "", "OBSERVE", "off", True, 14, ["observe"]])
def test_400_origin_enforcement_is_enforce_or_observe(api, observing, value):
    answer = api.put(f"/v1/client-tokens/{observing.id}", {"originEnforcement": value})
    assert [one["path"] for one in answer.json["details"]] == ["originEnforcement"]


def test_record_from_before_the_setting_enforces(app, stranger, create):
    token = create()
    assert "observe_until" not in str(token.record())
    assert token.record()["originEnforcement"] == "enforce"
    assert_refused(stranger.init(token.value), 403, "origin_not_allowed")
