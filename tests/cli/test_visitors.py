"""`visitors export` and `visitors erase`: all that is stored about one visitor, and nothing of another."""

import json
from datetime import UTC, datetime, timedelta
from secrets import token_bytes

import pytest

from shared.rules import execution, execution_id, returning_visitor, timestamps, turn
from shared.rules.answer import Ending, SuggestedReply, ToolCall, ToolCalls
from shared.rules.feedback import Feedback
from shared.rules.session import mint
from shared.rules.target_request import Message, PageInput
from shared.store import (
    audit,
    conversations,
    executions,
    feedback,
    known_visitors,
    returning_visitors,
    sessions,
    table,
    turns,
)
from tests.aws.network import NETWORK
from tests.cli.test_taking_back import make_token
from tests.functions.stored import left

AT = datetime.now(UTC).replace(microsecond=0)
UNKNOWN = f"cvis_{'0' * 22}"
HOLDERS = "1" * 22, "2" * 22


@pytest.fixture
def visit():
    """`visit(token, "Hello")`: a new visitor with a conversation per text; returns the visitor and their ids.

    `waits`: whether each answer waits for a tool of the page, one of whose two calls has an output.
    """

    def visit(token, *texts, waits=False):
        _, visitor = returning_visitor.mint(token, at=AT, random_bytes=token_bytes)
        returning_visitors.add(visitor)
        found = []
        for text in texts:
            _, session = mint(token, jti="j", target_id="flow_a", origin="", at=AT, random_bytes=token_bytes)
            sessions.save(session)
            said = Message(id="usr_1", role="user", text=text, at=AT)
            begun = turns.begin(
                session, token, said, turn.lease(HOLDERS[0], AT), stored=None, at=AT, display=f"{text}!"
            )
            if waits:
                pause(session, begun)
            else:
                ending = Ending(suggestions=(SuggestedReply(label="Go on"),))
                turns.complete(session, turn.answered(begun, "ast_1", f"Re: {text}", ending))
            feedback.put(session, None, Feedback(type="csat", message_id=None, rating=4, comment=text), at=AT)
            conversations.claim(session.conversation_id, visitor.id)
            found.append(session.conversation_id)
        return visitor, found

    return visit


def pause(session, begun):
    called = ToolCalls((ToolCall("ask", {"question": "Which?"}), ToolCall("look", {})))
    asked = PageInput(message=begun.message, inputs={"cart": 2}, metadata={"tab": "1"}, context={"page": "/tea"})
    paused = execution.paused(begun, asked, "Let me ask.", called, AT)
    executions.pause(session, paused)
    known = execution_id.parse(paused.execution_id)
    outputs = {paused.pending[0].id: "Green"}
    executions.go_on(session, paused, execution.go_on(paused, known, outputs, turn.lease(HOLDERS[1], AT), AT))


def recorded(tenant):
    records = audit.query(tenant, None, since=None, until=None, at=datetime.now(UTC))
    return [(record.action, record.subject) for record in records if record.action != "create"]


def test_export_has_all_of_one_visitor_and_no_secret(operate, visit):
    token = make_token("visited-export")
    ada, mine = visit(token, "I am Ada", "Ada again")
    visit(token, "I am Bob")
    exported = operate("visitors", "export", "--tenant", "visited-export", ada.id)
    facts = json.loads(exported.out)
    assert (facts["id"], facts["clientTokenId"]) == (ada.id, token.id)
    assert {one["id"] for one in facts["conversations"]} == set(mine)
    said = {message["content"] for one in facts["conversations"] for message in one["messages"]}
    assert said == {"I am Ada", "Re: I am Ada", "Ada again", "Re: Ada again"}
    displayed = {one.get("displayContent") for each in facts["conversations"] for one in each["messages"]}
    assert displayed == {"I am Ada!", "Ada again!", None}
    suggested = [one["suggestions"] for each in facts["conversations"] for one in each["messages"][1:]]
    assert suggested == [[{"label": "Go on"}]] * 2
    assert {one["comment"] for each in facts["conversations"] for one in each["feedback"]} == {"I am Ada", "Ada again"}
    assert "Bob" not in exported.out
    assert ada.digest not in exported.out
    assert recorded("visited-export") == [("export_visitor", ada.id)]


def test_export_has_what_a_page_sent_for_an_answer_that_waits(operate, visit):
    ada, _ = visit(make_token("visited-waiting"), "Tea?", waits=True)
    exported = operate("visitors", "export", "--tenant", "visited-waiting", ada.id)
    (found,) = json.loads(exported.out)["conversations"]
    assert [(one["role"], one["content"]) for one in found["messages"]] == [("user", "Tea?")]
    (waiting,) = found["waiting"]
    (step,) = waiting.pop("steps")
    asked, looked = (one.pop("toolCallId") for one in step["toolCalls"])
    assert (step["text"], step["toolOutputs"]) == ("Let me ask.", {asked: "Green"})
    assert step["toolCalls"] == [
        {"toolName": "ask", "parameters": {"question": "Which?"}},
        {"toolName": "look", "parameters": {}},
    ]
    assert waiting == {
        "messageId": "usr_1",
        "until": timestamps.to_text(AT + timedelta(minutes=15)),
        "inputs": {"cart": 2},
        "metadata": {"tab": "1"},
        "context": {"page": "/tea"},
    }
    assert looked not in step["toolOutputs"]


def test_erase_leaves_nothing_of_one_visitor_and_all_of_another(operate, visit):
    token = make_token("visited-erase")
    ada, mine = visit(token, "I am Ada", "Ada again")
    bob, theirs = visit(token, "I am Bob")
    looked = operate("visitors", "erase", "--dry-run", "--tenant", "visited-erase", ada.id)
    said = f"Visitor {ada.id} of tenant visited-erase will be erased for good: 2 conversations."
    assert looked.err.splitlines()[0] == said
    assert recorded("visited-erase") == []
    done = operate("visitors", "erase", "--yes", "--tenant", "visited-erase", ada.id)
    assert (done.status, done.err.splitlines()[-1]) == (
        0,
        f"Erased visitor {ada.id} of tenant visited-erase: 2 conversations.",
    )
    assert [left(one) for one in mine] == [[], []]
    assert not known_visitors.exists(ada.id, at=AT)
    assert known_visitors.exists(bob.id, at=AT)
    assert len(left(theirs[0])) == 3
    assert sorted(recorded("visited-erase")) == [
        *(("delete_conversation", one) for one in sorted(mine)),
        ("erase_visitor", ada.id),
    ]
    again = operate("visitors", "erase", "--yes", "--tenant", "visited-erase", ada.id)
    assert (again.status, again.err) == (1, f"Error: Tenant visited-erase has no visitor {ada.id}.\n")


def test_foreign_and_unknown_visitors_fail_alike_and_stay(operate, visit):
    ada, mine = visit(make_token("visited-mine"), "I am Ada")
    for command in (["export"], ["erase", "--yes"]):
        for one in (ada.id, UNKNOWN):
            refused = operate("visitors", *command, "--tenant", "visited-theirs", one)
            assert (refused.status, refused.out) == (1, "")
            assert refused.err == f"Error: Tenant visited-theirs has no visitor {one}.\n"
    assert len(left(mine[0])) == 3
    assert known_visitors.exists(ada.id, at=AT)


def test_conversations_of_a_forgotten_visitor_can_still_be_erased(operate, visit):
    ada, mine = visit(make_token("visited-reset"), "I am Ada")
    returning_visitors.forget(ada, at=AT)
    assert operate("visitors", "erase", "--yes", "--tenant", "visited-reset", ada.id).status == 0
    assert left(mine[0]) == []


def test_conversation_begun_while_the_operator_confirms_is_erased(operate, visit):
    token = make_token("visited-meanwhile")
    ada, mine = visit(token, "I am Ada")
    _, later = visit(token, "Ada again")

    def begin(request):
        if request.operation == "PutItem" and request.parameters["Item"]["pk"]["S"] == f"VISITOR#{ada.id}":
            record = table.get((f"CONVERSATION#{later[0]}", "RECORD"), at=None)
            table.put(record | {"owner_pk": f"VISITOR#{ada.id}"})

    with NETWORK.hooked(begin):
        assert operate("visitors", "erase", "--yes", "--tenant", "visited-meanwhile", ada.id).status == 0
    assert [left(one) for one in (*mine, *later)] == [[], []]


def test_interrupted_deletion_is_completed_even_of_a_forgotten_visitor(operate, visit):
    ada, mine = visit(make_token("visited-half"), "I am Ada")
    conversations.mark(mine[0], ada.id)
    returning_visitors.forget(ada, at=AT)
    assert operate("visitors", "erase", "--yes", "--tenant", "visited-theirs", ada.id).status == 1
    assert left(mine[0])
    assert operate("visitors", "erase", "--yes", "--tenant", "visited-half", ada.id).status == 0
    assert left(mine[0]) == []


def test_a_secret_is_no_id_and_not_repeated(operate):
    secret = f"cvt_{'0' * 26}_{'0' * 32}"
    refused = operate("visitors", "erase", "--yes", "--tenant", "visited-secret", secret)
    assert refused.status == 2
    assert secret not in refused.err


def test_intruder_in_the_visitors_index_is_not_erased(operate, visit):
    """An entry counts only if its own record is the tenant's and the visitor's."""
    ada, _ = visit(make_token("visited-intruder"), "I am Ada")
    other, theirs = visit(make_token("visited-victim"), "I am Bob")
    record = table.get((f"CONVERSATION#{theirs[0]}", "RECORD"), at=None)
    table.put(record | {"owner_pk": f"VISITOR#{ada.id}"})
    assert operate("visitors", "erase", "--yes", "--tenant", "visited-intruder", ada.id).status == 0
    assert len(left(theirs[0])) == 3
    assert known_visitors.exists(other.id, at=AT)
