"""Lists of conversations and of feedback, as owners read them."""

import itertools
import json

import pytest

from shared.rules import cursor
from shared.store import conversations, memberships, table, tenant_conversations
from shared.store import feedback as feedback_store
from tests.functions.owner import CONVERSATIONS, FEEDBACK, WORDS, conversation_of
from tests.functions.page import assert_refused
from tests.functions.test_cursors import ids, pages


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

    def test_400_made_up_cursor_that_spans_all_tokens(self, api, calls):
        for number in range(60):
            table.transact([memberships.add_write(api.tenant, f"ct_{number:026}")])
        scope = ("conversations of tenant", api.tenant, "all", None, None, None)
        spanning = cursor.encode(json.dumps([f"ct_{59:026}", f"ct_{0:026}", "~"]), *scope)
        honest = cursor.encode(json.dumps([f"ct_{24:026}", f"ct_{0:026}", "~"]), *scope)
        assert api.get(f"{CONVERSATIONS}?cursor={honest}").json["conversations"] == []
        calls.clear()
        assert_refused(api.get(f"{CONVERSATIONS}?cursor={spanning}"), 400, "invalid_cursor")
        assert calls.count("Query") == 1

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

    def test_filter_by_visitor(self, api, caller, page, create):
        token = create()
        opened = page.init(token.value, visitorHistory=True).json
        page.say(opened["sessionId"], WORDS)
        page.say(page.open(token.value), "Without history")
        visitor_id = opened["visitor"]["id"]

        def found(who, query=""):
            return [one["id"] for one in who.get(f"{CONVERSATIONS}?ownerId={visitor_id}{query}").json["conversations"]]

        assert found(api) == found(api, f"&client_token_id={token.id}") == [opened["conversationId"]]
        assert found(api, f"&client_token_id={create().id}") == found(api, "&surface_id=none") == []
        assert found(caller()) == []
        assert api.get(f"{CONVERSATIONS}/{opened['conversationId']}").json["ownerId"] == visitor_id

    def test_pages_of_a_visitor_have_no_gap_and_no_overlap(self, api, page, create, clock):
        token = create()
        opened = page.init(token.value, visitorHistory=True).json
        secret, expected = opened["visitor"]["token"], set()
        for _ in range(5):
            page.say(opened["sessionId"], WORDS)
            expected.add(opened["conversationId"])
            clock.forward(minutes=7)
            opened = page.init(token.value, visitorToken=secret).json
        query = f"&ownerId={page.init(token.value, visitorToken=secret).json['visitor']['id']}"
        for limit in (1, 2, 5):
            found = ids(pages(api.get, CONVERSATIONS, "conversations", limit, query=query))
            assert (len(found), set(found)) == (5, expected)

    def test_another_tenants_visitor_reads_like_an_unknown_one(self, api, caller, browser):
        """Not even the cursor of a short page names a conversation of theirs."""
        told = [browser.talk(WORDS) for _ in range(3)]
        conversations.mark(told[0], browser.visitor)
        stranger = caller()
        for limit in (1, 2, 3, 4):
            theirs, unknown = (
                stranger.get(f"{CONVERSATIONS}?ownerId={visitor}&limit={limit}").json
                for visitor in (browser.visitor, f"cvis_{'0' * 22}")
            )
            assert theirs == unknown
            found = ids(pages(api.get, CONVERSATIONS, "conversations", limit, query=f"&ownerId={browser.visitor}"))
            assert sorted(found) == sorted(told[1:])

    @pytest.mark.parametrize("other_filter", ["", f"&ownerId=cvis_{'0' * 22}"])
    def test_404_filter_by_a_foreign_or_unknown_token(self, api, caller, token, other_filter):
        stranger = caller()
        theirs = stranger.get(f"{CONVERSATIONS}?client_token_id={token.id}{other_filter}")
        unknown = stranger.get(f"{CONVERSATIONS}?client_token_id=ct_{'0' * 26}{other_filter}")
        assert theirs.json | {"requestId": ""} == unknown.json | {"requestId": ""}
        assert_refused(theirs, 404, "not_found")

    def test_400_bad_cursor(self, api, caller, create, talk):
        for token in (create(), create()):
            talk(token, WORDS)
        own = api.get(f"{CONVERSATIONS}?limit=1").json["pagination"]["nextCursor"]
        scope = "conversations of tenant", api.tenant, "all", None, None, None
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
        body = assert_refused(api.get(f"{FEEDBACK}/stats"), 400, "too_far")
        assert body["hint"] == "Use a filter, such as flow_id or record_id."

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
        (own,) = table.query("pk = :pk", {":pk": f"FEEDBACK#{known['conversation']}"}, at=None)
        table.put(own | {"comment": "Intruder"} | broken | {"pk": place[0], "sk": place[1]})
        answer = api.get(FEEDBACK)
        assert [one["comment"] for one in answer.json["feedback"]] == ["Thanks, Ada"]
        assert api.get(f"{FEEDBACK}/stats").status_code == 200
        table.transact([table.delete_write(place)])
