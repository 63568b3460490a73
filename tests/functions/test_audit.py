"""The audit trail: one record per change and reveal, written in the same transaction, without any secret."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shared.rules.token_value import subject
from shared.store import audit, table
from tests.operations import CHANGES, CHANGES_OF_A_TOKEN, MANAGEMENT, OF_A_TOKEN, OF_ONE_VISITOR, UNKNOWN_ID, each

CANARY = "canary-7f3a"
THREADS = 8
LATER = datetime(2027, 2, 1, tzinfo=UTC)


def trail(api, token_id=None, since=None, until=None, at=LATER):
    return list(audit.query(api.tenant, token_id, since=since, until=until, at=at))


def raw(api):
    """The stored items of the trail."""
    return list(table.query("pk = :pk", {":pk": f"AUDIT#{api.tenant}"}, at=None))


@pytest.fixture
def created(api, clock):
    created = api.create(name="Shop", rateLimitPerMinute=5, config={CANARY: CANARY})
    clock.forward(seconds=1)
    return created


@pytest.fixture
def path(created):
    return "/v1/client-tokens/" + created["clientToken"]["id"]


def test_each_change_and_each_reveal_writes_one_record(api, created, path, clock):
    answers = [
        api.put(path, {"name": "Tea", "rateLimitPerMinute": 5, "flowIds": ["flow_a"], "config": {}}),
        api.post(f"{path}/regenerate", {"gracePeriodSeconds": 60}),
        api.get(f"{path}/token"),
        api.delete(path),
    ]
    # Within one millisecond, the order is random.
    records = {record.action: record for record in trail(api, created["clientToken"]["id"])}
    assert records.keys() == {"create", "update", "regenerate", "reveal", "delete"}
    assert len(trail(api)) == 5
    assert records["create"].changes == {
        "name": [None, "Shop"],
        "allowed_origins": [None, ["https://app.example.com"]],
        "rate_limit_per_minute": [None, 5],
        "config": None,
        "environment": [None, "live"],
    }
    assert records["update"].changes == {"name": ["Shop", "Tea"], "flow_ids": [[], ["flow_a"]], "config": None}
    assert records["regenerate"].changes == {"previous_values_expire_at": [[], ["2027-01-31T12:01:01.250Z"]]}
    assert records["reveal"].changes == records["delete"].changes == {}
    for answer, action in zip(answers, ["update", "regenerate", "reveal", "delete"], strict=True):
        context = records[action].context
        assert (answer.status_code, context.request_id) == (200, answer.headers["x-amz-apigw-id"])
        assert (context.tenant, context.address, context.at) == (api.tenant, "127.0.0.1", clock.held)
        assert context.actor.startswith("key_")


@each(MANAGEMENT)
def test_operation_writes_its_documented_record(api, created, clock, operation):
    api.said(created["clientToken"]["id"])
    before = len(trail(api))
    answer = api.do(operation, created["clientToken"]["id"])
    assert answer.status_code < 300
    left = trail(api)[before:]
    assert [record.action for record in left] == [operation.records] * (operation.records is not None)
    assert [record.context.request_id for record in left] == [answer.headers["x-amz-apigw-id"]] * len(left)


def test_caller_cannot_overwrite_an_audit_record(api, created, path):
    """Callers can choose a request's id, and these requests arrive in the same millisecond."""
    chosen = {"x-amzn-RequestId": "one-for-all"}
    assert [api.get(f"{path}/token", **chosen).status_code for _ in range(3)] == [200] * 3
    records = trail(api, created["clientToken"]["id"])
    assert [record.action for record in records] == ["create", "reveal", "reveal", "reveal"]
    assert len({record.context.request_id for record in records} - {"one-for-all"}) == 4


def test_reads_leave_no_audit_record(api, caller, created, path):
    token_id = created["clientToken"]["id"]
    api.said(token_id)
    before = raw(api)
    reader, stranger, stale = caller(api.tenant, ["tokens:read"]), caller(), {"If-Match": '"7"'}
    recorded = [operation for operation in MANAGEMENT if operation.records]
    sent = [
        api.put(path, {"name": ""}),
        *(api.do(operation, token_id) for operation in MANAGEMENT if not operation.records),
        *(api.do(operation, token_id, **stale) for operation in CHANGES_OF_A_TOKEN),
        *(api.do(operation, token_id, Authorization="Bearer nobody") for operation in recorded),
        *(reader.do(operation, token_id) for operation in recorded),
        *(stranger.do(operation, token_id, of=api) for operation in [*OF_A_TOKEN, *OF_ONE_VISITOR]),
        *(api.do(operation, UNKNOWN_ID) for operation in OF_A_TOKEN),
    ]
    assert {answer.status_code for answer in sent} == {200, 400, 401, 403, 404, 412}
    assert raw(api) == before


@pytest.mark.parametrize("call", range(1, 6))
@each(CHANGES)
def test_crash_leaves_both_change_and_audit_record_or_neither(api, created, crash_after, operation, call):
    token_id = created["clientToken"]["id"]
    with crash_after(call):
        api.do(operation, token_id)
    actions = Counter(record.action for record in trail(api))
    token = table.get((f"TOKEN#{token_id}", "RECORD"), at=None)
    assert actions["create"] == actions["delete"] + len(api.get("/v1/client-tokens").json["clientTokens"])
    assert actions["delete"] == (token is None)
    assert token is None or token["revision"] == len(trail(api, token_id))


@pytest.mark.parametrize("fault", [("ThrottlingException", 400), ("InternalServerError", 500)])
def test_503_value_is_not_revealed_if_its_record_cannot_be_written(api, created, path, aws_answers, fault):
    with aws_answers("PutItem", *fault):
        answer = api.get(f"{path}/token")
    assert answer.status_code == 503
    assert created["token"] not in answer.text
    assert [record.action for record in trail(api)] == ["create"]


def test_identical_concurrent_writes_leave_one_record_each(api, created, path):
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: api.put(path, {"name": "Same"}), range(THREADS)))
    assert [answer.status_code for answer in answers] == [200] * THREADS
    updates = [record for record in trail(api) if record.action == "update"]
    assert len(updates) == THREADS
    assert [record.changes for record in updates if record.changes] == [{"name": ["Shop", "Same"]}]
    assert table.get(("TOKEN#" + path.rpartition("/")[2], "RECORD"), at=None)["revision"] == 1 + THREADS


def test_change_with_a_lost_response_is_recorded_once(api, created, path, lost_answers):
    with lost_answers("TransactWriteItems"):
        assert api.put(path, {"name": "Tea"}).status_code == 200
    with lost_answers("PutItem"):
        assert api.get(f"{path}/token").status_code == 200
    assert sorted(record.action for record in trail(api)) == ["create", "reveal", "update"]


def test_audit_trail_holds_no_value_and_no_part_of_one(api, created, path):
    values = [created["token"], api.post(f"{path}/regenerate", {"gracePeriodSeconds": 60}).json["token"]]
    item = table.get(("TOKEN#" + subject(values[0]), "RECORD"), at=None)
    api.put(path, {"config": {CANARY: CANARY}, "name": "Tea"})
    api.get(f"{path}/token")
    secrets = [CANARY, api.credential, *values, *(value.rpartition(".")[2] for value in values)]
    secrets += [item["jti"], item["digest"], *item["previous_values"][0][:2]]
    stored = json.dumps(raw(api), ensure_ascii=False)
    assert len(raw(api)) == 4
    assert [secret for secret in secrets if secret in stored] == []


def test_time_range_includes_its_start_and_excludes_its_end(api, created, path, clock):
    begin = clock.held
    api.put(path, {})
    clock.forward(milliseconds=1)
    api.delete(path)
    end = clock.held
    for token_id in (None, path.rpartition("/")[2]):
        assert [one.action for one in trail(api, token_id)] == ["create", "update", "delete"]
        assert [one.action for one in trail(api, token_id, since=begin)] == ["update", "delete"]
        assert [one.action for one in trail(api, token_id, until=end)] == ["create", "update"]
        assert [one.action for one in trail(api, token_id, begin, end)] == ["update"]


def test_tenant_cannot_read_the_trail_of_another(api, caller, created, path):
    stranger = caller()
    stranger.create()
    assert trail(stranger, path.rpartition("/")[2]) == []
    assert len(trail(stranger)) == len(trail(api)) == 1


def test_audit_record_expires_after_the_configured_days(api, created, clock):
    born = clock.held - timedelta(seconds=1)
    (item,) = raw(api)
    assert item["expires_at"] == int((born + timedelta(days=365)).timestamp())
    assert trail(api, at=born + timedelta(days=364)) != []
    # DynamoDB may take days to delete it.
    for days in (365, 366):
        assert trail(api, at=born + timedelta(days=days)) == []
