"""A visitor's own conversations: list, read, delete, and forget, as Runtype's widget and SDK ask for them."""

import itertools
from datetime import timedelta

import pytest

from shared.store import conversations, returning_visitors, table
from tests.aws.event_stream import function_answer
from tests.aws.network import NETWORK, Answer
from tests.functions.page import ORIGIN, Page, assert_refused
from tests.functions.stored import left, record

UNKNOWN = "conv_00000000000000000000000000"
MADE_UP = f"cvt_{'0' * 26}_{'0' * 32}"
STATUS = "X-History-Identity-Status"


class Browser:
    """A browser that keeps its visitor's secret, with one live session."""

    def __init__(self, page, value, **fields):
        opened = page.init(value, visitorHistory=True, **fields).json
        self.page, self.value = page, value
        self.session, self.conversation_id = opened["sessionId"], opened["conversationId"]
        self.visitor, self.secret = opened["visitor"]["id"], opened["visitor"]["token"]

    def talk(self, *texts, **fields):
        """A new conversation with these messages; returns its id."""
        opened = self.page.init(self.value, visitorToken=self.secret, **fields).json
        for text in texts:
            assert self.page.say(opened["sessionId"], text).status_code == 200
        return opened["conversationId"]

    def ask(self, method="GET", path="", query="", **headers):
        return self.page.history(method, path, session=self.session, secret=self.secret, query=query, **headers)

    def list(self, query=""):
        answer = self.ask(query=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def read(self, conversation_id, query=""):
        answer = self.ask("GET", f"/{conversation_id}", query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def reset(self, secret=None):
        headers = [("X-Visitor-Token", secret or self.secret)]
        return self.page._send("POST", f"/v1/client/visitor/reset?sessionId={self.session}", None, headers)


@pytest.fixture
def token(create):
    return create(rateLimitPerMinute=1000, rateLimitPerHour=10_000, sessionIdleTimeoutMinutes=1440)


@pytest.fixture
def browser(page, token):
    return Browser(page, token.value)


class TestList:
    def test_has_every_documented_field(self, browser):
        browser.page.say(browser.session, "Do you sell tea?")
        assert browser.list() == {
            "data": [
                {
                    "id": browser.conversation_id,
                    "title": "Do you sell tea?",
                    "targetId": "flow_echo",
                    "flowId": "flow_echo",
                    "preview": "You said: Do you sell tea?",
                    "messageCount": 2,
                    "createdAt": "2027-01-31T12:00:00.250Z",
                    "updatedAt": "2027-01-31T12:00:00.250Z",
                }
            ],
            "nextCursor": None,
        }

    def test_leaves_out_conversations_without_messages(self, browser):
        browser.talk()
        assert browser.list() == {"data": [], "nextCursor": None}

    def test_is_sorted_by_last_message_and_paged(self, browser, clock):
        talks = []
        for minutes in (0, 3, 11, 12, 25):
            clock.forward(minutes=minutes)
            talks.append(browser.talk("Hello"))
        clock.forward(minutes=1)
        assert [one["id"] for one in browser.list()["data"]] == talks[::-1]
        found, cursor = [], ""
        while cursor is not None:
            page = browser.list(f"&limit=2{cursor and f'&cursor={cursor}'}")
            found += [one["id"] for one in page["data"]]
            cursor = page["nextCursor"]
        assert found == talks[::-1]

    @pytest.mark.parametrize(
        ("limit", "size"),
        [("1", 1), ("0", 25), ("-1", 25), ("x", 25), ("", 25), ("999", 26), ("9" * 3000, 25), ("²", 25)],
    )
    def test_limit_is_never_an_error(self, browser, limit, size):
        for _ in range(26):
            browser.talk("Hello")
        assert len(browser.list(f"&limit={limit}")["data"]) == size

    def test_filters_by_target_under_either_name(self, page, create, register):
        register("flow_other")
        browser = Browser(page, create(flowIds=["flow_echo", "flow_other"], rateLimitPerMinute=1000).value)
        here = browser.talk("Hello", flowId="flow_echo")
        there = browser.talk("Hello", flowId="flow_other")
        assert {one["id"] for one in browser.list()["data"]} == {here, there}
        for query in ("&targetId=flow_other", "&flowId=flow_other", "&targetId=flow_other&flowId=flow_other"):
            assert [one["id"] for one in browser.list(query)["data"]] == [there]
        assert browser.list("&targetId=flow_none")["data"] == []
        body = assert_refused(browser.ask(query="&targetId=flow_other&flowId=flow_echo"), 400, "invalid_request")
        assert body["details"][0]["path"] == "flowId"

    def test_costs_one_batch_read_and_one_query(self, browser, calls):
        """The records and the last turns of the page are two reads more."""
        browser.talk("Hello")
        calls.clear()
        browser.list()
        assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "Query", "BatchGetItem", "BatchGetItem"]

    def test_of_hundreds_of_conversations_reads_one_page(self, browser, token, api):
        for number in range(300):
            _write_conversation(browser, token, api, number)
        made = []
        with NETWORK.hooked(made.append):
            assert len(browser.list()["data"]) == 25
        assert [one.parameters["Limit"] for one in made if one.operation == "Query"] == [26]

    @pytest.mark.parametrize("cursor", ["x", "%00", "e30", "a" * 513, "🙂"])
    def test_400_malformed_cursor(self, browser, cursor):
        code = "invalid_request" if len(cursor) > 512 else "invalid_cursor"
        assert_refused(browser.ask(query=f"&cursor={cursor}"), 400, code)

    def test_400_cursor_of_another_visitor_or_filter(self, page, token, browser):
        for _ in range(2):
            browser.talk("Hello")
        cursor = browser.list("&limit=1")["nextCursor"]
        assert cursor
        assert_refused(Browser(page, token.value).ask(query=f"&cursor={cursor}"), 400, "invalid_cursor")
        assert_refused(browser.ask(query=f"&cursor={cursor}&targetId=flow_echo"), 400, "invalid_cursor")

    def test_title_and_preview_are_cut(self, browser):
        browser.talk("  Tea\n\n" + "🙂" * 200)
        (one,) = browser.list()["data"]
        assert one["title"] == "Tea " + "🙂" * 75 + "…"
        assert len(one["preview"]) == 140

    def test_is_of_the_secrets_visitor_not_of_the_sessions(self, page, token, browser):
        """After another person's init, the widget still has the session of the first."""
        other = Browser(page, token.value)
        mine, theirs = browser.talk("Mine"), other.talk("Theirs")
        for secret, expected in ((browser.secret, mine), (other.secret, theirs)):
            answer = page.history("GET", session=browser.session, secret=secret)
            assert [one["id"] for one in answer.json["data"]] == [expected]


def _write_conversation(browser, token, api, number):
    conversation_id = f"conv_{number:026}"
    at = f"2027-01-31T{10 + number % 2}:00:00.000Z"
    pk, sk = conversations.record_key(conversation_id)
    item = {"id": conversation_id, "tenant": api.tenant, "name": "A", "flow_id": "flow_echo", "origin": ORIGIN}
    item |= {"created_at": at, "updated_at": at, "owner_pk": f"VISITOR#{browser.visitor}", "count_aaaaaa": 1}
    table.put(item | {"pk": pk, "sk": sk, "listing_pk": f"TOKEN#{token.id}", "listing_sk": f"{at}#{conversation_id}"})


class TestRead:
    def test_has_the_messages_oldest_first(self, browser):
        conversation_id = browser.talk("One", "Two")
        found = browser.read(conversation_id)
        assert [(one["role"], one["content"]) for one in found["messages"]] == [
            ("user", "One"), ("assistant", "You said: One"), ("user", "Two"), ("assistant", "You said: Two")
        ]  # fmt: skip
        assert all(one["displayAvailable"] and "displayContent" not in one for one in found["messages"])
        assert (found["nextMessageCursor"], found["conversationRevision"], found["messageCount"]) == (None, "2.0", 4)

    def test_times_rise_within_a_conversation(self, browser, page, token):
        """Two sessions may send in the same millisecond, and the widget sorts by time."""
        conversation_id = browser.talk("One")
        fields = {"visitorToken": browser.secret, "conversationId": conversation_id}
        for session in [page.open(token.value, **fields) for _ in range(3)]:
            page.say(session, "Again")
        times = [one["timestamp"] for one in browser.read(conversation_id)["messages"]]
        assert len(times) == 8
        assert times == sorted(set(times))

    @pytest.mark.parametrize("limit", ["1", "2", "3", "25", "0", "x"])
    def test_is_paged_from_the_newest(self, browser, limit):
        conversation_id = browser.talk(*(f"Message {number}" for number in range(9)))
        found, cursor = [], ""
        while cursor is not None:
            page = browser.read(conversation_id, f"&messageLimit={limit}{cursor and f'&messageCursor={cursor}'}")
            assert len(page["messages"]) <= 25
            found = [one["content"] for one in page["messages"]] + found
            cursor = page["nextMessageCursor"]
        pairs = ((f"Message {number}", f"You said: Message {number}") for number in range(9))
        assert found == list(itertools.chain(*pairs))

    def test_page_has_at_most_25_messages_and_a_megabyte(self, browser, register):
        register("flow_echo", max_message_bytes=64 * 1024, max_input_bytes=1024 * 1024)
        conversation_id = browser.talk(*["x" * 60_000] * 14)
        found = browser.read(conversation_id)
        assert len(found["messages"]) == 8
        assert found["nextMessageCursor"]
        short = browser.talk(*["x"] * 14)
        assert len(browser.read(short, "&messageLimit=100")["messages"]) == 25

    def test_400_cursor_of_another_conversation(self, browser):
        one, other = browser.talk("A", "B"), browser.talk("A", "B")
        cursor = browser.read(one, "&messageLimit=1")["nextMessageCursor"]
        assert_refused(browser.ask("GET", f"/{other}", f"&messageCursor={cursor}"), 400, "invalid_cursor")
        assert_refused(browser.ask("GET", f"/{one}", "&messageCursor=x"), 400, "invalid_cursor")

    def test_of_the_sessions_own_conversation_before_its_first_message(self, browser):
        found = browser.read(browser.conversation_id)
        assert (found["messages"], found["messageCount"], found["conversationRevision"]) == ([], 0, "0.0")
        assert found["createdAt"] == "2027-01-31T12:00:00.250Z"

    def test_shows_no_structured_text_of_a_model(self, browser, register):
        """A page may turn it into anything. It is not meant for eyes."""
        register("flow_echo", "aws_lambda", function_arn="arn:aws:lambda:us-east-1:123456789012:function:assistant")
        for text in ('{"component": "form", "secret": 1}', ' [{"a": 1}]', '["a"]', "{}", "{"):
            said = Answer(200, function_answer({"text": text}))
            with NETWORK.hooked(lambda request, said=said: said if request.service == "lambda" else None):
                conversation_id = browser.talk("Show me a form")
            *_, reply = browser.read(conversation_id)["messages"]
            assert reply.keys() == {"id", "role", "timestamp", "displayAvailable"}
            assert reply["displayAvailable"] is False
            (summary,) = [one for one in browser.list()["data"] if one["id"] == conversation_id]
            assert summary["preview"] == "Show me a form"

    def test_shows_text_that_only_looks_a_little_structured(self, browser):
        for text in ("[Tea](https://example.com)", "[1] A footnote", '{"typed": "by the visitor"}', "{ not json"):
            first, *_ = browser.read(browser.talk(text))["messages"]
            assert first["content"] == text

    def test_message_without_an_answer_is_shown(self, browser, page, register, clock):
        conversation_id = browser.talk("Hello")
        clock.forward(seconds=1)
        opened = page.init(browser.value, visitorToken=browser.secret, conversationId=conversation_id).json
        register(
            "flow_echo", "aws_lambda", function_arn="arn:aws:lambda:us-east-1:123456789012:function:assistant-gone"
        )
        page.say(opened["sessionId"], "Lost")
        assert [one["content"] for one in browser.read(conversation_id)["messages"]][-1] == "Lost"
        assert browser.list()["data"][0]["preview"] == "Lost"

    def test_costs_one_query(self, browser, calls):
        conversation_id = browser.talk("Hello")
        calls.clear()
        browser.read(conversation_id)
        assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "GetItem", "Query", "GetItem"]


class TestDelete:
    def test_removes_a_conversation_for_good(self, browser, page, token):
        kept, conversation_id = browser.talk("Keep this"), browser.talk("A secret")
        page.rate(browser.session, token.value)
        answer = browser.ask("DELETE", f"/{conversation_id}")
        assert (answer.status_code, answer.json) == (200, {"deleted": 1})
        assert left(conversation_id) == []
        assert [one["id"] for one in browser.list()["data"]] == [kept]
        assert [one["id"] for one in token.conversations()] == [kept]
        assert_refused(browser.ask("DELETE", f"/{conversation_id}"), 404, "conversation_not_found")
        assert_refused(browser.ask("GET", f"/{conversation_id}"), 404, "conversation_not_found")

    def test_410_in_chat_then_the_widget_opens_a_new_conversation(self, browser, page, token):
        page.say(browser.session)
        assert browser.ask("DELETE", f"/{browser.conversation_id}").json == {"deleted": 1}
        answer = page.say(browser.session)
        assert_refused(answer, 410, "conversation_deleted")
        assert answer.json["error"] == "conversation_deleted"
        again = page.init(token.value, visitorToken=browser.secret).json
        assert page.say(again["sessionId"]).status_code == 200

    @pytest.mark.parametrize("number", range(1, 12))
    def test_interrupted_by_a_crash_can_be_repeated(self, browser, crash_after, number):
        conversation_id = browser.talk("A secret", "Another")
        with crash_after(number):
            browser.ask("DELETE", f"/{conversation_id}")
        assert browser.ask("DELETE", f"/{conversation_id}").status_code in {200, 404}
        assert left(conversation_id) == []
        assert browser.list()["data"] == []

    def test_message_in_flight_leaves_nothing(self, browser, page, at_call):
        """It was admitted before the deletion, and ends in a 410."""
        page.say(browser.session)
        deleted = []
        at_call(7, lambda: deleted.append(browser.ask("DELETE", f"/{browser.conversation_id}").json))
        assert_refused(page.say(browser.session, "In flight"), 410, "conversation_deleted")
        assert deleted == [{"deleted": 1}]
        assert left(browser.conversation_id) == []
        # The session has ended with it: the widget opens another one.
        browser.session = page.open(browser.value, visitorToken=browser.secret)
        assert browser.list()["data"] == []

    def test_all_deletes_those_of_the_visitor_only(self, browser, page, token):
        other = Browser(page, token.value)
        theirs = other.talk("Theirs")
        mine = [browser.talk("Mine") for _ in range(3)]
        assert browser.ask("DELETE").json == {"deleted": 3}
        assert browser.list()["data"] == []
        assert [left(one) for one in mine] == [[], [], []]
        assert [one["id"] for one in other.list()["data"]] == [theirs]
        assert browser.ask("DELETE").json == {"deleted": 0}

    def test_all_of_one_target(self, page, create, register):
        register("flow_other")
        browser = Browser(page, create(flowIds=["flow_echo", "flow_other"], rateLimitPerMinute=1000).value)
        kept = browser.talk("Hello", flowId="flow_echo")
        browser.talk("Hello", flowId="flow_other")
        assert browser.ask("DELETE", query="&targetId=flow_other").json == {"deleted": 1}
        assert [one["id"] for one in browser.list()["data"]] == [kept]

    @pytest.mark.parametrize("number", range(5, 16))
    def test_all_interrupted_by_a_crash_can_be_repeated(self, browser, crash_after, number):
        talks = [browser.talk("A secret") for _ in range(2)]
        with crash_after(number):
            browser.ask("DELETE")
        assert browser.ask("DELETE").status_code == 200
        assert [left(one) for one in talks] == [[], []]

    def test_503_too_many_for_one_request_shows_none_of_them(self, browser, token, api):
        for number in range(600):
            _write_conversation(browser, token, api, number)
        assert_refused(browser.ask("DELETE"), 503, "unavailable")
        assert browser.list()["data"] == []
        assert token.conversations() == []
        assert browser.ask("DELETE").status_code == 200


class TestReset:
    def test_forgets_the_visitor_and_keeps_the_conversations(self, browser, page, token):
        conversation_id = browser.talk("Hello")
        assert browser.reset().json == {"reset": True}
        assert_refused(browser.ask(), 401, "visitor_not_found")
        assert [one["id"] for one in token.conversations()] == [conversation_id]
        assert page.init(token.value, visitorToken=browser.secret).json["visitor"]["id"] != browser.visitor

    def test_answer_is_the_same_for_an_unknown_secret(self, browser, page, token, create):
        elsewhere = Browser(page, create().value)
        for secret in (MADE_UP, "x", elsewhere.secret):
            assert browser.reset(secret).json == {"reset": True}
        answer = page._send("POST", f"/v1/client/visitor/reset?sessionId={browser.session}", None)
        assert (answer.status_code, answer.json) == (200, {"reset": True})
        assert elsewhere.list() == {"data": [], "nextCursor": None}
        assert browser.list() == {"data": [], "nextCursor": None}

    def test_writes_nothing_for_an_unknown_secret(self, browser, calls):
        calls.clear()
        browser.reset(MADE_UP)
        assert calls == ["GetItem", "BatchGetItem", "UpdateItem"]

    def test_can_be_repeated(self, browser):
        assert browser.reset().json == browser.reset().json == {"reset": True}


def _each_route(browser, conversation_id=UNKNOWN):
    """The requests for a visitor's history, but for a reset."""
    return [("GET", ""), ("DELETE", ""), ("GET", f"/{conversation_id}"), ("DELETE", f"/{conversation_id}")]


class TestRefusals:
    def test_401_dead_session(self, browser, page, clock):
        """The widget recognizes the words, and opens another session."""
        for method, path in _each_route(browser):
            answer = page.history(method, path, session="cs_x", secret=browser.secret)
            assert assert_refused(answer, 401, "session_ended")["error"] == "Session not found or expired"
        clock.forward(days=2)
        for method, path in _each_route(browser):
            assert_refused(browser.ask(method, path), 401, "session_ended")
        assert_refused(browser.reset(), 401, "session_ended")

    def test_401_made_up_session_costs_one_read(self, browser, page, calls):
        made_up = browser.session[:-4] + "0000"
        calls.clear()
        assert_refused(page.history("GET", session=made_up, secret=browser.secret), 401, "session_ended")
        assert calls == ["GetItem"]

    @pytest.mark.parametrize("secret", ["", None])
    def test_401_no_secret(self, browser, page, secret):
        for method, path in _each_route(browser):
            answer = page.history(method, path, session=browser.session, secret=secret)
            assert assert_refused(answer, 401, "visitor_token_required")["error"] == "Visitor token required"

    @pytest.mark.parametrize("secret", ["x", MADE_UP, "cvt_" + "0" * 3000])
    def test_401_unknown_secret(self, browser, page, secret):
        for method, path in _each_route(browser):
            answer = page.history(method, path, session=browser.session, secret=secret)
            assert assert_refused(answer, 401, "visitor_not_found")["error"] == "Visitor not found or expired"

    def test_401_secret_of_another_token(self, browser, page, create):
        elsewhere = Browser(page, create().value)
        answer = page.history("GET", session=browser.session, secret=elsewhere.secret)
        assert_refused(answer, 401, "visitor_not_found")

    def test_401_expired_visitor(self, browser, page, clock):
        item = table.get(returning_visitors.key(browser.visitor))
        table.put(item | {"expires_at": int((clock.held - timedelta(seconds=1)).timestamp())})
        assert_refused(browser.ask(), 401, "visitor_not_found")

    @pytest.mark.parametrize("change", [{"isActive": False}, {"expiresAt": "2027-01-31T12:01:00Z"}])
    def test_401_token_that_no_longer_works(self, browser, token, clock, change):
        token.change(**change)
        clock.forward(minutes=2)
        for method, path in _each_route(browser):
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
        for method, path in _each_route(browser):
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

    def test_503_proof_of_identity_before_anything_is_read(self, browser, calls):
        calls.clear()
        for method, path in _each_route(browser):
            answer = browser.ask(method, path, **{"X-Identity-Proof": "rt_eu_x"})
            assert_refused(answer, 503, "identity_proof_not_admitted")
            assert answer.json["error"] == "identity_proof_not_admitted"
            assert "Retry-After" not in answer.headers
            assert answer.headers[STATUS] == "ignored"
        assert calls == []

    def test_400_without_a_session_id(self, browser, page, calls):
        calls.clear()
        answer = page._send("GET", "/v1/client/conversations", None, [("X-Visitor-Token", browser.secret)])
        assert assert_refused(answer, 400, "invalid_request")["details"][0]["path"] == "sessionId"
        assert calls == []

    def test_every_answer_says_what_became_of_a_proof(self, browser, page):
        answers = [browser.ask(method, path) for method, path in _each_route(browser)]
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
