"""What the owner of a token sees later: conversations, how many, and when the token was last used."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.store import table
from tests.aws.network import NETWORK
from tests.functions.page import ADDRESS, ORIGIN, Page
from tests.functions.stored import record

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)


def test_200_conversation_has_every_field(page, token, clock):
    opened = page.init(token.value).json
    assert token.conversations() == []
    page.say(opened["sessionId"], "Do you sell tea?")
    clock.forward(minutes=3)
    page.say(opened["sessionId"], "And coffee?")
    assert token.conversations() == [
        {
            "id": opened["conversationId"],
            "name": "Conversation 2027-01-31 12:00",
            "flowId": "flow_echo",
            "origin": ORIGIN,
            "messageCount": 4,
            "firstMessage": "Do you sell tea?",
            "createdAt": "2027-01-31T12:00:00.250Z",
            "updatedAt": "2027-01-31T12:03:00.250Z",
        }
    ]


@pytest.mark.parametrize(
    ("said", "shown"),
    [("x" * 280, "x" * 280), ("x" * 281, "x" * 280), ("🙂" * 300, "🙂" * 280), ("<b>\n</b>", "<b>\n</b>")],
)
def test_first_message_is_truncated_to_280_characters(page, token, said, shown):
    page.say(page.open(token.value), said)
    assert token.conversations()[0]["firstMessage"] == shown


def test_most_recently_continued_conversation_comes_first(page, token, clock):
    sessions = [page.open(token.value) for _ in range(3)]
    for number in (0, 1, 2, 0):
        clock.forward(minutes=1)
        page.say(sessions[number], f"Visitor {number}")
    listed = token.conversations()
    assert [one["firstMessage"] for one in listed] == ["Visitor 0", "Visitor 2", "Visitor 1"]
    assert [one["firstMessage"] for one in token.conversations("?limit=1&offset=1")] == ["Visitor 2"]


def test_conversations_are_filtered_by_flow_and_show_their_origin(app, page, create, register):
    register("agent_a")
    token = create(agentIds=["agent_a"], allowedOrigins=[ORIGIN, "native"])
    page.say(page.open(token.value), "On the page")
    native = Page(app, None)
    native.say(native.open(token.value, flowId="agent_a"), "In the app")
    (by_agent,), (by_flow,) = token.conversations("?flow_id=agent_a"), token.conversations("?flow_id=flow_echo")
    assert (by_agent["firstMessage"], by_agent["origin"]) == ("In the app", "")
    assert (by_flow["firstMessage"], by_flow["origin"]) == ("On the page", ORIGIN)


def test_sessions_without_a_message_are_neither_listed_nor_counted(page, token):
    for _ in range(3):
        page.open(token.value)
    assert token.conversations() == []
    assert token.record()["conversationCount"] == 0


def test_conversations_are_counted_instead_of_messages(page, token):
    for _ in range(2):
        session = page.open(token.value)
        for _ in range(3):
            page.say(session)
    assert token.record()["conversationCount"] == 2


def test_last_used_at_shows_sessions_and_messages_of_the_last_ten_minutes(app, page, token, clock):
    def used():
        return token.record()["lastUsedAt"]

    assert used() is None
    session = page.open(token.value)
    # The ten minutes began before the token did.
    assert used() == token.record()["createdAt"]
    clock.forward(minutes=10)
    page.say(session)
    assert used() == "2027-01-31T12:10:00.000Z"
    clock.forward(minutes=10)
    page.say(session)
    # It moves its conversation in the list, and the next one records the use.
    assert used() == "2027-01-31T12:10:00.000Z"
    page.say(session)
    assert used() == "2027-01-31T12:20:00.000Z"
    clock.forward(minutes=10)
    Page(app, "https://evil.example").init(token.value)
    page.say("x")
    assert used() == "2027-01-31T12:20:00.000Z"
    page.open(token.value)
    assert used() == "2027-01-31T12:30:00.000Z"


@pytest.mark.parametrize("act", ["open", "say"])
def test_use_is_written_at_most_once_in_ten_minutes(page, token, clock, usage_writes, act):
    session = page.open(token.value)
    page.say(session)
    usage_writes.clear()
    acts = {"open": lambda: page.open(token.value), "say": lambda: page.say(session)}
    for minutes in (4, 4, 1, 1, 4):
        clock.forward(minutes=minutes)
        acts[act]()
    assert len(usage_writes) == 1


@pytest.fixture
def usage_writes():
    made = []

    def note(request):
        if request.operation == "UpdateItem" and request.parameters["Key"]["pk"]["S"].startswith("USAGE#"):
            made.append(request.parameters)

    with NETWORK.hooked(note):
        yield made


def test_conversations_of_another_token_are_not_listed(page, create):
    first, second = create(), create()
    page.say(page.open(first.value), "To the first")
    assert second.conversations() == []
    assert second.record()["conversationCount"] == 0


def test_every_item_of_a_visitor_has_an_expiry(page, token):
    """Conversations expire after their retention, sessions one day after their end, and counters after two hours."""
    session = page.open(token.value)
    page.say(session)
    page.rate(session, token.value)
    kept = record(session)
    partitions = {
        # The record's retention begins with the end of the ten minutes under which the index lists it.
        f"CONVERSATION#{kept['conversation_id']}": [timedelta(days=90), timedelta(days=90, minutes=10)],
        # Until the end of its last second, feedback is accepted.
        kept["pk"]: [timedelta(days=1, minutes=30, seconds=1)],
        f"RATE#{token.id}#{ADDRESS}": [timedelta(hours=2)],
    }
    for partition, lifetimes in partitions.items():
        items = list(table.query("pk = :pk", {":pk": partition}, at=None))
        assert items
        assert {item["expires_at"] for item in items} == {int((NOON + lifetime).timestamp()) for lifetime in lifetimes}
