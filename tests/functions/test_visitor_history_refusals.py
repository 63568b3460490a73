"""Refused requests for a visitor's conversations. No answer and no log tells more than it must."""

from datetime import timedelta

import pytest

from shared.store import known_visitors, table
from tests.functions import paused
from tests.functions.page import Page, altered, assert_refused
from tests.functions.returning_visitors import MADE_UP, UNKNOWN, Browser, each_route
from tests.functions.stored import record

STATUS = "X-History-Identity-Status"


@pytest.fixture
def token(create):
    return create(rateLimitPerMinute=1000, rateLimitPerHour=10_000, sessionIdleTimeoutMinutes=1440)


class TestRefusals:
    def test_401_dead_session(self, browser, page, clock):
        """The widget recognizes the words, and opens another session."""
        for method, path in each_route(browser):
            answer = page.history(method, path, session="cs_x", secret=browser.secret)
            assert assert_refused(answer, 401, "session_ended")["error"] == "Session not found or expired"
        clock.forward(days=2)
        for method, path in each_route(browser):
            assert_refused(browser.ask(method, path), 401, "session_ended")
        assert_refused(browser.reset(), 401, "session_ended")

    def test_401_made_up_session_costs_one_read(self, browser, page, calls):
        made_up = altered(browser.session)
        calls.clear()
        assert_refused(page.history("GET", session=made_up, secret=browser.secret), 401, "session_ended")
        assert calls == ["GetItem"]

    @pytest.mark.parametrize("secret", ["", None])
    def test_401_no_secret(self, browser, page, secret):
        for method, path in each_route(browser):
            answer = page.history(method, path, session=browser.session, secret=secret)
            assert assert_refused(answer, 401, "visitor_token_required")["error"] == "Visitor token required"

    @pytest.mark.parametrize("secret", ["x", MADE_UP, "cvt_" + "0" * 3000])
    def test_401_unknown_secret(self, browser, page, secret):
        for method, path in each_route(browser):
            answer = page.history(method, path, session=browser.session, secret=secret)
            assert assert_refused(answer, 401, "visitor_not_found")["error"] == "Visitor not found or expired"

    def test_401_secret_of_another_token(self, browser, page, create):
        elsewhere = Browser(page, create().value)
        answer = page.history("GET", session=browser.session, secret=elsewhere.secret)
        assert_refused(answer, 401, "visitor_not_found")

    def test_401_expired_visitor(self, browser, page, clock):
        item = table.get(known_visitors.key(browser.visitor), at=None)
        table.put(item | {"expires_at": int((clock.held - timedelta(seconds=1)).timestamp())})
        assert_refused(browser.ask(), 401, "visitor_not_found")

    @pytest.mark.parametrize("change", [{"isActive": False}, {"expiresAt": "2027-01-31T12:01:00Z"}])
    def test_401_token_that_no_longer_works(self, browser, token, clock, change):
        token.change(**change)
        clock.forward(minutes=2)
        for method, path in each_route(browser):
            assert browser.ask(method, path).status_code == 401

    def test_401_after_a_regeneration(self, browser, token):
        browser.talk("Hello")
        value = token.regenerate()
        assert_refused(browser.ask(), 401, "session_ended")
        again = browser.page.init(value, visitorToken=browser.secret).json
        answer = browser.page.history("GET", session=again["sessionId"], secret=browser.secret)
        assert len(answer.json["data"]) == 1

    def test_403_history_is_switched_off(self, browser, token):
        token.change(visitorHistory=False)
        for method, path in each_route(browser):
            assert_refused(browser.ask(method, path), 403, "visitor_history_disabled")
        assert_refused(browser.reset(), 403, "visitor_history_disabled")
        assert browser.page.say(browser.session).status_code == 200

    def test_403_other_origin(self, app, browser):
        elsewhere = Page(app, "https://evil.example")
        answer = elsewhere.history("GET", session=browser.session, secret=browser.secret)
        assert_refused(answer, 403, "origin_not_allowed")

    def test_404_is_the_same_for_every_conversation_of_others(self, browser, page, token, create, calls):
        """Status, body, and calls are equal for unknown, deleted, and foreign conversations, and those of nobody."""
        other, elsewhere = Browser(page, token.value), Browser(page, create().value)
        deleted = browser.talk("Deleted")
        browser.ask("DELETE", f"/{deleted}")
        nobodys = page.init(token.value).json
        page.say(nobodys["sessionId"])
        ids = [UNKNOWN, deleted, other.talk("Theirs"), elsewhere.talk("Elsewhere"), nobodys["conversationId"]]
        ids.append(other.conversation_id)
        for method in ("GET", "DELETE"):
            seen = set()
            for conversation_id in ids:
                calls.clear()
                answer = browser.ask(method, f"/{conversation_id}")
                body = assert_refused(answer, 404, "conversation_not_found")
                shown = {name: value for name, value in body.items() if name != "requestId"}
                seen.add((str(shown), str(list(calls)), str(sorted(answer.headers.keys()))))
            assert len(seen) == 1
            assert "'error': 'Conversation not found'" in str(seen)
        assert len(other.list()["data"]) == 1

    @pytest.mark.parametrize("conversation_id", ["x", "%00", "conv_", "9" * 2000, "%F0%9F%99%82"])
    def test_404_malformed_conversation_id(self, browser, conversation_id):
        for method in ("GET", "DELETE"):
            assert_refused(browser.ask(method, f"/{conversation_id}"), 404, "conversation_not_found")

    def test_429_after_120_requests_per_minute_and_address(self, app, browser, clock):
        answers = [browser.ask() for _ in range(121)]
        assert [one.status_code for one in answers] == [200] * 120 + [429]
        wait = int(answers[-1].headers["Retry-After"])
        assert_refused(browser.ask("DELETE"), 429, "rate_limited")
        assert browser.page.say(browser.session).status_code == 200
        assert Page(app, address="203.0.113.8").history("GET", session=browser.session, secret=browser.secret).json
        clock.forward(seconds=wait + 1)
        assert browser.ask().status_code == 200

    @pytest.mark.parametrize("secret", [MADE_UP, "x", ""])
    def test_429_requests_without_a_visitors_secret_count_too(self, browser, page, clock, secret):
        execution = paused.execution(browser.session)
        routes = [*each_route(browser), ("POST", f"/{UNKNOWN}/executions/{execution}/cancel")]
        for method, path in routes * 24:
            answer = page.history(method, path, session=browser.session, secret=secret)
            assert answer.status_code == 401
        for method, path in routes:
            answer = page.history(method, path, session=browser.session, secret=secret)
            assert_refused(answer, 429, "rate_limited")

    def test_503_proof_of_identity_before_anything_is_read(self, browser, calls):
        calls.clear()
        for method, path in each_route(browser):
            answer = browser.ask(method, path, **{"X-Identity-Proof": "rt_eu_x"})
            assert_refused(answer, 503, "identity_proof_not_admitted")
            assert answer.json["error"] == "identity_proof_not_admitted"
            assert "Retry-After" not in answer.headers
            assert answer.headers[STATUS] == "ignored"
        assert calls == []

    def test_400_without_a_session_id(self, browser, page, calls):
        calls.clear()
        answer = page.send("GET", "/v1/client/conversations", None, [("X-Visitor-Token", browser.secret)])
        assert assert_refused(answer, 400, "invalid_request")["details"][0]["path"] == "sessionId"
        assert calls == []

    def test_every_answer_says_what_became_of_a_proof(self, browser, page):
        answers = [browser.ask(method, path) for method, path in each_route(browser)]
        answers += [browser.reset(), browser.ask(), page.history("GET", session="x", secret="x")]
        assert [one.headers[STATUS] for one in answers] == ["not_provided"] * 7
        assert all(STATUS in one.headers["Access-Control-Expose-Headers"] for one in answers)


class TestPageOnTheApisOwnOrigin:
    """Browsers send no Origin header with a GET to the page's own origin."""

    @pytest.fixture
    def own(self, app, create, clock):
        token = create(allowedOrigins=["http://localhost"], environment="test")
        return Browser(Page(app, "http://localhost"), token.value)

    @pytest.mark.parametrize(("site", "status"), [("same-origin", 200), ("cross-site", 403), ("none", 403)])
    def test_get_without_an_origin(self, app, own, site, status):
        answer = Page(app, None).history("GET", session=own.session, secret=own.secret, **{"Sec-Fetch-Site": site})
        assert answer.status_code == status

    def test_403_session_of_another_origin(self, app, browser):
        header = {"Sec-Fetch-Site": "same-origin"}
        answer = Page(app, None).history("GET", session=browser.session, secret=browser.secret, **header)
        assert_refused(answer, 403, "origin_not_allowed")


def test_secret_and_proof_reach_no_log(browser, output):
    output()
    browser.ask()
    browser.ask(**{"X-Identity-Proof": "rt_eu_secret"})
    browser.page.init(browser.value, visitorToken=browser.secret, identityProof="rt_eu_secret")
    logged = output()
    assert browser.secret not in logged
    assert "rt_eu_secret" not in logged
    assert record(browser.session)
