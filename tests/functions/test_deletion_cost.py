"""What one request costs that deletes much: it ends in time, says so, and repeated requests delete the rest."""

import pytest

from shared.store import conversation_deletion, conversations, table
from tests.aws.network import NETWORK
from tests.functions.page import ORIGIN, assert_refused
from tests.functions.stored import left, record

WRITES = ("PutItem", "DeleteItem", "UpdateItem", "TransactWriteItems")
MOST = 3
UNKNOWN = f"conv_{'0' * 26}"


@pytest.fixture(autouse=True)
def small_requests(monkeypatch):
    monkeypatch.setattr(conversation_deletion, "_WRITES_MAX", MOST)


@pytest.fixture
def talks(page, create):
    """`talks("One", "Two")`: a visitor's conversation of these messages, as (id, session, secret)."""
    token = create(rateLimitPerMinute=1000, rateLimitPerHour=10_000)

    def talk(*texts, **fields):
        opened = page.init(token.value, **fields or {"visitorHistory": True}).json
        for text in texts:
            assert page.say(opened["sessionId"], text).status_code == 200
        return opened["conversationId"], opened["sessionId"], opened["visitor"].get("token")

    return talk


def repeat(delete, calls):
    """Repeats a request until it succeeds. Returns the statuses, and the most writes of one request."""
    statuses, writes = [], 0
    while not statuses or statuses[-1] == 503:
        calls.clear()
        answer = delete()
        statuses.append(answer.status_code)
        writes = max(writes, sum(one in WRITES for one in calls))
        assert len(statuses) < 20
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "1"
    return statuses, writes


def test_long_conversation_of_a_visitor_is_deleted_by_repeating(page, talks, calls):
    conversation_id, session, secret = talks(*"abcdefgh")

    def delete():
        return page.history("DELETE", f"/{conversation_id}", session=session, secret=secret)

    statuses, writes = repeat(delete, calls)
    assert statuses == [503, 503, 200]
    # A counter, the mark, the turns, and the record.
    assert writes <= MOST + 3
    assert left(conversation_id) == []
    assert_refused(delete(), 404, "conversation_not_found")


def test_nothing_shows_a_conversation_that_is_partly_deleted(page, talks):
    conversation_id, session, secret = talks(*"abcdefgh")
    asked = {"session": session, "secret": secret}
    assert_refused(page.history("DELETE", f"/{conversation_id}", **asked), 503, "unavailable")
    assert_refused(page.history("GET", f"/{conversation_id}", **asked), 404, "conversation_not_found")
    assert page.history("GET", **asked).json["data"] == []
    assert_refused(page.say(session), 410, "conversation_deleted")


def test_long_conversation_is_deleted_by_its_owner_by_repeating(api, talks, calls):
    conversation_id, *_ = talks(*"abcdefgh")
    statuses, writes = repeat(lambda: api.delete(f"/v1/conversations/{conversation_id}"), calls)
    assert statuses == [503, 503, 200]
    assert writes <= MOST + 3
    assert left(conversation_id) == []
    assert api.delete(f"/v1/conversations/{conversation_id}").status_code == 404


def test_repeated_deletion_reads_no_text_again(api, talks):
    """Deleted turns are small. Otherwise a long conversation could take all of each request's time."""
    conversation_id, *_ = talks(*("x" * 8000 for _ in range(8)))
    path = f"/v1/conversations/{conversation_id}"
    api.delete(path)
    items = list(table.query("pk = :pk", {":pk": f"CONVERSATION#{conversation_id}"}, at=None))
    assert sum("is_gone" in item for item in items) == MOST + 1
    assert all(len(str(item)) < 300 for item in items if "is_gone" in item)


def test_much_feedback_is_deleted_by_repeating(page, api, talks, calls, create):
    token = create(rateLimitPerMinute=1000)
    session = page.open(token.value)
    page.say(session)
    for number in range(8):
        assert page.rate(session, token.value, messageId=f"ast_{number}").status_code == 200
    conversation_id = record(session)["conversation_id"]
    statuses, writes = repeat(lambda: api.delete(f"/v1/conversations/{conversation_id}"), calls)
    assert statuses == [503, 503, 200]
    assert writes <= MOST + 3
    assert left(conversation_id) == []


def test_visitor_with_many_conversations_deletes_them_by_repeating(page, talks, calls):
    first, session, secret = talks("a")
    ids = [first, *(talks(*"ab", visitorToken=secret)[0] for _ in range(7))]

    def delete():
        return page.history("DELETE", session=session, secret=secret)

    statuses, writes = repeat(delete, calls)
    assert statuses[-1] == 200
    assert set(statuses[:-1]) == {503}
    assert writes <= MOST + 3
    assert [left(one) for one in ids] == [[]] * len(ids)
    assert page.history("GET", session=session, secret=secret).json["data"] == []


def test_one_request_reads_a_bounded_number_of_conversations(page, api, talks):
    """However many a visitor has: marks come first, but no request has time for all of ten thousand."""
    _, session, secret = talks("a")
    visitor = record(session)["visitor_id"]
    for number in range(250):
        _write_conversation(visitor, record(session)["token_id"], api.tenant, number)
    made = []
    with NETWORK.hooked(made.append):
        assert_refused(page.history("DELETE", session=session, secret=secret), 503, "unavailable")
    keys = [
        key
        for one in made
        if one.operation == "BatchGetItem"
        for asked in one.parameters["RequestItems"].values()
        for key in asked["Keys"]
        if key["pk"]["S"].startswith("CONVERSATION#")
    ]
    assert len(keys) <= 100


def _write_conversation(visitor, token_id, tenant, number):
    conversation_id = f"conv_{number:026}"
    at = "2027-01-31T10:00:00.000Z"
    pk, sk = conversations.record_key(conversation_id)
    item = {"id": conversation_id, "tenant": tenant, "name": "A", "flow_id": "flow_echo", "origin": ORIGIN}
    item |= {"created_at": at, "updated_at": at, "owner_pk": f"VISITOR#{visitor}", "count_aaaaaa": 1}
    table.put(item | {"pk": pk, "sk": sk, "listing_pk": f"TOKEN#{token_id}", "listing_sk": f"{at}#{conversation_id}"})


def test_404_reads_nothing_of_another_tenants_conversation(caller, talks, calls):
    """A long conversation would take longer, so its existence would show."""
    conversation_id, *_ = talks(*"abcdefgh")
    other = caller()
    # The authorizer reads the key once.
    other.delete(f"/v1/conversations/{UNKNOWN}")
    seen = []
    for one in (conversation_id, UNKNOWN):
        calls.clear()
        made = []
        with NETWORK.hooked(made.append):
            assert other.delete(f"/v1/conversations/{one}").status_code == 404
        seen.append(list(calls))
        (query,) = [one.parameters for one in made if one.operation == "Query"]
        assert query["Limit"] == 1
    assert seen[0] == seen[1]
