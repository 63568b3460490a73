"""What owners read and delete of what visitors wrote: conversations, and feedback."""

import itertools
from datetime import UTC, datetime

import pytest

from shared.rules import cursor
from shared.store import audit, conversation_deletion, table, tenant_conversations, transcripts
from shared.store import feedback as feedback_store
from tests.functions.interruptions import Crash
from tests.functions.page import ORIGIN, assert_refused
from tests.functions.stored import left, record
from tests.functions.test_cursors import ids, pages
from tests.operations import OF_ONE_VISITOR, OF_VISITORS, UNKNOWN, each

CONVERSATIONS, FEEDBACK = "/v1/conversations", "/v1/feedback"
WORDS = "My card is 4111"
AT = datetime(2027, 1, 31, 12, tzinfo=UTC)


def conversation_of(session):
    return record(session)["conversation_id"]


def crash():
    raise Crash


@pytest.fixture
def talk(page, clock):
    """`talk(token, "Hello")`: a session of these messages, a minute apart."""

    def talk(token, *texts):
        session = page.open(token.value)
        for number, text in enumerate(texts):
            said = page.say(session, text, message_id=f"usr_{number}", assistantMessageId=f"ast_{number}")
            assert said.status_code == 200
            clock.forward(minutes=1)
        return session

    return talk


class TestReading:
    def test_200_conversation_with_messages_and_feedback(self, api, page, token, talk):
        session = talk(token, WORDS, "Tea?")
        assert page.rate(session, token.value, "csat", rating=4, comment="Fine").status_code == 200
        conversation_id = conversation_of(session)
        answer = api.get(f"{CONVERSATIONS}/{conversation_id}")
        assert answer.status_code == 200
        (left_behind,) = answer.json["feedback"]
        assert answer.json == {
            "id": conversation_id,
            "title": "Conversation 2027-01-31 12:00",
            "source": "client_token",
            "messageCount": 4,
            "clientTokenId": token.id,
            "flowId": "flow_echo",
            "origin": ORIGIN,
            "ownerId": None,
            "modelId": None,
            "createdAt": "2027-01-31T12:00:00.250Z",
            "updatedAt": "2027-01-31T12:01:00.250Z",
            "messages": [
                {"id": "usr_0", "role": "user", "content": WORDS, "createdAt": "2027-01-31T12:00:00.250Z"},
                {
                    "id": "ast_0",
                    "role": "assistant",
                    "content": f"You said: {WORDS}",
                    "createdAt": "2027-01-31T12:00:00.251Z",
                },
                {"id": "usr_1", "role": "user", "content": "Tea?", "createdAt": "2027-01-31T12:01:00.250Z"},
                {
                    "id": "ast_1",
                    "role": "assistant",
                    "content": "You said: Tea?",
                    "createdAt": "2027-01-31T12:01:00.251Z",
                },
            ],
            "nextMessageCursor": None,
            "feedback": [left_behind],
            "metadata": {},
        }
        assert left_behind == {
            "id": left_behind["id"],
            "feedbackType": "csat",
            "rating": 4,
            "comment": "Fine",
            "messageId": None,
            "recordId": conversation_id,
            "clientTokenId": token.id,
            "flowId": "flow_echo",
            "createdAt": "2027-01-31T12:02:00.250Z",
        }
        assert api.get(f"{FEEDBACK}/{left_behind['id']}").json == {"feedback": left_behind}
        assert api.get(FEEDBACK).json["feedback"] == [left_behind]

    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_older_messages_follow_by_cursor(self, api, token, talk, limit):
        path = f"{CONVERSATIONS}/{conversation_of(talk(token, *'abcde'))}"
        found, following = [], ""
        while following is not None:
            answer = api.get(f"{path}?messageLimit={limit}" + (f"&messageCursor={following}" if following else "")).json
            assert len(answer["messages"]) <= 2 * limit
            found = answer["messages"] + found
            following = answer["nextMessageCursor"]
        assert found == api.get(path).json["messages"]
        assert [one["content"][-1] for one in found] == list("aabbccddee")

    def test_messages_that_no_response_can_hold_follow_by_cursor(self, api, token, talk, monkeypatch):
        monkeypatch.setattr(transcripts, "_BYTES_MAX", 100)
        path = f"{CONVERSATIONS}/{conversation_of(talk(token, *(one * 40 for one in 'abc')))}"
        first = api.get(path).json
        second = api.get(f"{path}?messageCursor={first['nextMessageCursor']}").json
        assert [one["content"][-1] for one in first["messages"] + second["messages"]] == list("ccbb")
        # A message alone is shown however long it is.
        monkeypatch.setattr(transcripts, "_BYTES_MAX", 1)
        assert [one["content"][-1] for one in api.get(path).json["messages"]] == list("cc")

    def test_400_message_cursor_of_another_conversation(self, api, token, talk):
        one, other = (conversation_of(talk(token, "a", "b")) for _ in range(2))
        own = api.get(f"{CONVERSATIONS}/{one}?messageLimit=1").json["nextMessageCursor"]
        made_up = cursor.encode("RECORD", "messages", one)
        for path in (f"{other}?messageCursor={own}", f"{one}?messageCursor=x", f"{one}?messageCursor={made_up}"):
            assert_refused(api.get(f"{CONVERSATIONS}/{path}"), 400, "invalid_cursor")

    def test_conversation_of_a_deleted_token_is_still_its_tenants(self, api, caller, token, talk):
        conversation_id = conversation_of(talk(token, WORDS))
        token.delete()
        assert api.get(f"{CONVERSATIONS}/{conversation_id}").json["messages"][0]["content"] == WORDS
        assert_refused(caller().get(f"{CONVERSATIONS}/{conversation_id}"), 404, "not_found")
        assert api.delete(f"{CONVERSATIONS}/{conversation_id}").status_code == 200

    def test_expired_conversation_is_not_found(self, api, token, talk, clock):
        conversation_id = conversation_of(talk(token, WORDS))
        clock.forward(days=91)
        assert_refused(api.get(f"{CONVERSATIONS}/{conversation_id}"), 404, "not_found")
        assert api.get(CONVERSATIONS).json["conversations"] == []


class TestScopes:
    @each(OF_VISITORS)
    def test_403_without_its_own_scope(self, api, caller, token, operation):
        api.said(token.id)
        others = {"tokens:read", "tokens:write", "tokens:reveal", "conversations:read", "conversations:write"}
        limited = caller(api.tenant, tuple(others - {operation.scope}))
        body = assert_refused(limited.do(operation, token.id), 403, "forbidden")
        assert operation.scope in body["hint"]

    @each(OF_ONE_VISITOR)
    def test_404_foreign_and_unknown_are_alike(self, api, caller, token, calls, operation):
        api.said(token.id)
        stranger = caller()
        stranger.get("/v1/client-tokens")
        answers = []
        for of in (api, stranger):
            calls.clear()
            answer = stranger.do(operation, of=of)
            answers.append((answer.status_code, answer.json | {"requestId": ""}, set(answer.headers.keys()), [*calls]))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
        assert api.do(operation).status_code == 200

    @each(OF_ONE_VISITOR)
    @pytest.mark.parametrize("odd", ["x", "conv_x", "..", "%00", "%C3%A9", "CONVERSATION%231", "*", "fb_" + "0" * 5000])
    def test_404_malformed_id(self, api, calls, operation, odd):
        expected = api.do(operation).json
        method, path, _ = operation.request(conversation=odd, feedback=odd)
        body = assert_refused(api.request(method, path), 404, "not_found")
        assert body | {"requestId": ""} == expected | {"requestId": ""}

    @each(OF_ONE_VISITOR)
    def test_503_nothing_is_shown_or_deleted_without_its_audit_record(self, api, token, aws_answers, operation):
        known = api.said(token.id)
        with (
            aws_answers("PutItem", "AccessDeniedException"),
            aws_answers("TransactWriteItems", "AccessDeniedException"),
        ):
            answer = api.do(operation)
        assert_refused(answer, 503, "unavailable")
        assert "Ada" not in answer.text
        assert api.get(f"{FEEDBACK}/{known['feedback']}").status_code == 200
        assert len(api.get(f"{CONVERSATIONS}/{known['conversation']}").json["messages"]) == 2

    @each([operation for operation in OF_ONE_VISITOR if operation.is_change])
    @pytest.mark.parametrize("call", range(1, 9))
    def test_crash_leaves_no_deletion_without_its_audit_record(self, api, token, crash_after, operation, call):
        known = api.said(token.id)
        with crash_after(call):
            api.do(operation)
        trail = audit.query(api.tenant, None, since=None, until=None, at=datetime.now(UTC))
        recorded = [one.subject for one in trail if one.action == operation.records]
        subject = known["feedback" if operation.name == "DeleteFeedback" else "conversation"]
        shown = api.get(operation.path.replace("{conversation}", subject).replace("{feedback}", subject))
        assert (shown.status_code == 404) is bool(recorded)
        # A second deletion removes the rest.
        assert api.do(operation).status_code in {200, 404}
        if operation.name == "DeleteConversation":
            assert left(subject) == []


class TestDeletion:
    def test_deleted_conversation_is_nowhere(self, api, page, token, talk):
        session = talk(token, WORDS, "b")
        feedback_id = page.rate(session, token.value, comment=WORDS).json["feedbackId"]
        conversation_id = conversation_of(session)
        answer = api.delete(f"{CONVERSATIONS}/{conversation_id}")
        assert (answer.status_code, answer.json["success"]) == (200, True)
        assert left(conversation_id) == []
        for path in (f"{CONVERSATIONS}/{conversation_id}", f"{FEEDBACK}/{feedback_id}"):
            assert_refused(api.get(path), 404, "not_found")
            assert_refused(api.delete(path), 404, "not_found")
        assert api.get(CONVERSATIONS).json["conversations"] == token.conversations() == []
        assert api.get(FEEDBACK).json["feedback"] == []
        assert api.get(f"{FEEDBACK}/stats").json["stats"]["total"] == 0
        assert_refused(page.rate(session, token.value, comment=WORDS), 404, "session_not_found")
        assert left(conversation_id) == []

    @pytest.mark.parametrize(("number", "status"), [(3, 200), (4, 404), (5, 404), (6, 404)])
    def test_feedback_left_during_the_deletion_is_deleted(self, page, token, talk, at_call, number, status):
        """By the deletion, which reads it after the mark, or by itself, as it finds the mark."""
        session = talk(token, WORDS)
        conversation_id, tenant = conversation_of(session), record(session)["tenant"]
        rated = []
        at_call(number, lambda: rated.append(page.rate(session, token.value, comment=WORDS).status_code))
        conversation_deletion.delete(tenant, conversation_id, at=AT)
        assert (rated, left(conversation_id)) == ([status], [])

    def test_deleted_feedback_leaves_the_conversation(self, api, page, token, talk):
        session = talk(token, WORDS)
        kept = page.rate(session, token.value, "csat", rating=1).json["feedbackId"]
        gone = page.rate(session, token.value, "nps", rating=1).json["feedbackId"]
        assert api.delete(f"{FEEDBACK}/{gone}").json["success"] is True
        assert [one["id"] for one in api.get(FEEDBACK).json["feedback"]] == [kept]
        shown = api.get(f"{CONVERSATIONS}/{conversation_of(session)}").json
        assert ([one["id"] for one in shown["feedback"]], len(shown["messages"])) == ([kept], 2)

    def test_deletions_have_a_limit_of_their_own(self, api, token, monkeypatch, clock):
        """A key that may only delete conversations must not keep the owner from switching a token off."""
        monkeypatch.setenv("MANAGEMENT_WRITES_PER_MINUTE", "1")
        clock.forward(minutes=2)
        path = f"{CONVERSATIONS}/{UNKNOWN['conversation']}"
        assert [api.delete(path).status_code for _ in range(2)] == [404, 429]
        token.change(isActive=False)


class TestList:
    def test_200_conversations_of_all_tokens_without_a_word_of_a_visitor(self, api, create, talk):
        tokens = [create(), create()]
        sessions = [talk(tokens[number % 2], WORDS) for number in range(4)]
        answer = api.get(CONVERSATIONS)
        assert [one["id"] for one in answer.json["conversations"]] == [conversation_of(one) for one in sessions[::-1]]
        assert answer.json["pagination"] == {"limit": 50, "hasMore": False, "nextCursor": None}
        assert "4111" not in answer.text

    @pytest.mark.parametrize("at_once", [1, 2, 25])
    @pytest.mark.parametrize("limit", [1, 2, 3, 200])
    @pytest.mark.parametrize("deletes", [False, True])
    def test_pages_have_no_gap_and_no_overlap(self, api, create, talk, monkeypatch, at_once, limit, deletes):
        monkeypatch.setattr(tenant_conversations, "_TOKENS_AT_ONCE", at_once)
        tokens = [create() for _ in range(5)]
        expected = {conversation_of(talk(tokens[number], WORDS)) for number in (0, 4, 0, 2, 4, 0)}

        def clean_up(page):
            for one in page:
                assert not deletes or api.delete(f"{CONVERSATIONS}/{one['id']}").status_code == 200

        found = ids(pages(api.get, CONVERSATIONS, "conversations", limit, clean_up))
        assert len(found) == len(expected)
        assert set(found) == expected
        assert (api.get(CONVERSATIONS).json["conversations"] == []) is deletes

    def test_tokens_deleted_while_paging_skip_no_other(self, api, create, talk, monkeypatch):
        monkeypatch.setattr(tenant_conversations, "_TOKENS_AT_ONCE", 2)
        tokens = sorted((create() for _ in range(4)), key=lambda token: token.id)
        for token in tokens:
            talk(token, WORDS)
        first = api.get(f"{CONVERSATIONS}?limit=1").json
        for token in tokens[2:]:
            token.delete()
        rest = api.get(f"{CONVERSATIONS}?limit=200&cursor={first['pagination']['nextCursor']}").json["conversations"]
        assert [one["clientTokenId"] for one in rest] == [tokens[1].id, tokens[0].id]

    def test_one_request_looks_at_a_bounded_number_of_tokens(self, api, create, talk, calls, monkeypatch):
        monkeypatch.setattr(tenant_conversations, "_TOKENS_AT_ONCE", 1)
        monkeypatch.setattr(tenant_conversations, "_GROUPS_MAX", 3)
        oldest = create()
        talk(oldest, WORDS)
        for _ in range(5):
            create()
        calls.clear()
        first = api.get(CONVERSATIONS).json
        assert (first["conversations"], first["pagination"]["hasMore"]) == ([], True)
        assert calls.count("Query") == 7
        assert len(ids(pages(api.get, CONVERSATIONS, "conversations", 50))) == 1

    def test_filters(self, api, create, talk):
        shop, other = create(productSurfaceId="surface_shop"), create()
        in_shop, elsewhere = (conversation_of(talk(token, WORDS)) for token in (shop, other))

        def found(query):
            return [one["id"] for one in api.get(f"{CONVERSATIONS}?{query}").json["conversations"]]

        assert found("source=all") == found("source=client_token") == [elsewhere, in_shop]
        assert found("source=app") == []
        assert found("surface_id=surface_shop") == [in_shop]
        assert found(f"client_token_id={other.id}") == [elsewhere]
        assert found(f"client_token_id={other.id}&surface_id=surface_shop") == []

    def test_404_filter_by_a_foreign_or_unknown_token(self, api, caller, token):
        stranger = caller()
        theirs = stranger.get(f"{CONVERSATIONS}?client_token_id={token.id}")
        unknown = stranger.get(f"{CONVERSATIONS}?client_token_id=ct_{'0' * 26}")
        assert theirs.json | {"requestId": ""} == unknown.json | {"requestId": ""}
        assert_refused(theirs, 404, "not_found")

    def test_400_bad_cursor(self, api, caller, create, talk):
        for token in (create(), create()):
            talk(token, WORDS)
        own = api.get(f"{CONVERSATIONS}?limit=1").json["pagination"]["nextCursor"]
        scope = "conversations of tenant", api.tenant, "all", None, None
        places = ['["x", "y", "z"]', "[]", "7", '["ct_1"]', f'["ct_{"0" * 26}", "ct_{"1" * 26}", "z"]', "x"]
        for query in (f"cursor={own}&source=client_token", "cursor=x", f"cursor={own}&client_token_id={token.id}"):
            assert_refused(api.get(f"{CONVERSATIONS}?{query}"), 400, "invalid_cursor")
        for place in places:
            assert_refused(api.get(f"{CONVERSATIONS}?cursor={cursor.encode(place, *scope)}"), 400, "invalid_cursor")
        assert_refused(caller().get(f"{CONVERSATIONS}?cursor={own}"), 400, "invalid_cursor")

    @pytest.mark.parametrize("query", ["source=web", "limit=0", "limit=201", "offset=1", "surface_id=", "ownerid=x"])
    def test_400_query(self, api, query):
        assert_refused(api.get(f"{CONVERSATIONS}?{query}"), 400, "invalid_request")


class TestFeedback:
    @pytest.fixture
    def seven(self, api, create, page, talk, clock):
        """Of two conversations of two tokens, the newest first."""
        tokens = [create(productSurfaceId="surface_shop"), create()]
        sessions = [talk(token, WORDS) for token in tokens]
        found = []
        kinds = [("upvote", {}), ("downvote", {}), ("copy", {}), ("csat", {"rating": 5}), ("nps", {"rating": 10})]
        for (kind, fields), place in [*zip(kinds, itertools.cycle([0, 1])), (("csat", {"rating": 2}), 0)]:
            target = {"messageId": "ast_0"} if not fields else {}
            answer = page.rate(sessions[place], tokens[place].value, kind, **{"messageId": None} | target | fields)
            assert answer.status_code == 200, answer.text
            clock.forward(seconds=1)
            found.append(answer.json["feedbackId"])
        return found[::-1], list(map(conversation_of, sessions))

    @pytest.mark.parametrize("limit", [1, 2, 6, 7])
    @pytest.mark.parametrize("query", ["", "&record_id"])
    @pytest.mark.parametrize("deletes", [False, True])
    def test_pages_have_no_gap_and_no_overlap(self, api, seven, limit, query, deletes):
        expected, (first, _) = seven
        if query:
            query += f"={first}"
            expected = [one["id"] for one in api.get(f"{FEEDBACK}?{query[1:]}").json["feedback"]]
            assert len(expected) == 4

        def clean_up(page):
            for one in page:
                assert not deletes or api.delete(f"{FEEDBACK}/{one['id']}").status_code == 200

        assert ids(pages(api.get, FEEDBACK, "feedback", limit, clean_up, query)) == expected

    def test_offsets_count_what_matches_the_filters(self, api, seven):
        expected, _ = seven
        answer = api.get(f"{FEEDBACK}?limit=2&offset=3").json
        assert [one["id"] for one in answer["feedback"]] == expected[3:5]
        assert answer["pagination"]["offset"] == 3

    def test_filters(self, api, seven):
        _, (first, second) = seven

        def found(query):
            return [one["feedbackType"] for one in api.get(f"{FEEDBACK}?{query}").json["feedback"]]

        assert found("type=csat") == ["csat", "csat"]
        assert found("surfaceId=surface_shop") == found(f"record_id={first}") == ["csat", "nps", "copy", "upvote"]
        assert found(f"record_id={first}&type=copy") == found("surfaceId=surface_shop&type=copy") == ["copy"]
        assert found(f"record_id={second}&surfaceId=surface_shop") == []
        assert len(found("flow_id=flow_echo")) == 6
        assert found("flow_id=flow_other") == found(f"record_id={first}&flow_id=flow_other") == []

    def test_statistics(self, api, seven):
        _, (first, _) = seven
        assert api.get(f"{FEEDBACK}/stats").json["stats"] == {
            "total": 6,
            "upvotes": 1,
            "downvotes": 1,
            "copies": 1,
            "netScore": 0,
            "csat": {"count": 2, "average": 3.5, "distribution": {"1": 0, "2": 1, "3": 0, "4": 0, "5": 1}},
            "nps": {"count": 1, "promoters": 1, "passives": 0, "detractors": 0, "score": 100},
        }
        by_surface = api.get(f"{FEEDBACK}/stats?surfaceId=surface_shop").json["stats"]
        assert by_surface == api.get(f"{FEEDBACK}/stats?record_id={first}").json["stats"]
        assert (by_surface["total"], by_surface["netScore"]) == (4, 1)
        assert api.get(f"{FEEDBACK}/stats?flow_id=flow_other").json["stats"]["total"] == 0

    def test_another_tenant_sees_none_of_it(self, caller, seven):
        _, (first, _) = seven
        stranger = caller()
        for query in ("", f"?record_id={first}"):
            assert stranger.get(f"{FEEDBACK}{query}").json["feedback"] == []
            assert stranger.get(f"{FEEDBACK}/stats{query}").json["stats"]["total"] == 0

    def test_replaced_feedback_is_listed_once(self, api, page, token, talk):
        session = talk(token, WORDS)
        for rating in (1, 5):
            page.rate(session, token.value, "csat", rating=rating, messageId=None)
        assert [one["rating"] for one in api.get(FEEDBACK).json["feedback"]] == [5]
        assert api.get(f"{FEEDBACK}/stats").json["stats"]["csat"]["average"] == 5

    def test_400_too_much_to_count(self, api, seven, monkeypatch):
        monkeypatch.setattr(feedback_store, "_PAGES_MAX", 0)
        assert_refused(api.get(f"{FEEDBACK}/stats"), 400, "too_far")

    def test_400_bad_cursor(self, api, caller, seven):
        own = api.get(f"{FEEDBACK}?limit=1").json["pagination"]["nextCursor"]
        for query in (f"cursor={own}&type=csat", "cursor=x", f"cursor={own}&surfaceId=surface_shop"):
            assert_refused(api.get(f"{FEEDBACK}?{query}"), 400, "invalid_cursor")
        assert_refused(caller().get(f"{FEEDBACK}?cursor={own}"), 400, "invalid_cursor")
        assert_refused(api.get(f"{FEEDBACK}?cursor={own}&offset=1"), 400, "invalid_request")

    @pytest.mark.parametrize("query", ["type=stars", "limit=0", "surface_id=x", "record_id=", "offset=-1"])
    def test_400_query(self, api, query):
        assert_refused(api.get(f"{FEEDBACK}?{query}"), 400, "invalid_request")


class TestIntruders:
    """Items that the functions of a page could write, each with an index entry of feedback."""

    @pytest.mark.parametrize("place", [("CONVERSATION#1", "RECORD"), ("SESSION#1", "RECORD"), ("FEEDBACK#conv_1", "1")])
    @pytest.mark.parametrize("broken", [{}, {"rating": "x"}, {"type": 7}, {"at": "x"}, {"id": "fb_1"}], ids=str)
    def test_item_that_pretends_to_be_feedback_is_not_shown(self, api, token, place, broken):
        known = api.said(token.id)
        (own,) = table.query("pk = :pk", {":pk": f"FEEDBACK#{known['conversation']}"})
        table.put(own | {"comment": "Intruder"} | broken | {"pk": place[0], "sk": place[1]})
        answer = api.get(FEEDBACK)
        assert [one["comment"] for one in answer.json["feedback"]] == ["Thanks, Ada"]
        assert api.get(f"{FEEDBACK}/stats").status_code == 200
        table.transact([table.delete_write(place)])
