"""The rate limit of messages: per address, reported truthfully, and never skipped."""

import pytest

from tests.functions.page import Page, assert_refused


def rate_headers(answer):
    """The rate limit headers of a response as numbers: limit, remaining, reset."""
    return tuple(int(answer.headers[f"RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))


@pytest.fixture
def limited(create):
    return create(rateLimitPerMinute=3, rateLimitPerHour=5)


@pytest.fixture
def session(page, limited):
    return page.open(limited.value)


def test_429_retry_after_is_when_the_next_message_passes(page, session, clock):
    answers = [page.say(session) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [rate_headers(answer)[:2] for answer in answers] == [(3, 2), (3, 1), (3, 0), (3, 0)]
    body = assert_refused(answers[3], 429, "rate_limited")
    wait = int(answers[3].headers["Retry-After"])
    assert 0 < wait <= rate_headers(answers[3])[2] <= 66
    assert body["error"] == "You are sending messages too quickly."
    assert body["hint"] == f"You are sending messages too quickly. Please wait {wait} seconds and try again."
    clock.forward(seconds=wait)
    answer = page.say(session)
    assert answer.status_code == 200
    assert rate_headers(answer)[:2] == (5, 0)


def test_429_before_the_first_message_names_the_network(page, limited):
    """Somebody else behind the same address has used up the limit."""
    others = page.open(limited.value)
    for _ in range(3):
        page.say(others)
    newcomer = page.open(limited.value)
    answer = page.say(newcomer)
    body = assert_refused(answer, 429, "rate_limited")
    wait = answer.headers["Retry-After"]
    sentence = "Too many messages are coming from your network."
    assert (body["error"], body["hint"]) == (sentence, f"{sentence} Please wait {wait} seconds and try again.")
    assert page.say(others).json["error"] == "You are sending messages too quickly."


def test_429_when_the_hourly_limit_is_exceeded(page, session, clock):
    for _ in range(5):
        assert page.say(session).status_code == 200
        clock.forward(minutes=2)
    answer = page.say(session)
    assert_refused(answer, 429, "rate_limited")
    wait = int(answer.headers["Retry-After"])
    assert 45 * 60 < wait <= 65 * 60
    assert rate_headers(answer)[0] == 5


def test_wait_of_one_second_is_written_in_the_singular(page, session, clock):
    for _ in range(3):
        page.say(session)
    clock.forward(seconds=64.65)
    answer = page.say(session)
    assert answer.headers["Retry-After"] == "1"
    assert answer.json["hint"].endswith("Please wait 1 second and try again.")


def test_rate_limit_headers_are_on_counted_responses_only(app, page, create, register):
    token = create(maxMessagesPerSession=1)
    session = page.open(token.value)
    counted = [page.say(session, message_id="usr_1"), page.say(session, message_id="usr_1"), page.say(session)]
    register("flow_echo", "aws_lambda", function_arn="arn:aws:lambda:us-east-1:123456789012:function:assistant-gone")
    counted.append(page.say(page.open(token.value)))
    assert [answer.status_code for answer in counted] == [200, 200, 429, 502]
    assert [rate_headers(answer)[:2] for answer in counted] == [(10, 9), (10, 8), (10, 7), (10, 6)]
    for answer in counted:
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert set(exposed) >= {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"}
    uncounted = [
        page.say("x"),
        page.say(session, ""),
        page.init(token.value),
        Page(app, "x").say(session),
    ]
    assert [answer.status_code for answer in uncounted] == [401, 400, 200, 403]
    assert not any("RateLimit-Limit" in answer.headers for answer in uncounted)
    assert "Retry-After" not in counted[2].headers


def test_limit_is_per_address_and_shared_by_its_sessions(app, page, limited):
    first, second = page.open(limited.value), page.open(limited.value)
    for _ in range(3):
        assert page.say(first).status_code == 200
    assert page.say(second).status_code == 429
    assert Page(app, address="203.0.113.8").say(second).status_code == 200


@pytest.mark.parametrize(
    ("neighbor", "status"),
    [("2001:db8::ffff", 429), ("2001:db8:0:0:1::", 429), ("2001:db8:0:1::1", 200), ("2001:db9::1", 200)],
)
def test_ipv6_addresses_share_a_limit_per_64_prefix(app, limited, neighbor, status):
    visitor = Page(app, address="2001:db8::1")
    session = visitor.open(limited.value)
    for _ in range(3):
        assert visitor.say(session).status_code == 200
    assert Page(app, address=neighbor).say(session).status_code == status


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"])
def test_429_claimed_client_address_is_ignored(page, limited, header):
    session = page.open(limited.value)
    statuses = []
    for number in range(4):
        message = {"id": f"usr_{number}", "role": "user", "content": "Hi"}
        answer = page.post("chat", {"sessionId": session, "messages": [message]}, [(header, f"198.51.100.{number}")])
        statuses.append(answer.status_code)
    assert statuses == [200, 200, 200, 429]


def test_tokens_do_not_share_a_limit(page, create):
    tokens = [create(rateLimitPerMinute=1) for _ in range(2)]
    assert [page.say(page.open(token.value)).status_code for token in tokens] == [200, 200]


@pytest.mark.parametrize("fault", [("ThrottlingException", 400), ("InternalServerError", 500)])
def test_503_when_the_attempt_cannot_be_counted(page, limited, session, output, calls, aws_answers, fault):
    calls.clear()
    with aws_answers("UpdateItem", *fault):
        answers = [page.init(limited.value), page.say(session), page.rate(session, limited.value)]
    for answer in answers:
        assert_refused(answer, 503, "unavailable")
        assert answer.headers["Retry-After"].isdigit()
    assert set(calls) == {"GetItem", "BatchGetItem", "UpdateItem"}
    assert '"LimiterFailedClosed":[1.0]' in output()


def test_refused_attempts_are_counted(page, create, clock):
    session = page.open(create(rateLimitPerMinute=3).value)
    for _ in range(3):
        assert page.say(session).status_code == 200
    clock.forward(seconds=50)
    for _ in range(3):
        assert page.say(session).status_code == 429
    clock.forward(seconds=20)
    assert page.say(session).status_code == 429
    clock.forward(seconds=70)
    assert page.say(session).status_code == 200
