"""Concurrent writers: nothing is lost or half-written, and exactly one value works in the end."""

from concurrent.futures import ThreadPoolExecutor

from shared.rules import digest
from shared.store import client_tokens, table

THREADS = 16


def at_once(work, *arguments):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, *arguments))


def test_concurrent_updates_of_different_fields_all_apply(api):
    path = "/v1/client-tokens/" + api.create()["clientToken"]["id"]
    fields = ["rateLimitPerMinute", "rateLimitPerHour", "maxMessagesPerSession", "sessionIdleTimeoutMinutes"]
    bodies = [{field: number} for number in range(101, 105) for field in fields]
    answers = at_once(lambda body: api.put(path, body), bodies)
    assert [answer.status_code for answer in answers] == [200] * THREADS
    after = api.get(path).json["clientToken"]
    assert all(101 <= after[field] <= 104 for field in fields)
    record, _ = client_tokens.get(api.tenant, after["id"])
    assert record.revision == 1 + THREADS


def test_one_value_of_concurrent_regenerations_works(api):
    path = "/v1/client-tokens/" + api.create()["clientToken"]["id"]
    answers = at_once(lambda _: api.post(f"{path}/regenerate"), range(THREADS))
    assert [answer.status_code for answer in answers] == [200] * THREADS
    values = [answer.json["token"] for answer in answers]
    assert len(set(values)) == THREADS
    record, _ = client_tokens.get(api.tenant, path.rpartition("/")[2])
    assert [record.issued_value.matches(value) for value in values].count(True) == 1
    assert record.issued_value.matches(api.get(f"{path}/token").json["token"])


def test_regeneration_is_signed_once_when_other_writes_come_first(api, calls, at_call):
    path = "/v1/client-tokens/" + api.create()["clientToken"]["id"]
    calls.clear()

    def rename():
        api.put(path, {"name": "Till"})

    # Just before its transaction.
    at_call(5, rename)
    after = api.post(f"{path}/regenerate").json
    assert (after["clientToken"]["name"], calls.count("GenerateMac")) == ("Till", 1)


def test_concurrent_updates_and_regenerations_all_apply(api):
    created = api.create()
    path = "/v1/client-tokens/" + created["clientToken"]["id"]

    def work(number):
        return api.put(path, {"name": str(number)}) if number % 2 else api.post(f"{path}/regenerate")

    answers = at_once(work, range(THREADS))
    assert [answer.status_code for answer in answers] == [200] * THREADS
    record, _ = client_tokens.get(api.tenant, created["clientToken"]["id"])
    assert record.settings.name in {str(number) for number in range(1, THREADS, 2)}
    assert not record.issued_value.matches(created["token"])
    assert record.revision == 1 + THREADS


def test_deleted_token_is_not_revived_by_concurrent_writes(api):
    created = api.create()
    path = "/v1/client-tokens/" + created["clientToken"]["id"]
    sends = [lambda: api.put(path, {"name": "x"}), lambda: api.post(f"{path}/regenerate"), lambda: api.delete(path)]
    answers = at_once(lambda number: sends[number % 3](), range(THREADS))
    assert {answer.status_code for answer in answers} <= {200, 404}
    assert sum(answer.json.get("success", False) for answer in answers) == 1
    assert list(table.query("pk = :pk", {":pk": f"TOKEN#{created['clientToken']['id']}"}, at=None)) == []


def test_concurrently_created_tokens_are_all_stored_and_distinct(api):
    answers = at_once(lambda number: api.create(name=str(number)), range(THREADS))
    assert len({answer["token"] for answer in answers}) == THREADS
    listed = api.get("/v1/client-tokens").json["clientTokens"]
    assert sorted(token["name"] for token in listed) == sorted(str(number) for number in range(THREADS))
    for answer in answers:
        record, _ = client_tokens.get(api.tenant, answer["clientToken"]["id"])
        assert record.issued_value.digest == digest.sha256_hex(answer["token"])


def test_409_after_too_many_concurrent_updates(api, contended):
    path = "/v1/client-tokens/" + api.create()["clientToken"]["id"]
    contended("TOKEN#")
    answer = api.put(path, {"name": "x"})
    assert answer.status_code == 409
    assert answer.headers["Retry-After"] == "1"


def test_write_with_a_lost_response_is_recognized(api, lost_answers):
    """The client retries when no response arrives. Its own first write must then not look like somebody else's."""
    created = api.create()
    path = "/v1/client-tokens/" + created["clientToken"]["id"]
    with lost_answers("TransactWriteItems"):
        answer = api.post(f"{path}/regenerate", {"gracePeriodSeconds": 60})
    assert answer.status_code == 200
    record, _ = client_tokens.get(api.tenant, created["clientToken"]["id"])
    assert record.revision == 2
    assert record.issued_value.matches(answer.json["token"])
    assert [one.digest for one in record.previous_values] == [digest.sha256_hex(created["token"])]
    with lost_answers("TransactWriteItems"):
        assert api.delete(path).status_code == 200
