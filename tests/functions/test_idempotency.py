"""Idempotency-Key: a retried request is applied once and gets the first response; the value is never stored."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from werkzeug.test import Client

from shared.rules import idempotency
from shared.rules.token_value import subject
from shared.store import audit, table

TOKENS = "/v1/client-tokens"
SEED = {"name": "Shop", "allowedOrigins": ["https://app.example.com"], "config": {"a": 1.5, "é": [None, "\\u0000"]}}
THREADS = 8


class Sender:
    """Sends the same request repeatedly."""

    def __init__(self, api, operation):
        self.api = api
        self.token_id = api.create(name="Old")["clientToken"]["id"]
        self.is_create = operation == "create"
        self.path = TOKENS if self.is_create else f"{TOKENS}/{self.token_id}/regenerate"
        self.body = SEED if self.is_create else {"gracePeriodSeconds": 60}
        self.other = SEED | {"name": "Other"} if self.is_create else {"gracePeriodSeconds": 61}

    def __call__(self, key="order 66", body=None, api=None, **headers):
        headers |= {"Idempotency-Key": key}
        return (api or self.api).post(self.path, self.body if body is None else body, **headers)

    def times(self):
        """How often it was applied, according to the table and the audit trail."""
        listed = len(self.api.get(TOKENS).json["clientTokens"])
        done = listed - 1 if self.is_create else stored(self.token_id)["revision"] - 1
        trail = audit.query(self.api.tenant, None, since=None, until=None, at=self.at)
        actions = Counter(record.action for record in trail)
        assert done == (actions["create"] - 1 if self.is_create else actions["regenerate"])
        return done


@pytest.fixture(params=["create", "regenerate"])
def send(api, clock, request):
    Sender.at = clock.held
    return Sender(api, request.param)


def stored(token_id):
    return table.get(("TOKEN#" + token_id, "RECORD"), at=None)


def test_retry_is_applied_once_and_gets_the_same_bytes(send, clock):
    first = send()
    clock.forward(hours=23, minutes=59)
    again = send()
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.json["token"] == first.json["clientToken"]["tokenValue"] == again.json["token"]
    assert send.times() == 1


def test_stored_response_is_unaffected_by_later_changes(send, api):
    first = send()
    path = f"{TOKENS}/{subject(first.json['token'])}"
    api.put(path, {"name": "Later"})
    api.post(f"{path}/regenerate")
    assert send().data == first.data
    api.delete(path)
    assert send().status_code == (201 if send.is_create else 404)


def test_retry_may_spell_the_same_body_differently(send):
    first = send()
    words = dict(reversed(send.body.items())) if send.is_create else {"gracePeriodSeconds": 60.0}
    spaced = json.dumps(words, indent=4)
    assert send(body=spaced).data == first.data
    assert send.times() == 1


def test_422_different_request_with_the_same_key(send):
    first = send()
    answer = send(body=send.other)
    assert answer.status_code == 422
    assert answer.json["code"] == "idempotency_key_reused"
    assert "new key" in answer.json["hint"]
    assert send().data == first.data
    assert send.times() == 1


def test_different_keys_are_different_requests(send):
    assert send("a").json["token"] != send("b").json["token"]
    assert send.times() == 2


def test_key_is_remembered_for_24_hours(send, clock):
    first = send()
    # The table has not deleted it yet.
    clock.forward(hours=24)
    second = send(body=send.other)
    assert second.status_code == first.status_code
    assert send(body=send.other).data == second.data
    Sender.at = clock.held
    assert send.times() == 2


def test_idempotency_key_is_scoped_to_the_tenant(send, caller):
    first = send()
    stranger = caller()
    answer = send(api=stranger)
    assert answer.status_code == (201 if send.is_create else 404)
    assert first.json["token"] not in answer.text
    assert send().data == first.data


def test_idempotency_key_is_scoped_to_the_credential(send, api, caller):
    """Otherwise a credential without tokens:reveal could read values by guessing keys."""
    first = send()
    colleague = caller(api.tenant, ["tokens:write"])
    assert send(api=colleague).json["token"] != first.json["token"]
    assert send.times() == 2


def test_403_retry_needs_the_scope(send, api, caller):
    send()
    assert send(api=caller(api.tenant, ["tokens:read", "tokens:reveal"])).status_code == 403


def test_idempotency_key_is_scoped_to_operation_and_token(api):
    one, other = Sender(api, "regenerate"), Sender(api, "regenerate")
    answers = [one("k"), other("k"), Sender(api, "create")("k")]
    assert [answer.status_code for answer in answers] == [200, 200, 201]
    assert len({answer.json["token"] for answer in answers}) == 3


def test_rejected_request_does_not_use_up_its_key(send):
    wrong = {"name": ""} if send.is_create else {"gracePeriodSeconds": -1}
    assert send(body=wrong).status_code == 400
    assert send.times() == 0
    assert send().status_code < 300


@pytest.mark.parametrize("key", ["", "é"])
def test_400_malformed_idempotency_key(send, key):
    answer = send(key)
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid_header"
    assert send.times() == 0


def test_concurrent_retries_are_applied_once_or_get_409(send):
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: send(), range(THREADS)))
    done = {answer.data for answer in answers if answer.status_code < 300}
    late = [answer for answer in answers if answer.status_code >= 300]
    assert len(done) == 1
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in late} <= {(409, "1")}
    assert send.times() == 1
    assert {send().data} == done


def test_409_when_the_same_key_completes_meanwhile(send, at_call):
    meanwhile = []
    at_call(4 if send.is_create else 6, lambda: meanwhile.append(send()))
    answer = send()
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (409, "conflict", "1")
    assert send().data == meanwhile[0].data
    assert send.times() == 1


def test_409_when_the_same_request_is_in_progress(send, contended):
    contended("IDEMPOTENCY#", times=1)
    answer = send()
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (409, "conflict", "1")
    assert send.times() == 0
    assert send().status_code < 300


@pytest.mark.parametrize("partition", ["TOKEN", "VALUE#", "AUDIT#"])
def test_request_is_applied_once_if_another_one_holds_an_item(send, contended, partition):
    contended(partition, times=1)
    answer = send()
    assert answer.status_code < 300
    assert send.times() == 1
    assert send().data == answer.data
    assert send.times() == 1


def test_regenerate_is_applied_once_despite_a_concurrent_update(api, at_call):
    send = Sender(api, "regenerate")
    meanwhile = []
    at_call(6, lambda: meanwhile.append(api.put(f"{TOKENS}/{send.token_id}", {"name": "Theirs"})))
    answer = send()
    assert answer.json["clientToken"]["name"] == "Theirs"
    assert send().data == answer.data
    assert stored(send.token_id)["revision"] == 3


def test_retry_with_if_match_gets_the_stored_response(api):
    send = Sender(api, "regenerate")
    first = send(**{"If-Match": '"1"'})
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert send(**{"If-Match": '"1"'}).data == first.data


@pytest.mark.parametrize("call", range(1, 7))
def test_retry_after_a_crash_applies_the_request_once(send, crash_after, call):
    with crash_after(call):
        send()
    answers = [send(), send()]
    assert answers[0].status_code < 300
    assert answers[0].data == answers[1].data
    assert send.times() == 1


@pytest.mark.parametrize("operation", ["GetItem", "GenerateMac", "TransactWriteItems"])
def test_503_failed_call_does_not_use_up_the_key(send, aws_answers, operation):
    with aws_answers(operation, "ThrottlingException"):
        assert send().status_code == 503
    assert send.times() == 0
    assert send().status_code < 300


def test_retry_after_a_lost_dynamodb_response_is_recognized(send, lost_answers):
    with lost_answers("TransactWriteItems"):
        first = send()
    assert send().data == first.data
    assert send.times() == 1


def test_stored_response_holds_no_secret_and_expires(send, clock):
    value = send("the key itself").json["token"]
    *_, record = audit.query(send.api.tenant, subject(value), since=None, until=None, at=clock.held)
    what = ["create"] if send.is_create else ["regenerate", send.token_id]
    idempotency_key = idempotency.scoped_key("the key itself", record.context, *what, body="")
    item = table.get((f"IDEMPOTENCY#{idempotency_key.digest}", "RECORD"), at=None)
    text = json.dumps(item, ensure_ascii=False)
    secrets = [value, value.rpartition(".")[2], value.split(".")[1], "the key itself", send.api.credential]
    assert [secret for secret in secrets if secret in text] == []
    assert json.loads(value.join(item["body"]))["clientToken"]["id"] == subject(value)
    assert item["expires_at"] == int((clock.held + timedelta(hours=24)).timestamp())


def test_400_retry_after_the_signing_key_was_disabled(send, aws_answers):
    send()
    with aws_answers("GenerateMac", "DisabledException"):
        answer = send()
    assert (answer.status_code, answer.json["code"]) == (400, "value_unavailable")
    assert answer.json["hint"] == "Regenerate the token to get a new value. The old value works until then."
    trail = audit.query(send.api.tenant, None, since=None, until=None, at=send.at)
    assert "reveal" not in {record.action for record in trail}


def test_each_replayed_value_is_audited_as_a_reveal(send):
    shown = [send().json["token"] for _ in range(3)]
    trail = audit.query(send.api.tenant, subject(shown[0]), since=None, until=None, at=send.at)
    assert Counter(record.action for record in trail)["reveal"] == 2


def test_503_value_is_not_replayed_if_it_cannot_be_audited(send, aws_answers):
    value = send().json["token"]
    with aws_answers("PutItem", "InternalServerError", 500):
        answer = send()
    assert (answer.status_code, value in answer.text) == (503, False)


def test_every_request_without_a_key_is_applied(send):
    for _ in range(2):
        assert send.api.post(send.path, send.body).status_code < 300
    assert send.times() == 2


def test_preflight_allows_idempotency_key(app):
    asked = {"Origin": "https://dashboard.example", "Access-Control-Request-Method": "POST"}
    answer = Client(app).options(TOKENS, headers=asked | {"Access-Control-Request-Headers": "idempotency-key"})
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"].split(", ")
