"""Cursors of the lists of tokens and of a token's conversations: nothing is skipped, whatever is deleted meanwhile."""

from datetime import UTC, datetime

import pytest

from shared.rules import cursor
from shared.store import conversation_deletion, conversation_list, table
from shared.wire.owner_queries import ListConversations
from tests.functions.page import assert_refused
from tests.functions.test_listing import conversation

TOKENS = "/v1/client-tokens"
# When each conversation was last active, in minutes: several within the same ten.
MINUTES = [3, 27, 9, 0, 15, 4, 21, 11, 1, 18]


def pages(get, path, entries, limit, after_each=lambda page: None, query=""):
    """Follows nextCursor to the end, and acts on each page before it asks for the next."""
    found, cursor = [], None
    while True:
        answer = get(f"{path}?limit={limit}{query}" + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status_code == 200, answer.text
        found.append(answer.json[entries])
        assert len(found[-1]) <= limit
        after_each(found[-1])
        pagination = answer.json["pagination"]
        cursor = pagination["nextCursor"]
        assert pagination["hasMore"] is (cursor is not None)
        if cursor is None:
            return found


def ids(found):
    return [one["id"] for page in found for one in page]


class TestTokens:
    @pytest.fixture
    def seven(self, api):
        return [api.create(name=str(number))["clientToken"]["id"] for number in range(7)][::-1]

    @pytest.mark.parametrize("limit", [1, 3, 6, 7, 200])
    def test_pages_have_no_gap_and_no_overlap(self, api, seven, limit):
        assert ids(pages(api.get, TOKENS, "clientTokens", limit)) == seven

    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_cleanup_that_deletes_while_it_pages_skips_nothing(self, api, seven, limit):
        def clean_up(page):
            for one in page:
                assert api.delete(f"{TOKENS}/{one['id']}").status_code == 200

        assert ids(pages(api.get, TOKENS, "clientTokens", limit, clean_up)) == seven
        assert api.get(TOKENS).json == {"clientTokens": []}

    def test_token_created_meanwhile_shifts_nothing(self, api, seven):
        found = pages(api.get, TOKENS, "clientTokens", 2, lambda _: api.create())
        assert ids(found) == seven

    def test_without_a_limit_the_rest_is_listed(self, api, seven):
        following = api.get(f"{TOKENS}?limit=2").json["pagination"]["nextCursor"]
        answer = api.get(f"{TOKENS}?cursor={following}").json
        assert (ids([answer["clientTokens"]]), answer.keys()) == (seven[2:], {"clientTokens"})

    def test_an_offset_page_leads_on_by_cursor(self, api, seven):
        following = api.get(f"{TOKENS}?limit=2&offset=1").json["pagination"]["nextCursor"]
        assert ids([api.get(f"{TOKENS}?limit=200&cursor={following}").json["clientTokens"]]) == seven[3:]

    def test_400_cursor_of_another_tenant_or_list(self, api, caller, seven):
        stranger = caller()
        theirs = [stranger.create()["clientToken"]["id"] for _ in range(2)]
        foreign = stranger.get(f"{TOKENS}?limit=1").json["pagination"]["nextCursor"]
        own = api.get(f"{TOKENS}?limit=1").json["pagination"]["nextCursor"]
        for path in (
            f"{TOKENS}?cursor={foreign}",
            f"{TOKENS}?cursor=x",
            f"{TOKENS}?cursor={own[:-1]}",
            f"{TOKENS}?cursor={cursor.encode('x', 'tokens', api.tenant)}",
            f"{TOKENS}/{seven[0]}/conversations?cursor={own}",
        ):
            assert_refused(api.get(path), 400, "invalid_cursor")
        assert theirs[0] not in ids([api.get(f"{TOKENS}?limit=200&cursor={own}").json["clientTokens"]])


class TestConversations:
    @pytest.fixture
    def path(self, api):
        token_id = api.create(flowIds=["flow_a", "flow_b"])["clientToken"]["id"]
        for number, last in enumerate(MINUTES):
            conversation(token_id, number, flow_id="flow_b" if number % 3 else "flow_a", minutes=last)
        return f"{TOKENS}/{token_id}/conversations"

    @pytest.fixture(params=[500, 2], ids=["sorted", "too many to sort"])
    def sorted_max(self, request, monkeypatch):
        monkeypatch.setattr(conversation_list, "_SORTED_MAX", request.param)
        return request.param

    @pytest.mark.parametrize("flow", ["", "&flow_id=flow_b"])
    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 10, 11])
    def test_pages_have_no_gap_and_no_overlap(self, api, path, sorted_max, limit, flow):
        whole = ids([api.get(f"{path}?limit=200{flow}").json["conversations"]])
        found = ids(pages(api.get, path, "conversations", limit, query=flow))
        assert len(set(found)) == len(found) == (6 if flow else 10)
        assert found == whole or (sorted_max == 2 and set(found) == set(whole))

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 7])
    def test_cleanup_that_deletes_while_it_pages_skips_nothing(self, api, path, sorted_max, limit):
        whole = ids([api.get(f"{path}?limit=200").json["conversations"]])

        def clean_up(page):
            for one in page:
                table.transact([table.delete_write((f"CONVERSATION#{one['id']}", "RECORD"))])

        found = ids(pages(api.get, path, "conversations", limit, clean_up))
        assert (len(found), set(found)) == (10, set(whole))
        assert api.get(path).json["conversations"] == []

    def test_ten_minutes_that_become_too_many_to_sort_are_not_skipped(self, api, path, monkeypatch):
        def too_many(_):
            monkeypatch.setattr(conversation_list, "_SORTED_MAX", 2)

        whole = ids([api.get(f"{path}?limit=200").json["conversations"]])
        assert set(ids(pages(api.get, path, "conversations", 2, too_many))) == set(whole)

    def test_400_cursor_of_another_token_or_filter(self, api, path):
        other = api.create(flowIds=["flow_a"])["clientToken"]["id"]
        own = api.get(f"{path}?limit=1").json["pagination"]["nextCursor"]
        token_id = path.split("/")[3]
        for wrong in (
            f"{TOKENS}/{other}/conversations?cursor={own}",
            f"{path}?cursor={own}&flow_id=flow_b",
            *(
                f"{path}?cursor={cursor.encode(place, 'conversations', token_id, None)}"
                for place in ("", "x", "[]", "[1, 2]", '["", null]', '["#", null]', '["x", 1]', "{}", "[" * 200)
            ),
        ):
            assert_refused(api.get(wrong), 400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "code"),
    [("cursor=", "out_of_range"), (f"cursor={'x' * 1025}", "out_of_range"), ("cursor=x&offset=1", "exclusive")],
    ids=["empty", "too long", "beside an offset"],
)
def test_400_cursor_is_empty_too_long_or_beside_an_offset(api, token, query, code):
    for path in (TOKENS, f"{TOKENS}/{token.id}/conversations"):
        body = assert_refused(api.get(f"{path}?{query}"), 400, "invalid_request")
        assert [(detail["path"], detail["code"]) for detail in body["details"]] == [("cursor", code)]


def test_first_message_is_null_without_the_scope_for_it(api, caller, page, token):
    """With tokens:read alone, the documented list is complete but for what visitors wrote."""
    page.say(page.open(token.value), "My card is 4111")
    path = f"{TOKENS}/{token.id}/conversations"
    (whole,) = caller(api.tenant, ("tokens:read", "conversations:read")).get(path).json["conversations"]
    answer = caller(api.tenant, ("tokens:read",)).get(path)
    assert whole["firstMessage"] == "My card is 4111"
    assert (answer.status_code, answer.json["conversations"]) == (200, [whole | {"firstMessage": None}])
    assert "4111" not in answer.text
    for scopes in [("conversations:read",), ("tokens:write", "conversations:write")]:
        assert_refused(caller(api.tenant, scopes).get(path), 403, "forbidden")


def test_a_list_that_shows_first_messages_leaves_an_audit_record(api, caller, page, token):
    page.say(page.open(token.value))
    path = f"{TOKENS}/{token.id}/conversations"

    def recorded():
        items = table.query("pk = :pk", {":pk": f"AUDIT#{api.tenant}"}, at=datetime.now(UTC))
        return [(item["action"], item["subject"]) for item in items if item["action"] == "read_conversations"]

    caller(api.tenant, ("tokens:read",)).get(path)
    assert recorded() == []
    api.get(path)
    assert recorded() == [("read_conversations", token.id)]


def test_503_nothing_is_shown_without_its_audit_record(api, page, token, aws_answers):
    page.say(page.open(token.value), "secret words")
    aws_answers("PutItem", "AccessDeniedException")
    answer = api.get(f"{TOKENS}/{token.id}/conversations")
    assert_refused(answer, 503, "unavailable")
    assert "secret words" not in answer.text


def test_conversation_deleted_by_an_operator_leaves_the_list_in_place(api, page, token, clock):
    for _ in range(5):
        page.say(page.open(token.value))
        clock.forward(minutes=1)
    path = f"{TOKENS}/{token.id}/conversations"
    whole = ids([api.get(path).json["conversations"]])

    def clean_up(found):
        for one in found:
            conversation_deletion.delete(api.tenant, one["id"], at=clock.held)

    assert ids(pages(api.get, path, "conversations", 2, clean_up)) == whole


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.parametrize("deleted", range(5))
def test_conversation_that_is_deleted_while_a_page_is_read(api, page, token, clock, at_call, number, deleted):
    for _ in range(5):
        page.say(page.open(token.value))
        clock.forward(minutes=1)
    path = f"/v1/client-tokens/{token.id}/conversations"
    whole = ids([api.get(path).json["conversations"]])
    gone = whole[deleted]
    statuses = []
    at_call(number, lambda: statuses.append(api.delete(f"/v1/conversations/{gone}").status_code))
    found = ids(pages(api.get, path, "conversations", 2))
    assert statuses == [200]
    assert len(set(found)) == len(found)
    assert set(whole) - {gone} <= set(found)


@pytest.mark.parametrize(("query", "queries"), [("limit=2", 2), ("limit=2&offset=1", 3), ("limit=9&offset=1", 3)])
def test_each_end_of_a_page_costs_one_query_of_its_ten_minutes(api, page, token, clock, calls, query, queries):
    for _ in range(5):
        page.say(page.open(token.value))
        clock.forward(seconds=1)
    calls.clear()
    assert api.get(f"/v1/client-tokens/{token.id}/conversations?{query}").status_code == 200
    assert calls.count("Query") == queries


# Text that no index has: a key that is too long, and JSON of other shapes.
_ODD = ['"' + "x" * 300 + '"', "[" * 150 + "]" * 150, "1e999", '{"a": 1}', "null", '""']


@pytest.mark.parametrize("odd", _ODD, ids=range(len(_ODD)))
def test_400_made_up_position_of_conversations(api, token, odd):
    """A cursor's checksum is no secret, so any position can be made up."""
    one, other = "ct_" + "7" * 26, "ct_" + "0" * 26
    for position in (f"[{odd}, null]", f'["2027-01-31T12:00:00.000Z#x", {odd}]', odd):
        made_up = cursor.encode(position, "conversations", token.id, None)
        answer = api.get(f"/v1/client-tokens/{token.id}/conversations?cursor={made_up}")
        assert answer.status_code in {200, 400}, answer.text
    for position in (f'["{one}", "{other}", {odd}]', f'[{odd}, "{other}", "~"]', odd):
        made_up = ListConversations.read_query({}).pagination(position, api.tenant)["nextCursor"]
        answer = api.get(f"/v1/conversations?cursor={made_up}")
        assert answer.status_code in {200, 400}, answer.text


def test_400_position_that_is_no_unicode(api, token, calls):
    """Half of a surrogate pair, as an escape of JSON. AWS refuses a request with it."""
    half, one, other = '"\\ud800"', "ct_" + "7" * 26, "ct_" + "0" * 26
    made_up = cursor.encode(f"[{half}, null]", "conversations", token.id, None)
    answer = api.get(f"/v1/client-tokens/{token.id}/conversations?cursor={made_up}")
    assert_refused(answer, 400, "invalid_cursor")
    made_up = ListConversations.read_query({}).pagination(f'["{one}", "{other}", {half}]', api.tenant)["nextCursor"]
    assert_refused(api.get(f"/v1/conversations?cursor={made_up}"), 400, "invalid_cursor")
    assert "Query" not in calls
