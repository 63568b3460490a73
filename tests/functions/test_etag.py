"""ETag and If-Match: a change that was meant for another state of the token is not made."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import Client

from shared.store import table

THREADS = 8
UNKNOWN = "/v1/client-tokens/ct_00000000000000000000000000"
CHANGES = {
    "update": lambda api, path, **headers: api.put(path, {"name": "Mine"}, **headers),
    "regenerate": lambda api, path, **headers: api.post(f"{path}/regenerate", **headers),
    "delete": lambda api, path, **headers: api.delete(path, **headers),
}
EVERY_CHANGE = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


@pytest.fixture
def path(api):
    return "/v1/client-tokens/" + api.create()["clientToken"]["id"]


def record(path):
    return table.get(("TOKEN#" + path.rpartition("/")[2], "RECORD"))


def test_every_answer_that_shows_a_token_names_its_revision(api):
    created = api.post("/v1/client-tokens", {"name": "Shop", "allowedOrigins": ["https://app.example.com"]})
    path = "/v1/client-tokens/" + created.json["clientToken"]["id"]
    updated, regenerated, found = api.put(path, {}), api.post(f"{path}/regenerate"), api.get(path)
    tags = [answer.headers["ETag"] for answer in (created, updated, regenerated, found)]
    assert tags == ['"1"', '"2"', '"3"', '"3"']
    for answer in (api.get("/v1/client-tokens"), api.get(f"{path}/token"), api.delete(path), api.get(path)):
        assert "ETag" not in answer.headers
    assert "ETag" in found.headers["Access-Control-Expose-Headers"].split(", ")


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['"2"', 'W/"1", "2"', "*"])
def test_200_a_change_that_is_meant_for_this_state(api, path, change, written):
    api.put(path, {})
    assert change(api, path, **{"If-Match": written}).status_code == 200


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['"1"', '"1", W/"2"'])
def test_412_a_change_that_is_meant_for_another_state(api, path, change, written, calls):
    api.put(path, {})
    before = record(path)
    calls.clear()
    answer = change(api, path, **{"If-Match": written})
    assert answer.status_code == 412
    assert answer.json["code"] == "precondition_failed"
    assert "changed since you read it" in answer.json["error"]
    assert "Read it again" in answer.json["hint"]
    assert "GenerateMac" not in calls
    assert record(path) == before


@EVERY_CHANGE
def test_412_when_a_proxy_has_weakened_the_tag(api, path, change, calls):
    before = record(path)
    calls.clear()
    answer = change(api, path, **{"If-Match": 'W/"1"'})
    assert (answer.status_code, answer.json["code"]) == (412, "precondition_failed")
    assert "proxy" in answer.json["hint"]
    # The attempt is counted, and nothing else is written.
    assert calls.writes() == ["UpdateItem"]
    assert record(path) == before


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['W/"1"', '"other"', 'W/"1", "other"'])
def test_412_tags_of_which_none_is_ours_fit_no_state(api, path, change, written):
    """Not the first one either."""
    before = record(path)
    answer = change(api, path, **{"If-Match": written})
    assert answer.status_code == 412
    assert answer.json["code"] == "precondition_failed"
    assert record(path) == before


@EVERY_CHANGE
@pytest.mark.parametrize("written", ["2"])
def test_400_an_if_match_that_is_no_list_of_tags(api, path, change, written):
    api.put(path, {})
    before = record(path)
    answer = change(api, path, **{"If-Match": written})
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid_header"
    assert 'If-Match: "3"' in answer.json["hint"]
    assert record(path) == before


def test_two_headers_are_one_list(api, app, path):
    sent = Headers([("Authorization", f"Bearer {api.credential}"), ("If-Match", '"7"'), ("If-Match", '"1"')])
    assert Client(app).delete(path, headers=sent).status_code == 200


@EVERY_CHANGE
@pytest.mark.parametrize("written", ['"1"', '"7"', "*"])
def test_404_whatever_is_expected_of_a_token_that_is_not_ones_own(caller, path, change, written):
    stranger = caller()
    theirs = change(stranger, path, **{"If-Match": written})
    unknown = change(stranger, UNKNOWN, **{"If-Match": written})
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json | {"requestId": ""} == unknown.json | {"requestId": ""}


@EVERY_CHANGE
def test_of_many_who_read_the_same_state_exactly_one_changes_it(api, path, change):
    tag = api.get(path).headers["ETag"]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: change(api, path, **{"If-Match": tag}), range(THREADS)))
    lost = 404 if api.get(path).status_code == 404 else 412
    assert Counter(answer.status_code for answer in answers) == {200: 1, lost: THREADS - 1}
    if lost == 412:
        assert record(path)["revision"] == 2


@pytest.mark.parametrize(("change", "writing"), [("update", 4), ("regenerate", 5)])
def test_412_the_token_changed_between_being_read_and_being_written(api, path, at_call, change, writing):
    meanwhile = []
    at_call(writing, lambda: meanwhile.append(api.put(path, {"name": "Theirs"})))
    answer = CHANGES[change](api, path, **{"If-Match": '"1"'})
    assert answer.status_code == 412
    assert (record(path)["name"], record(path)["revision"]) == ("Theirs", 2)


@pytest.mark.parametrize("change", ["update", "regenerate"])
def test_404_the_token_went_between_being_read_and_being_written(api, path, at_call, change):
    meanwhile = []
    at_call(4, lambda: meanwhile.append(api.delete(path)))
    assert CHANGES[change](api, path, **{"If-Match": '"1"'}).status_code == 404
    assert record(path) is None


def test_a_page_may_send_it(app):
    asked = {"Origin": "https://dashboard.example", "Access-Control-Request-Method": "PUT"}
    answer = Client(app).options(UNKNOWN, headers=asked | {"Access-Control-Request-Headers": "if-match"})
    assert "If-Match" in answer.headers["Access-Control-Allow-Headers"].split(", ")
