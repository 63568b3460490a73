"""Nobody can cause load on another tenant's items with public token ids or made-up values."""

import pytest

from shared.rules import digest
from shared.store import table
from tests.aws.network import NETWORK
from tests.functions.page import altered, assert_refused
from tests.operations import CHANGES, OF_A_TOKEN, UNKNOWN_ID, each


@pytest.fixture
def touched():
    """The partition keys of every item that is read or written."""
    keys = []

    def note(request):
        if request.service == "dynamodb":
            keys.extend(_partitions(request.parameters))

    with NETWORK.hooked(note):
        yield keys


def _partitions(asked):
    match asked:
        case {"pk": {"S": str(key)}}:
            yield key
        case dict():
            for inner in asked.values():
                yield from _partitions(inner)
        case list():
            for inner in asked:
                yield from _partitions(inner)


@each(OF_A_TOKEN)
def test_404_reads_only_partitions_of_the_caller(caller, touched, calls, operation):
    owner, stranger = caller(), caller()
    stranger.get("/v1/client-tokens")
    for token_id in (owner.create()["clientToken"]["id"], UNKNOWN_ID):
        touched.clear()
        calls.clear()
        answer = stranger.do(operation, token_id, **{"If-Match": '"1"'})
        assert_refused(answer, 404, "not_found")
        assert set(touched) <= {f"TOKENS#{stranger.tenant}", f"WRITES#{stranger.tenant}"}
        assert len(calls) == 1


def test_401_made_up_value_costs_reads_of_its_own_key_only(page, token, touched, calls):
    """The token's id is public, because every value contains it."""
    made_up = altered(token.value)
    session = page.open(token.value)
    for send in (lambda: page.init(made_up), lambda: page.rate(session, made_up)):
        calls.clear()
        touched.clear()
        assert_refused(send(), 401, "invalid_token")
        # Again, because a value may have been issued a moment ago.
        assert calls == ["GetItem"] * 2
        assert set(touched) == {f"VALUE#{digest.sha256_hex(made_up)}"}


def test_401_value_item_is_a_pointer_and_proves_nothing(page, token, create):
    """Even if it names a token with a different value."""
    other = create()
    made_up = altered(token.value)
    for token_id in (token.id, other.id):
        table.put({"pk": f"VALUE#{digest.sha256_hex(made_up)}", "sk": "RECORD", "token_id": token_id})
        assert_refused(page.init(made_up), 401, "invalid_token")
    assert page.init(token.value).status_code == 200


def _values(*values):
    keys = [(f"VALUE#{digest.sha256_hex(value)}", "RECORD") for value in values]
    items = table.read(keys, is_consistent=True, at=None)
    return [items.get(key, {}).get("expires_at", 0) if key in items else None for key in keys]


def test_value_items_exist_for_working_values_only(token, clock):
    end = int(clock.held.timestamp()) + 1
    first, second = token.value, token.regenerate(gracePeriodSeconds=600)
    assert _values(first, second) == [end + 600, 0]
    third = token.regenerate()
    assert _values(first, second, third) == [end + 600, None, 0]
    fourth = token.regenerate(gracePeriodSeconds=0)
    assert _values(first, second, third, fourth) == [None, None, None, 0]
    token.delete()
    assert _values(first, second, third, fourth) == [None] * 4


def test_deleted_token_leaves_nothing_but_its_audit_trail(api, page, token):
    session = page.open(token.value)
    page.say(session)
    values = [token.value, token.regenerate(gracePeriodSeconds=600)]
    token.delete()
    keys = [
        (f"TOKEN#{token.id}", "RECORD"),
        (f"USAGE#{token.id}", "RECORD"),
        (f"TOKENS#{api.tenant}", f"TOKEN#{token.id}"),
    ]
    assert table.read(keys, is_consistent=True, at=None) == {}
    assert _values(*values) == [None, None]


@pytest.mark.parametrize("call", range(1, 6))
@each(CHANGES)
def test_list_and_values_agree_after_any_crash(api, page, create, crash_after, operation, call):
    token = create()
    with crash_after(call):
        api.do(operation, token.id)
    listed = [one["id"] for one in api.get("/v1/client-tokens").json["clientTokens"]]
    for token_id in listed:
        value = api.get(f"/v1/client-tokens/{token_id}/token").json["token"]
        # An update may switch the token off, but its value is still known.
        opened = page.init(value)
        assert opened.status_code == 200 or opened.json["code"] == "token_inactive"
    assert (token.id in listed) is (table.get((f"TOKEN#{token.id}", "RECORD"), at=None) is not None)
