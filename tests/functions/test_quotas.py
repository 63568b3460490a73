"""How many tokens a tenant may have and how often it may write: counted exactly, and separately per tenant."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.store import table
from tests.aws.network import NETWORK
from tests.functions.interruptions import cancelled
from tests.functions.page import assert_refused
from tests.operations import CHANGES, MANAGEMENT, UNKNOWN

LIST = "/v1/client-tokens"
SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]}
THREADS = 16


def counted(api):
    """The number of tokens that are counted, and the number that are listed."""
    item = table.get((f"TOKENS#{api.tenant}", "COUNT"), at=None) or {"tokens": 0}
    return item["tokens"], len(api.get(LIST).json["clientTokens"])


@pytest.fixture
def three(monkeypatch):
    monkeypatch.setenv("TOKENS_PER_TENANT", "3")


def test_403_when_the_tenant_is_at_its_token_quota(api, caller, three):
    ids = [api.create()["clientToken"]["id"] for _ in range(3)]
    for headers in ({}, {"Idempotency-Key": "1"}):
        body = assert_refused(api.post(LIST, SEED, **headers), 403, "token_quota_reached")
        assert "Delete tokens" in body["hint"]
    caller().create()
    assert api.delete(f"{LIST}/{ids[0]}").status_code == 200
    assert api.post(LIST, SEED, **{"Idempotency-Key": "1"}).status_code == 201
    assert counted(api) == (3, 3)


def test_retry_of_a_create_succeeds_at_the_quota(api, three):
    first = api.post(LIST, SEED, **{"Idempotency-Key": "1"})
    for _ in range(2):
        api.create()
    assert api.post(LIST, SEED, **{"Idempotency-Key": "1"}).json == first.json
    assert counted(api) == (3, 3)


@pytest.fixture
def conflicting():
    """Inside the context, a transaction is refused while another uses one of its items, as in DynamoDB."""
    at_work = set()

    def keys(request):
        parts = [part for item in request.parameters["TransactItems"] for part in item.values()]
        return [tuple((part.get("Key") or part["Item"])[name]["S"] for name in ("pk", "sk")) for part in parts]

    def begin(request):
        if request.operation != "TransactWriteItems":
            return None
        mine = keys(request)
        if busy := at_work.intersection(mine):
            return cancelled(*("TransactionConflict" if key in busy else "None" for key in mine))
        at_work.update(mine)
        return None

    def end(request, answer):
        conflicts = "TransactionConflict" in str(answer.body)
        if request.operation == "TransactWriteItems" and not conflicts:
            at_work.difference_update(keys(request))

    with NETWORK.hooked(begin, end):
        yield


def at_once(work, *arguments):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, *arguments))


def test_sixteen_concurrent_creates_all_succeed_and_are_counted(api, conflicting):
    answers = at_once(lambda _: api.post(LIST, SEED), range(THREADS))
    assert [answer.status_code for answer in answers] == [201] * THREADS
    assert counted(api) == (THREADS, THREADS)


def test_sixteen_concurrent_creates_never_exceed_the_quota(api, three, conflicting):
    statuses = [answer.status_code for answer in at_once(lambda _: api.post(LIST, SEED), range(THREADS))]
    assert sorted(statuses) == [201] * 3 + [403] * (THREADS - 3)
    assert counted(api) == (3, 3)


def test_concurrent_deletes_all_succeed_and_are_counted(api, conflicting):
    ids = [api.create()["clientToken"]["id"] for _ in range(8)]
    answers = at_once(lambda token_id: api.delete(f"{LIST}/{token_id}"), ids * 2)
    assert sorted(answer.status_code for answer in answers) == [200] * 8 + [404] * 8
    assert counted(api) == (0, 0)


@pytest.mark.parametrize("call", range(1, 6))
@pytest.mark.parametrize("action", ["create", "delete"])
def test_count_is_correct_after_any_crash(api, crash_after, action, call):
    path = f"{LIST}/{api.create()['clientToken']['id']}"
    with crash_after(call):
        api.post(LIST, SEED) if action == "create" else api.delete(path)
    count, listed = counted(api)
    assert count == listed


@pytest.mark.parametrize("operation", ["create", "delete"])
def test_count_is_correct_after_a_lost_response(api, lost_answers, operation):
    path = f"{LIST}/{api.create()['clientToken']['id']}"
    with lost_answers("TransactWriteItems"):
        api.post(LIST, SEED) if operation == "create" else api.delete(path)
    count, listed = counted(api)
    assert count == listed == (2 if operation == "create" else 0)


def test_429_when_the_tenant_writes_too_often(api, caller, clock, monkeypatch):
    colleague, stranger = caller(api.tenant), caller()
    token_id = api.create()["clientToken"]["id"]
    api.said(token_id)
    clock.forward(minutes=2)
    possible = [operation for operation in CHANGES if operation.repeats]
    monkeypatch.setenv("MANAGEMENT_WRITES_PER_MINUTE", str(len(possible)))
    for operation, sender in zip(possible, itertools.cycle([api, colleague])):
        assert sender.do(operation, token_id).status_code in {200, 201}
    for operation in CHANGES:
        refused = colleague.do(operation, token_id)
        assert_refused(refused, 429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 66
    # Nothing else is limited, and no other tenant.
    others = [operation for operation in MANAGEMENT if operation not in CHANGES]
    assert {api.do(operation, token_id).status_code for operation in others} <= {200, 404}
    stranger.create()
    clock.forward(seconds=66)
    assert api.delete(f"{LIST}/{token_id}").status_code == 200


def test_429_for_reveals_does_not_limit_writes(api, caller, clock, monkeypatch):
    """A leaked key that may only reveal must not keep the owner from switching the token off."""
    path = f"{LIST}/{api.create()['clientToken']['id']}"
    revealing = caller(api.tenant, ("tokens:reveal",))
    clock.forward(minutes=2)
    monkeypatch.setenv("MANAGEMENT_WRITES_PER_MINUTE", "2")
    assert [revealing.get(f"{path}/token").status_code for _ in range(4)] == [200, 200, 429, 429]
    assert api.put(path, {"isActive": False}).status_code == 200


@pytest.mark.parametrize("counted_apart", ["reveal", "check", "deletion"])
def test_each_rate_of_a_tenant_is_per_minute(api, clock, monkeypatch, counted_apart):
    """The wait at the start of a bucket is the minute, that bucket, and the second by which clocks may differ."""
    token_id = api.create()["clientToken"]["id"]
    clock.forward(minutes=2)
    monkeypatch.setenv("MANAGEMENT_WRITES_PER_MINUTE", "1")
    send = {
        "reveal": lambda: api.get(f"{LIST}/{token_id}/token"),
        "check": lambda: api.post(f"{LIST}/check", SEED),
        "deletion": lambda: api.delete(f"/v1/conversations/{UNKNOWN['conversation']}"),
    }[counted_apart]
    assert send().status_code in {200, 404}
    assert send().headers["Retry-After"] == "66"


def test_429_when_the_tenant_lists_too_often(api, caller, calls, clock, monkeypatch):
    """A long list costs thousands of read units. One over the limit costs two, and reads nothing that is listed."""
    colleague, stranger = caller(api.tenant), caller()
    path = f"{LIST}/{api.create()['clientToken']['id']}"
    clock.forward(minutes=2)
    monkeypatch.setenv("MANAGEMENT_LISTS_PER_MINUTE", "4")
    lists = [lambda: api.get(LIST), lambda: colleague.get(f"{LIST}?limit=1"), lambda: api.get(f"{path}/conversations")]
    assert [one().status_code for one in [*lists, lists[0]]] == [200] * 4
    for one in lists:
        calls.clear()
        refused = one()
        body = assert_refused(refused, 429, "rate_limited")
        assert "ManagementListsPerMinute" in body["hint"]
        assert 0 < int(refused.headers["Retry-After"]) <= 66
        # At most one read, of who owns the token.
        assert calls in (["UpdateItem"], ["GetItem", "UpdateItem"])
    # Writes, single tokens, and other tenants have limits of their own.
    assert api.put(path, {"name": "x"}).status_code == api.get(path).status_code == 200
    assert stranger.get(LIST).status_code == 200
    clock.forward(seconds=66)
    assert api.get(LIST).status_code == 200


def test_lists_refused_before_admission_are_not_counted(api, calls, clock, monkeypatch):
    monkeypatch.setenv("MANAGEMENT_LISTS_PER_MINUTE", "1")
    clock.forward(minutes=2)
    for _ in range(3):
        assert api.get(f"{LIST}?limit=0").status_code == 400
        assert api.get(f"{LIST}/ct_00000000000000000000000000/conversations").status_code == 404
    assert [api.get(LIST).status_code for _ in range(2)] == [200, 429]


def test_requests_refused_before_admission_are_not_counted(api, clock, monkeypatch):
    path = f"{LIST}/{api.create()['clientToken']['id']}"
    clock.forward(minutes=2)
    monkeypatch.setenv("MANAGEMENT_WRITES_PER_MINUTE", "1")
    for _ in range(3):
        assert api.put(path, {"nam": "x"}).status_code == 400
        assert api.delete(f"{LIST}/ct_00000000000000000000000000").status_code == 404
    assert api.put(path, {"name": "x"}).status_code == 200
    assert api.put(path, {"name": "x"}).status_code == 429


def test_503_when_writes_cannot_be_counted(api, aws_answers):
    path = f"{LIST}/{api.create()['clientToken']['id']}"
    with aws_answers("UpdateItem", "ThrottlingException"):
        assert_refused(api.put(path, {"name": "x"}), 503, "unavailable")
