"""Owners read their tenant's audit trail."""

from datetime import UTC, datetime, timedelta
from secrets import token_bytes

import pytest

from shared.rules import audit as rules
from shared.rules import cursor, identifier
from shared.rules.audit import AuditContext, AuditRecord
from shared.rules.target import Target
from shared.store import audit, table
from tests.aws.network import NETWORK
from tests.functions.page import assert_refused
from tests.functions.test_cursors import pages
from tests.operations import AUDIT, UNKNOWN_ID

CANARY = "canary-2c9d"
OPERATOR = f"arn:aws:sts::123456789012:assumed-role/Operator/{CANARY}"


@pytest.fixture
def ids(clock):
    """Of three client tokens, which no other test has."""
    return [identifier.new("ct", clock.held, token_bytes) for _ in range(3)]


@pytest.fixture
def note(api, clock, ids):
    """`note("update", subject)`: writes a record of the tenant."""

    def note(action, subject=ids[0], *, actor="key_1", address="203.0.113.7", tenant=api.tenant, **changes):
        context = AuditContext(tenant=tenant, actor=actor, address=address, request_id="r-1", at=clock.held)
        record = AuditRecord(context=context, action=action, subject=subject, changes=changes)
        table.transact([audit.record_write(record)])
        clock.forward(seconds=1)

    return note


@pytest.fixture
def looked_at():
    """How many items each query of ours has looked at."""
    seen = []

    def look(request, answer):
        if request.operation == "Query" and answer.status == 200:
            seen.append(answer.body["ScannedCount"])

    with NETWORK.hooked(after=look):
        yield seen


def actions(answer):
    assert answer.status_code == 200, answer.text
    return [one["action"] for one in answer.json["records"]]


def test_record_says_who_did_what_from_where(api, create, clock):
    token = create(name="Shop")
    clock.forward(seconds=1)
    answer = api.put(f"/v1/client-tokens/{token.id}", {"name": "Tea", "config": {"a": 1}})
    updated, created = api.get(AUDIT).json["records"]
    assert updated == {
        "at": "2027-01-31T12:00:01.250Z",
        "action": "update",
        "subject": token.id,
        "actor": updated["actor"],
        "address": "127.0.0.1",
        "requestId": answer.headers["x-amz-apigw-id"],
        "changes": {"name": ["Shop", "Tea"], "config": None},
    }
    assert updated["actor"].startswith("key_")
    assert created["changes"]["allowedOrigins"] == [None, ["https://app.example.com"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 200])
def test_pages_are_newest_first_without_gap_or_overlap(api, note, ids, limit):
    for number in range(7):
        note(f"action-{number}", ids[number % 2])
    found = [one["action"] for page in pages(api.get, AUDIT, "records", limit) for one in page]
    assert found == [f"action-{number}" for number in reversed(range(7))]
    of_one = pages(api.get, AUDIT, "records", limit, query=f"&token={ids[1]}")
    assert [one["action"] for page in of_one for one in page] == ["action-5", "action-3", "action-1"]


def test_record_that_is_written_meanwhile_shifts_no_page(api, note):
    for number in range(4):
        note(f"action-{number}")
    found = pages(api.get, AUDIT, "records", 1, lambda _: note("late"))
    assert [one["action"] for page in found for one in page] == [f"action-{number}" for number in (3, 2, 1, 0)]


def test_records_of_a_deleted_token_are_listed(api, create, clock):
    token = create()
    clock.forward(seconds=1)
    token.delete()
    assert actions(api.get(f"{AUDIT}?token={token.id}")) == ["delete", "create"]


def test_times_include_their_start_and_exclude_their_end(api, note, clock):
    begin = clock.held
    for number in range(3):
        note(f"action-{number}")

    def between(since, until):
        query = "".join(
            f"&{name}={(begin + timedelta(seconds=seconds)).isoformat().replace('+', '%2B')}"
            for name, seconds in (("since", since), ("until", until))
            if seconds is not None
        )
        found = pages(api.get, AUDIT, "records", 1, query=query)
        return [one["action"][-1] for page in found for one in page]

    assert between(None, None) == between(0, 3) == ["2", "1", "0"]
    assert between(1, None) == ["2", "1"]
    assert between(None, 2) == ["1", "0"]
    assert between(1, 2) == ["1"]
    assert between(4, 5) == []


@pytest.mark.parametrize(
    "query",
    [
        "since=9999-12-31T23:59:59.999Z",
        "until=0001-01-01T00:00:00Z",
        "since=0001-01-01T00:00:00Z",
        "since=9000-01-01T00:00Z",
    ],
)
@pytest.mark.parametrize("of_token", [False, True])
def test_times_at_the_ends_of_the_calendar(api, note, ids, query, of_token):
    note("update")
    found = actions(api.get(f"{AUDIT}?{query}{f'&token={ids[0]}' * of_token}"))
    assert found == (["update"] if query.startswith("since=0001") else [])


def test_403_without_the_scope(api, caller):
    """No key has it by default."""
    every_other = ("tokens:read", "tokens:write", "tokens:reveal", "conversations:read", "conversations:write")
    assert_refused(caller(api.tenant, every_other).get(AUDIT), 403, "forbidden")
    assert caller(api.tenant, ("audit:read",)).get(AUDIT).status_code == 200


def test_tenant_sees_only_its_own_records(api, caller, note):
    note("mine")
    assert actions(caller().get(AUDIT)) == []
    assert actions(api.get(AUDIT)) == ["mine"]


def test_another_tenants_token_reads_like_an_unknown_one(api, caller, note, looked_at):
    """Also one with more records than a page, or one that is deleted."""
    stranger = caller()
    theirs = stranger.create()["clientToken"]["id"]
    for _ in range(5):
        note("update", theirs, tenant=stranger.tenant)
    deleted = stranger.create()["clientToken"]["id"]
    stranger.delete(f"/v1/client-tokens/{deleted}")
    answers = [api.get(f"{AUDIT}?limit=2&token={one}") for one in (UNKNOWN_ID, theirs, deleted)]
    assert [answer.json for answer in answers] == [
        {"records": [], "pagination": {"limit": 2, "hasMore": False, "nextCursor": None}}
    ] * 3
    assert max(looked_at) <= 3


def test_another_tenants_expired_records_read_like_none(api, caller, note, ids, clock):
    """DynamoDB may take days to delete them."""
    for _ in range(3):
        note("update")
    clock.forward(days=4000)
    foreign, unknown = (caller().get(f"{AUDIT}?limit=1&token={one}").json for one in (ids[0], UNKNOWN_ID))
    assert foreign == unknown
    found = pages(api.get, AUDIT, "records", 1, query=f"&token={ids[0]}")
    assert [one for page in found for one in page] == []


def test_request_looks_at_no_more_than_its_page(api, note, ids, looked_at):
    """However many records the tenant has. Those of a token are found without those of the others."""
    for number in range(12):
        note("update", ids[number % 3])
    looked_at.clear()
    for query in ("", f"&token={ids[0]}"):
        assert len(actions(api.get(f"{AUDIT}?limit=3{query}"))) == 3
    assert looked_at == [4, 4]


def test_expired_records_are_not_shown(api, note, clock, monkeypatch):
    """DynamoDB may take days to delete them. The retention was shorter for the newer ones."""
    note("kept")
    monkeypatch.setenv("AUDIT_RETENTION_DAYS", "1")
    for _ in range(4):
        note("expired")
    clock.forward(days=2)
    found = pages(api.get, AUDIT, "records", 2)
    assert [one["action"] for page in found for one in page] == ["kept"]


@pytest.mark.parametrize("of_a_token", [False, True])
def test_record_is_shown_until_it_expires(api, note, ids, clock, of_a_token):
    note("update")
    (record,) = table.query("pk = :pk", {":pk": f"AUDIT#{api.tenant}"}, at=None)
    query = f"?token={ids[0]}" if of_a_token else ""
    for seconds, shown in ((-1, 1), (0, 0)):
        clock.held = datetime.fromtimestamp(record["expires_at"] + seconds, UTC)
        assert len(api.get(f"{AUDIT}{query}").json["records"]) == shown


def test_item_that_pretends_to_be_a_record_is_not_shown(api, note, ids):
    """Even if such items fill a page: the next one goes on."""
    note("update")
    (record,) = table.query("pk = :pk", {":pk": f"AUDIT#{api.tenant}"}, at=None)
    for number in range(4):
        place = f"2028-01-31T12:00:00.{number:03}Z#x"
        forged = record | {"action": "forged", "pk": f"SESSION#{number}", "sk": "RECORD", "listing_sk": place}
        table.put(forged | ({"tenant": "other"} if number % 2 else {}))
    found = pages(api.get, AUDIT, "records", 2, query=f"&token={ids[0]}")
    assert [one["action"] for page in found for one in page] == ["update"]
    table.transact([table.delete_write((f"SESSION#{number}", "RECORD")) for number in range(4)])


def test_owner_sees_no_operators_arn_and_no_settings_of_targets(api, note, clock):
    settings = {
        "base_url": f"https://{CANARY}.example.com/v1",
        "model": CANARY,
        "secret_arn": f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{CANARY}",
        "system_prompt": CANARY,
        "max_tokens": 200,
        "max_input_bytes": 1000,
        "input_price": "0.25",
    }
    target = Target(id="flow_a", tenant=api.tenant, kind="openai", settings=settings, created_at=clock.held)
    operator = {"actor": OPERATOR, "address": ""}
    note("register_target", "flow_a", **operator, **rules.target_changes(None, target))
    note("remove_target", "flow_a", **operator, **rules.target_changes(target, None))
    note("revoke_key", "key_1", **operator)
    answer = api.get(AUDIT)
    revoked, removed, registered = answer.json["records"]
    assert [one["actor"] for one in answer.json["records"]] == ["operator"] * 3
    assert revoked["address"] == ""
    assert registered["changes"] == {
        "kind": [None, "openai"],
        "maxTokens": [None, 200],
        "maxInputBytes": [None, 1000],
        **dict.fromkeys(["baseUrl", "model", "secretArn", "systemPrompt", "inputPrice"]),
    }
    assert removed["changes"]["maxTokens"] == [200, None]
    assert CANARY not in answer.text
    assert "arn:" not in answer.text


def test_400_for_what_is_no_token_id_without_repeating_it(api, token):
    for text in (token.value, "flow_a", "ct_1", token.id.upper()):
        answer = api.get(f"{AUDIT}?token={text}")
        body = assert_refused(answer, 400, "invalid_request")
        assert [(one["path"], one["code"]) for one in body["details"]] == [("token", "wrong_value")]
        assert text not in answer.text


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "offset=1", "since=yesterday", "cursor=", "tenant=other"])
def test_400_invalid_query(api, query):
    assert_refused(api.get(f"{AUDIT}?{query}"), 400, "invalid_request")


def test_400_times_in_the_wrong_order(api, calls):
    calls.clear()
    for until in ("2027-01-01T00:00:00Z", "2027-01-31T00:00:00Z"):
        body = assert_refused(api.get(f"{AUDIT}?since=2027-01-31T00:00:00Z&until={until}"), 400, "invalid_request")
        assert body["details"][0]["path"] == "since"
    assert "Query" not in calls


def test_400_cursor_of_other_filters_or_another_tenant(api, caller, note, ids):
    for _ in range(3):
        note("update")
    own = api.get(f"{AUDIT}?limit=1").json["pagination"]["nextCursor"]
    for query in (f"&token={ids[0]}", "&since=2027-01-31T00:00:00Z", "&until=2028-01-31T00:00:00Z"):
        assert_refused(api.get(f"{AUDIT}?cursor={own}{query}"), 400, "invalid_cursor")
    assert_refused(caller().get(f"{AUDIT}?cursor={own}"), 400, "invalid_cursor")


@pytest.mark.parametrize("position", ["", "!", "z", "2026-12-31T00:00:00.000Z#x", "2027-02-28T00:00:00.000Z#x", "\x00"])
def test_400_made_up_position_outside_of_the_times(api, note, position):
    note("update")
    since, until = "2027-01-01T00:00:00.000Z", "2027-02-01T00:00:00.000Z"
    made_up = cursor.encode(position, "audit", api.tenant, None, since, until)
    answer = api.get(f"{AUDIT}?since={since}&until={until}&cursor={made_up}")
    assert_refused(answer, 400, "invalid_cursor")
