"""An eventually consistent read may show what was true a moment ago. It admits nobody then, and refuses nobody."""

import pytest

from shared.rules import digest
from shared.store import conversation_deletion, table
from shared.store.attributes import serialize
from tests.aws.network import NETWORK, Answer
from tests.functions.page import assert_refused


@pytest.fixture
def lagging():
    """`lagging(token, value)`: from now on, eventually consistent reads show these items as they are now."""
    behind = {}

    def look(request):
        match request.operation, request.parameters:
            case "GetItem", {"ConsistentRead": False, "Key": key}:
                shown = behind.get(key["pk"]["S"], [])
                return Answer(200, {"Item": serialize(shown[0])} if shown else {})
            case "BatchGetItem", {"RequestItems": tables} if not tables[table.name()]["ConsistentRead"]:
                asked = [(key["pk"]["S"], key["sk"]["S"]) for key in tables[table.name()]["Keys"]]
                shown = [serialize(item) for pk, sk in asked for item in behind.get(pk, []) if item["sk"] == sk]
                return Answer(200, {"Responses": {table.name(): shown}, "UnprocessedKeys": {}})
        return None

    def lagging(token=None, value=None):
        partitions = [f"VALUE#{digest.sha256_hex(value)}", f"TOKEN#{token.id}", f"USAGE#{token.id}"] if token else []
        behind.update({pk: list(table.query("pk = :pk", {":pk": pk}, at=None)) for pk in partitions})

    with NETWORK.hooked(look):
        yield lagging


@pytest.fixture
def empty_queries():
    """Eventually consistent queries show nothing. The index has no other ones."""

    def look(request):
        asked = request.parameters
        if request.operation != "Query" or "IndexName" in asked or asked.get("ConsistentRead"):
            return None
        return Answer(200, {"Items": [], "Count": 0, "ScannedCount": 0})

    with NETWORK.hooked(look):
        yield


@pytest.mark.usefixtures("empty_queries")
class TestQueriesOfTheTable:
    """Items that were written a moment ago are listed, read, told to the target, and deleted."""

    def test_tokens_and_targets(self, api, token):
        assert [one["id"] for one in api.get("/v1/client-tokens").json["clientTokens"]] == [token.id]
        assert [one["id"] for one in api.get("/v1/targets").json["targets"]] == ["flow_echo"]

    def test_audit_records(self, api, token):
        assert [one["action"] for one in api.get("/v1/audit").json["records"]] == ["create"]

    def test_messages(self, api, browser):
        conversation_id = browser.talk("One", "Two")
        said = ["One", "You said: One", "Two", "You said: Two"]
        assert [one["content"] for one in browser.read(conversation_id)["messages"]] == said
        found = api.get(f"/v1/conversations/{conversation_id}").json["messages"]
        assert [one["content"] for one in found] == said

    def test_history_of_the_target(self, page, token, assistant):
        session = page.open(token.value)
        page.say(session, "One", message_id="usr_1", assistantMessageId="ast_1")
        page.say(session, "Two", before=[{"id": "usr_1", "role": "user"}, {"id": "ast_1", "role": "assistant"}])
        assert [one["text"] for one in assistant[-1]["messages"]] == ["One", "Hi there", "Two"]

    def test_deletion(self, api, browser):
        conversation_id = browser.talk("One", "Two")
        assert api.delete(f"/v1/conversations/{conversation_id}").status_code == 200
        left = table.query("pk = :pk", {":pk": f"CONVERSATION#{conversation_id}"}, at=None, ConsistentRead=True)
        assert [item["sk"] for item in left if "is_gone" not in item] == []


class TestIndexThatLagsBehind:
    """It has no conversation yet, but the page has said something in one."""

    @pytest.fixture(autouse=True)
    def _empty_index(self, browser):
        assert browser.page.say(browser.session, "My name is Ada").status_code == 200

        def look(request):
            is_late = request.operation == "Query" and "IndexName" in request.parameters
            return Answer(200, {"Items": [], "Count": 0, "ScannedCount": 0}) if is_late else None

        with NETWORK.hooked(look):
            yield

    @pytest.mark.parametrize("query", ["", "&targetId=flow_echo"])
    def test_deletion_of_all_deletes_it(self, browser, query):
        assert browser.ask("DELETE", query=query).json == {"deleted": 1}
        assert browser.ask("GET", f"/{browser.conversation_id}").status_code == 404

    def test_deletion_of_another_target_keeps_it(self, browser):
        assert browser.ask("DELETE", query="&targetId=flow_other").json == {"deleted": 0}
        assert browser.read(browser.conversation_id)["messageCount"] == 2

    def test_deletion_of_another_visitor_keeps_it(self, page, token, browser):
        other = page.init(token.value, visitorHistory=True).json["visitor"]["token"]
        answer = page.history("DELETE", session=browser.session, secret=other)
        assert answer.json == {"deleted": 0}
        assert browser.read(browser.conversation_id)["messageCount"] == 2


def test_200_value_that_was_issued_a_moment_ago(page, token, lagging):
    lagging()
    session = page.open(token.value)
    assert page.rate(session, token.value).status_code == 200
    assert page.open(token.regenerate(gracePeriodSeconds=60), sessionId=session) == session


def test_401_value_that_was_replaced_a_moment_ago(page, token, lagging):
    lagging(token, token.value)
    session = page.open(token.value)
    token.regenerate(gracePeriodSeconds=0)
    assert_refused(page.init(token.value), 401, "invalid_token")
    assert_refused(page.init(token.value, sessionId=session), 401, "invalid_token")
    assert_refused(page.rate(session, token.value), 401, "invalid_token")


def test_401_token_that_was_deleted_or_switched_off_a_moment_ago(page, token, lagging):
    lagging(token, token.value)
    token.change(isActive=False)
    assert_refused(page.init(token.value), 401, "token_inactive")
    token.delete()
    assert_refused(page.init(token.value), 401, "invalid_token")


def test_session_that_was_opened_a_moment_ago_is_resumed(page, token, lagging):
    lagging(token, token.value)
    session = page.open(token.value)
    page.say(session)
    answer = page.init(token.value, sessionId=session)
    assert (answer.json["sessionId"], answer.json["conversationRevision"]) == (session, "1.0")


def test_session_that_ended_a_moment_ago_is_not_resumed(api, page, token, clock, lagging):
    lagging(token, token.value)
    opened = page.init(token.value).json
    session = opened["sessionId"]
    page.say(session)
    conversation_deletion.delete(api.tenant, opened["conversationId"], at=clock.held)
    assert_refused(page.say(session), 410, "conversation_deleted")
    assert page.open(token.value, sessionId=session) != session
