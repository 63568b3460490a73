"""If an attacker ran code in a browser function, the items it could write would mislead neither owner nor operator.

Each item here has a key that such a function's role allows, and pretends to belong to another tenant.
"""

from datetime import UTC, datetime

import pytest

from shared.store import api_keys, audit, client_tokens, table

AT = "2027-01-31T12:00:00.000Z"
PLACES = [("SESSION#1", "RECORD"), ("CONVERSATION#1", "RECORD"), ("USAGE#1", "RECORD"), ("CONVERSATION#1", "AUDIT")]


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


@pytest.mark.parametrize("broken", [{}, {"changes": "no json"}, {"at": 7}, {"changes": None}], ids=str)
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


BROKEN = [{"name": 7}, {"count_000000": "x"}, {"created_at": "x"}, {"origin": None}, {"listing_sk": "9"}, {"id": "2"}]


@pytest.mark.parametrize("broken", [None, *BROKEN], ids=str)
def test_item_that_pretends_to_be_a_conversation_is_not_shown(page, token, broken):
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


@pytest.mark.parametrize("usage", [{}, {"conversation_count": "many"}, {"last_used_at": "never"}], ids=str)
def test_malformed_usage_item_does_not_break_responses(api, token, usage):
    whole = {"conversation_count": 1, "last_used_at": AT}
    table.put({"pk": f"USAGE#{token.id}", "sk": "RECORD"} | (whole | usage if usage else {}))
    assert [one["id"] for one in api.get("/v1/client-tokens").json["clientTokens"]] == [token.id]
    assert token.record()["conversationCount"] == 0


def test_fractional_number_does_not_break_a_list(page, token):
    page.say(page.open(token.value))
    (shown,) = token.conversations()
    record = table.get((f"CONVERSATION#{shown['id']}", "RECORD"), at=None)
    place = record["listing_sk"].partition("#")[0]
    intruder = table.put_write(record | {"pk": "CONVERSATION#1", "id": "1", "listing_sk": f"{place}#1"})
    intruder["Put"]["Item"]["count_000000"] = {"N": "1.5"}
    table.transact([intruder])
    assert token.conversations() == [shown]
