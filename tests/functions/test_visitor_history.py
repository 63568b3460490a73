"""A visitor's own conversations: the list, and the messages of one, as Runtype's widget and SDK ask for them."""

import itertools

import pytest

from tests.aws.event_stream import function_answer
from tests.aws.network import NETWORK, Answer
from tests.functions.page import assert_refused
from tests.functions.returning_visitors import Browser, write_conversation


@pytest.fixture
def token(create):
    return create(rateLimitPerMinute=1000, rateLimitPerHour=10_000, sessionIdleTimeoutMinutes=1440)


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
            write_conversation(browser, token, api, number)
        made = []
        with NETWORK.hooked(made.append):
            assert len(browser.list()["data"]) == 25
        assert [one.parameters["Limit"] for one in made if one.operation == "Query"] == [26]

    @pytest.mark.parametrize("cursor", ["x", "%00", "e30", "a" * 1025, "🙂"])
    def test_400_malformed_cursor(self, browser, cursor):
        code = "invalid_request" if len(cursor) > 1024 else "invalid_cursor"
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

    def test_page_has_at_most_25_messages_and_800_kb(self, browser, register):
        register("flow_echo", max_message_bytes=64 * 1024, max_input_bytes=1024 * 1024)
        conversation_id = browser.talk(*["x" * 60_000] * 14)
        found = browser.read(conversation_id)
        assert len(found["messages"]) == 6
        assert found["nextMessageCursor"]
        short = browser.talk(*["x"] * 14)
        assert len(browser.read(short, "&messageLimit=100")["messages"]) == 25

    @pytest.mark.parametrize(
        ("room", "shown"), [(24, ["x", "You said: x"]), (23, ["You said: x"]), (1, ["You said: x"])]
    )
    def test_page_has_as_many_bytes_of_text_as_fit_and_one_message_always(self, browser, monkeypatch, room, shown):
        monkeypatch.setattr("shared.store.visitor_conversations._TEXT_BYTES_MAX", room)
        found = browser.read(browser.talk("x"))
        assert [one["content"] for one in found["messages"]] == shown
        assert (found["nextMessageCursor"] is None) is (len(shown) == 2)

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

    def test_costs_one_batch_read_and_one_query(self, browser, calls):
        conversation_id = browser.talk("Hello")
        calls.clear()
        browser.read(conversation_id)
        assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "Query"]

    def test_older_page_has_the_preview_of_the_last_message(self, browser, calls):
        conversation_id = browser.talk("Hello")
        first = browser.read(conversation_id, "&messageLimit=1")
        calls.clear()
        older = browser.read(conversation_id, f"&messageCursor={first['nextMessageCursor']}")
        assert ([one["content"] for one in older["messages"]], older["preview"]) == (["Hello"], first["preview"])
        assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "Query", "GetItem"]

    def test_deletion_meanwhile_leaves_no_message_to_show(self, browser, at_call):
        conversation_id = browser.talk("Hello")
        deleted = []
        at_call(4, lambda: deleted.append(browser.ask("DELETE", f"/{conversation_id}").json))
        found = browser.read(conversation_id)
        assert (found["messages"], found["preview"], deleted) == ([], None, [{"deleted": 1}])
