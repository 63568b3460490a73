"""A token's config is stored separately: only operations that show it read it, at the revision of the record."""

import pytest

from shared.store import client_tokens, table
from shared.store.attributes import serialize
from tests.aws.network import NETWORK, Answer
from tests.functions.page import assert_refused

LARGE = {"welcomeMessage": "Hi", "text": "x" * 16_000}


@pytest.fixture
def stored():
    return lambda token: [item["sk"] for item in table.query("pk = :pk", {":pk": f"TOKEN#{token.id}"}, at=None)]


def test_chat_and_feedback_read_no_config(page, create):
    token = create(config=LARGE)
    session = page.open(token.value)
    asked = []
    with NETWORK.hooked(lambda request: asked.append(str(request.parameters))):
        assert page.say(session).status_code == 200
        assert page.rate(session, token.value).status_code == 200
    assert "TOKEN#" in "".join(asked)
    assert "CONFIG" not in "".join(asked)
    assert "x" * 100 not in str(table.get(client_tokens.key(token.id), at=None))


def test_init_returns_the_newest_config(page, create):
    token = create(config=LARGE)
    assert page.init(token.value).json["config"]["welcomeMessage"] == "Hi"
    token.change(config={"welcomeMessage": "Hello"})
    assert page.init(token.value).json["config"]["welcomeMessage"] == "Hello"
    token.change(config={})
    assert page.init(token.value).json["config"]["welcomeMessage"] is None


def test_init_reads_a_config_again_that_is_of_another_revision(page, create):
    """An eventually consistent read may return what was stored a moment ago."""
    token = create(config={"welcomeMessage": "Old"})
    old = serialize(table.get((f"TOKEN#{token.id}", "CONFIG"), at=None))
    token.change(config={"welcomeMessage": "New"})

    def lag(request):
        asked = request.parameters.get("RequestItems", {}).get(table.name(), {})
        is_lagging = request.operation == "BatchGetItem" and not asked["ConsistentRead"]
        return Answer(200, {"Responses": {table.name(): [old]}, "UnprocessedKeys": {}}) if is_lagging else None

    with NETWORK.hooked(lag):
        assert page.init(token.value).json["config"]["welcomeMessage"] == "New"


def test_config_is_read_for_admitted_visitors_only(page, create, calls):
    token = create(config=LARGE)
    page.open(token.value)
    calls.clear()
    page.open(token.value)
    assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "BatchGetItem", "UpdateItem"]
    calls.clear()
    assert_refused(page.init(token.value, flowId="flow_other"), 403, "target_not_allowed")
    assert calls == ["GetItem", "BatchGetItem"]


def test_empty_config_has_no_item(create, stored):
    token = create()
    assert stored(token) == ["RECORD"]
    token.change(config=LARGE)
    assert stored(token) == ["CONFIG", "RECORD"]
    token.change(config={})
    assert stored(token) == ["RECORD"]
    assert token.record()["config"] == {}


def test_config_is_kept_when_other_fields_change(api, create):
    token = create(config=LARGE)
    token.change(name="Till")
    token.regenerate()
    assert token.record()["config"] == LARGE
    assert [one["config"] for one in api.get("/v1/client-tokens").json["clientTokens"]] == [LARGE]


@pytest.mark.parametrize(("before", "after"), [(1, True), (True, 1), (0, False), ([1], [True]), (None, False)])
def test_config_change_between_equal_python_values_is_stored(create, before, after):
    token = create(config={"one": before})
    token.change(config={"one": after})
    assert [type(token.record()["config"]["one"])] == [type(after)]


def test_deleted_token_leaves_no_config(create, stored):
    token = create(config=LARGE)
    token.delete()
    assert stored(token) == []


@pytest.mark.parametrize("path", ["", "/ID"])
@pytest.mark.parametrize("config", [{"number": 2}, {}])
def test_record_is_never_shown_with_the_config_of_another_revision(api, create, at_call, path, config):
    """The token changes between the read of its record and that of its config."""
    token = create(name="One", config={"number": 1})
    api.get("/v1/client-tokens")
    at_call(3, lambda: token.change(name="Two", config=config))
    answer = api.get(f"/v1/client-tokens{path.replace('ID', token.id)}").json
    shown = answer["clientToken"] if path else answer["clientTokens"][0]
    assert (shown["name"], shown["config"]) == ("Two", config)


def test_503_when_the_config_never_matches_the_record(api, create):
    token = create(config={"number": 1})
    key = (f"TOKEN#{token.id}", "CONFIG")
    item = table.get(key, at=None)
    table.put(item | {"revision": 7})
    assert_refused(api.get(f"/v1/client-tokens/{token.id}"), 503, "unavailable")
