"""ETag and If-Match: a change for another state of the token is rejected."""

import contextlib
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import Client

from infra.local.template import ROOT
from shared.store import table
from tests.aws.network import NETWORK
from tests.operations import CHANGES_OF_A_TOKEN, MANAGEMENT, UNKNOWN_ID, each

THREADS = 8
EVERY_CHANGE = each(CHANGES_OF_A_TOKEN)
DOCUMENT = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))


@pytest.fixture
def token_id(api):
    return api.create()["clientToken"]["id"]


@pytest.fixture
def path(token_id):
    return f"/v1/client-tokens/{token_id}"


@pytest.fixture
def before_writing():
    """`before_writing(act)`: runs `act()` once, just before the next transaction."""
    with contextlib.ExitStack() as until_the_end:

        def before_writing(act):
            ahead = [act]

            def look(request):
                if request.operation == "TransactWriteItems" and ahead:
                    ahead.pop()()

            until_the_end.enter_context(NETWORK.hooked(look))

        yield before_writing


def record(token_id):
    return table.get((f"TOKEN#{token_id}", "RECORD"), at=None)


def test_etag_is_the_revision_of_the_token(api):
    created = api.post("/v1/client-tokens", {"name": "Shop", "allowedOrigins": ["https://app.example.com"]})
    path = "/v1/client-tokens/" + created.json["clientToken"]["id"]
    updated, regenerated, found = api.put(path, {}), api.post(f"{path}/regenerate"), api.get(path)
    tags = [answer.headers["ETag"] for answer in (created, updated, regenerated, found)]
    assert tags == ['"1"', '"2"', '"3"', '"3"']
    for answer in (api.get("/v1/client-tokens"), api.get(f"{path}/token"), api.delete(path), api.get(path)):
        assert "ETag" not in answer.headers
    assert "ETag" in found.headers["Access-Control-Expose-Headers"].split(", ")


@each(MANAGEMENT)
def test_etag_is_in_exactly_the_documented_responses(api, token_id, operation):
    responses = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
    answer = api.do(operation, token_id)
    assert ("ETag" in answer.headers) is ("ETag" in responses[str(answer.status_code)].get("headers", ()))


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['"2"', 'W/"1", "2"', "*"])
def test_200_when_if_match_names_the_current_revision(api, token_id, path, operation, written):
    api.put(path, {})
    assert api.do(operation, token_id, **{"If-Match": written}).status_code == 200


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['"1"', '"1", "other"'])
def test_412_when_if_match_names_another_revision(api, token_id, path, operation, written, calls):
    api.put(path, {})
    before = record(token_id)
    calls.clear()
    answer = api.do(operation, token_id, **{"If-Match": written})
    assert answer.status_code == 412
    assert answer.json["code"] == "precondition_failed"
    assert "changed since you read it" in answer.json["error"]
    assert "Read it again" in answer.json["hint"]
    assert "GenerateMac" not in calls
    assert record(token_id) == before


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['W/"1"', '"1-gzip"', '"9", W/"1"'])
def test_412_tag_that_a_proxy_changed_never_matches(api, token_id, operation, written, calls):
    before = record(token_id)
    calls.clear()
    answer = api.do(operation, token_id, **{"If-Match": written})
    assert (answer.status_code, answer.json["code"]) == (412, "precondition_failed")
    assert answer.json["hint"] == (
        "A proxy that compresses responses adds W/ or a suffix such as -gzip. Send the tag without it, such as "
        '"3", or turn compression off for this API.'
    )
    # The attempt is counted, and nothing else is written.
    assert calls.writes() == ["UpdateItem"]
    assert record(token_id) == before


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['W/"1"', '"other"', 'W/"1", "other"'])
def test_412_unknown_entity_tags_never_match(api, token_id, operation, written):
    """Not even for the first revision."""
    before = record(token_id)
    answer = api.do(operation, token_id, **{"If-Match": written})
    assert answer.status_code == 412
    assert answer.json["code"] == "precondition_failed"
    assert record(token_id) == before


@EVERY_CHANGE
@pytest.mark.parametrize("written", ["2"])
def test_400_malformed_if_match(api, token_id, path, operation, written):
    api.put(path, {})
    before = record(token_id)
    answer = api.do(operation, token_id, **{"If-Match": written})
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid_header"
    assert 'If-Match: "3"' in answer.json["hint"]
    assert record(token_id) == before


def test_400_malformed_if_match_of_a_repeated_request(api, path):
    def regenerate(**if_match):
        return api.post(f"{path}/regenerate", {}, **{"Idempotency-Key": "k"}, **if_match)

    assert regenerate().status_code == 200
    assert regenerate(**{"If-Match": "2"}).status_code == 400


def test_repeated_if_match_headers_are_one_list(api, app, path):
    sent = Headers([("Authorization", f"Bearer {api.credential}"), ("If-Match", '"7"'), ("If-Match", '"1"')])
    assert Client(app).delete(path, headers=sent).status_code == 200


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['"1"', '"7"', "*"])
def test_404_for_another_tenants_token_with_any_if_match(caller, token_id, operation, written):
    stranger = caller()
    theirs = stranger.do(operation, token_id, **{"If-Match": written})
    unknown = stranger.do(operation, UNKNOWN_ID, **{"If-Match": written})
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json | {"requestId": ""} == unknown.json | {"requestId": ""}


@EVERY_CHANGE
def test_one_of_many_concurrent_conditional_writes_wins(api, token_id, path, operation):
    tag = api.get(path).headers["ETag"]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: api.do(operation, token_id, **{"If-Match": tag}), range(THREADS)))
    lost = 404 if api.get(path).status_code == 404 else 412
    assert Counter(answer.status_code for answer in answers) == {200: 1, lost: THREADS - 1}
    if lost == 412:
        assert record(token_id)["revision"] == 2


@EVERY_CHANGE
def test_412_when_the_token_changes_before_the_write(api, path, token_id, before_writing, operation):
    before_writing(lambda: api.put(path, {"name": "Theirs"}))
    answer = api.do(operation, token_id, **{"If-Match": '"1"'})
    assert answer.status_code == 412
    assert (record(token_id)["name"], record(token_id)["revision"]) == ("Theirs", 2)


@EVERY_CHANGE
def test_404_when_the_token_is_deleted_before_the_write(api, path, token_id, before_writing, operation):
    before_writing(lambda: api.delete(path))
    assert api.do(operation, token_id, **{"If-Match": '"1"'}).status_code == 404
    assert record(token_id) is None


def test_preflight_allows_if_match(app, path):
    asked = {"Origin": "https://dashboard.example", "Access-Control-Request-Method": "PUT"}
    answer = Client(app).options(path, headers=asked | {"Access-Control-Request-Headers": "if-match"})
    assert "If-Match" in answer.headers["Access-Control-Allow-Headers"].split(", ")
