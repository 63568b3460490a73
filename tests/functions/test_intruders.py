"""If an attacker ran code in a browser function, the items it could write would mislead neither owner nor operator.

Each item here has a key that such a function's role allows, and pretends to belong to another tenant.
"""

from datetime import UTC, datetime

import pytest

from shared.store import api_keys, audit, client_tokens, conversations, table
from tests.functions.owner import conversation_of
from tests.functions.returning_visitors import Browser

AT = "2027-01-31T12:00:00.000Z"
PLACES = [("SESSION#1", "RECORD"), ("CONVERSATION#1", "RECORD"), ("USAGE#1", "RECORD"), ("CONVERSATION#1", "AUDIT")]

# No time; without an offset; and too early to be converted to UTC.
NO_TIMES = ["x", "2027-01-31T12:00:00.250", "0001-01-01T00:00:00.000+14:00"]


@pytest.fixture(params=PLACES, ids="/".join)
def place(request):
    """`place(item, listing_pk, listing_sk)`: stores it under a key of a browser function, with this index entry."""
    pk, sk = request.param
    placed = []

    def place(item, listing_pk, listing_sk):
        table.put(item | {"pk": pk, "sk": sk, "listing_pk": listing_pk, "listing_sk": listing_sk})
        placed.append((pk, sk))

    yield place
    table.transact([table.delete_write(key) for key in set(placed)])


def test_item_that_pretends_to_be_a_token_is_not_listed(api, place):
    created = api.create()["clientToken"]
    record = table.get((f"TOKEN#{created['id']}", "RECORD"), at=None)
    place(record | {"name": "Intruder"}, f"TENANT#{api.tenant}", f"TOKEN#{created['id']}")
    place(record | {"name": "Intruder"}, f"TOKENS#{api.tenant}", f"TOKEN#{created['id']}")
    assert [one["name"] for one in api.get("/v1/client-tokens").json["clientTokens"]] == [created["name"]]
    assert [one.settings.name for one in client_tokens.list_by_tenant(api.tenant)] == [created["name"]]


@pytest.mark.parametrize(
    "broken", [{}, {"changes": "no json"}, {"at": 7}, {"changes": None}, *({"at": one} for one in NO_TIMES)], ids=str
)
def test_item_that_pretends_to_be_an_audit_record_is_not_shown(api, place, broken):
    token_id = api.create()["clientToken"]["id"]
    (record,) = table.query("pk = :pk", {":pk": f"AUDIT#{api.tenant}"}, at=None)
    place(record | {"action": "reveal"} | broken, f"AUDIT#{token_id}", record["listing_sk"])
    shown = audit.query(api.tenant, token_id, since=None, until=None, at=datetime.now(UTC))
    assert [one.action for one in shown] == ["create"]


def test_item_that_pretends_to_be_an_api_key_is_not_listed(api, place):
    (key,) = api_keys.list_by_tenant(api.tenant, at=datetime.now(UTC))
    record = table.get((f"APIKEY#{key.digest}", "RECORD"), at=None)
    place(record | {"name": "Intruder"}, f"APIKEYS#{api.tenant}", f"APIKEY#{key.id}")
    assert api_keys.list_by_tenant(api.tenant, at=datetime.now(UTC)) == [key]
    assert api_keys.get(api.tenant, key.id, at=datetime.now(UTC)) == key


BROKEN = [{"name": 7}, {"count_000000": "x"}, {"origin": None}, {"listing_sk": "9"}, {"id": "2"}]
BROKEN += [{name: text} for name in ("created_at", "updated_at") for text in NO_TIMES]


@pytest.mark.parametrize("broken", [None, *BROKEN], ids=str)
def test_item_that_pretends_to_be_a_conversation_is_not_shown(api, page, token, broken):
    """An entry under its own key was written by the chat function, so it must be complete."""
    page.say(page.open(token.value))
    (shown,) = token.conversations()
    record = table.get((f"CONVERSATION#{shown['id']}", "RECORD"), at=None)
    if broken is None:
        table.put(record | {"pk": "SESSION#1", "name": "Intruder"})
    else:
        place = record["listing_sk"].partition("#")[0]
        intruder = record | {"pk": "CONVERSATION#1", "id": "1", "listing_sk": f"{place}#1"} | broken
        table.put({name: value for name, value in intruder.items() if value is not None})
    assert token.conversations() == [shown]
    assert [one["id"] for one in api.get("/v1/conversations").json["conversations"]] == [shown["id"]]


NO_USAGE = [{}, {"conversation_count": "many"}, *({"last_used_at": one} for one in NO_TIMES)]


@pytest.mark.parametrize("usage", NO_USAGE, ids=str)
def test_malformed_usage_item_does_not_break_responses(api, page, token, usage):
    whole = {"conversation_count": 1, "last_used_at": AT}
    malformed = {"pk": f"USAGE#{token.id}", "sk": "RECORD"} | (whole | usage if usage else {})
    table.put(malformed)
    assert [one["id"] for one in api.get("/v1/client-tokens").json["clientTokens"]] == [token.id]
    assert token.record()["conversationCount"] == 0
    session = page.open(token.value)
    table.put(malformed)
    assert page.say(session).status_code == 200


def test_malformed_expiry_of_a_usage_item_refuses_no_visitor(page, token):
    usage = {"pk": f"USAGE#{token.id}", "sk": "RECORD", "conversation_count": 1, "last_used_at": AT}
    table.put(usage | {"expires_at": "x"})
    assert page.say(page.open(token.value)).status_code == 200


@pytest.mark.parametrize("at", NO_TIMES)
def test_feedback_with_a_malformed_time_does_not_break_a_list(api, page, token, talk, at):
    session = talk(token, "Hello")
    for kind in ("upvote", "csat"):
        assert page.rate(session, token.value, kind, rating=4 if kind == "csat" else None).status_code == 200
    conversation_id = conversation_of(session)
    for item in table.query("pk = :pk", {":pk": f"FEEDBACK#{conversation_id}"}, at=None):
        if item["type"] == "csat":
            table.put(item | {"at": at})
    paths = ("/v1/feedback", f"/v1/feedback?record_id={conversation_id}", f"/v1/conversations/{conversation_id}")
    for path in paths:
        assert [one["feedbackType"] for one in api.get(path).json["feedback"]] == ["upvote"]


LATEST = "9999-12-31T23:59:59.999Z"
NO_RECORDS = [{name: text} for name in ("created_at", "updated_at") for text in [*NO_TIMES, "x" * 2000]]
NO_RECORDS += [
    {"first_message": 7},
    {"title": 7, "titled_at": AT, "created_at": AT},
    {"titled_at": AT, "created_at": AT},
]
NO_RECORDS += [{"last_session": 7}, {"last_session": "x" * 2000}]
NO_TURNS = [{"reply": 7}, {"leased_until": "x"}, {"stop_reason": None}, {"asked": "[" * 100_000}, {"at": LATEST}]


@pytest.fixture
def visited(page, create):
    """A visitor's browser, with a conversation."""
    browser = Browser(page, create(rateLimitPerMinute=1000).value)
    page.say(browser.session, "Do you sell tea?")
    return browser


@pytest.mark.parametrize("broken", NO_RECORDS, ids=lambda broken: f"{broken}"[:60])
def test_malformed_record_does_not_break_a_visitors_list(visited, broken):
    shown = visited.list()
    record = table.get(conversations.record_key(visited.conversation_id), at=None)
    table.put(record | {"pk": "CONVERSATION#1", "id": "1", "listing_sk": f"{AT}#1"} | broken)
    assert visited.list() == shown
    assert visited.ask("DELETE").status_code == 200
    assert visited.list()["data"] == []


@pytest.mark.parametrize("broken", NO_TURNS, ids=lambda broken: f"{broken}"[:60])
def test_malformed_last_turn_does_not_break_a_visitors_list(visited, broken):
    shown = visited.list()
    pk, sk = conversations.record_key(visited.conversation_id)
    record = table.get((pk, sk), at=None)
    (turn,) = table.query("pk = :pk AND begins_with(sk, :sk)", {":pk": pk, ":sk": "MESSAGE#"}, at=None)
    at = broken.get("at", record["updated_at"])
    intruder = {"pk": "CONVERSATION#1", "id": "1", "listing_sk": f"{AT}#1", "updated_at": at}
    table.put(record | intruder)
    table.put(turn | broken | {"pk": "CONVERSATION#1", "sk": f"MESSAGE#{at}#{record['last_session']}"})
    assert visited.list() == shown


def test_fractional_number_does_not_break_a_list(page, token):
    page.say(page.open(token.value))
    (shown,) = token.conversations()
    record = table.get((f"CONVERSATION#{shown['id']}", "RECORD"), at=None)
    place = record["listing_sk"].partition("#")[0]
    intruder = table.put_write(record | {"pk": "CONVERSATION#1", "id": "1", "listing_sk": f"{place}#1"})
    intruder["Put"]["Item"]["count_000000"] = {"N": "1.5"}
    table.transact([intruder])
    assert token.conversations() == [shown]
