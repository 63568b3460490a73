"""`conversations list`, `show`, and `export`, and `feedback list`: what operators see of what visitors wrote."""

import json
import sys
from datetime import UTC, datetime
from secrets import token_bytes

import pytest

from shared.rules import turn
from shared.rules.answer import Ending
from shared.rules.feedback import Feedback
from shared.rules.session import mint
from shared.rules.target_request import Message
from shared.store import audit, feedback, sessions, turns
from tests.cli.test_taking_back import make_token

AT = datetime(2027, 1, 31, 12, tzinfo=UTC)
UNKNOWN = f"conv_{'0' * 26}"


@pytest.fixture
def talk():
    """`talk("tenant", "Hello")`: a conversation of these messages, with feedback; returns the token's and its id."""

    def talk(tenant, *texts, display=None):
        at = datetime.now(UTC).replace(microsecond=0)
        token = make_token(tenant)
        _, session = mint(token, jti="j", target_id="flow_a", origin="", at=at, random_bytes=token_bytes)
        sessions.save(session)
        for number, text in enumerate(texts):
            said = Message(id=f"usr_{number}", role="user", text=text, at=at)
            current = sessions.find(session.digest, at=at)
            own = turn.lease(f"{number}", at)
            begun = turns.begin(current, token, said, own, stored=None, at=at, display=display)
            turns.complete(current, turn.answered(begun, f"ast_{number}", f"Re: {text}", Ending()))
        feedback.put(session, None, Feedback(type="csat", message_id=None, rating=4, comment="So\nso"), at=at)
        return token.id, session.conversation_id

    return talk


def recorded(tenant):
    records = audit.query(tenant, None, since=None, until=None, at=datetime.now(UTC))
    return [(record.action, record.subject) for record in records if record.action not in {"create", "create_key"}]


def test_list_shows_no_words_and_leaves_no_record(operate, talk):
    first, second = talk("said-list", "My name is Ada"), talk("said-list", "Hello")
    listed = operate("conversations", "list", "--tenant", "said-list")
    head, *rows = listed.out.splitlines()
    assert head.split() == ["ID", "CLIENT", "TOKEN", "FLOW", "ORIGIN", "MESSAGES", "CREATED", "UPDATED"]
    assert {(row.split()[1], row.split()[0]) for row in rows} == {first, second}
    assert "Ada" not in listed.out
    of_one = json.loads(operate("conversations", "list", "--tenant", "said-list", "--token", first[0], "--json").out)
    assert [(one["clientTokenId"], one["id"], one["messageCount"]) for one in of_one] == [(*first, 2)]
    assert recorded("said-list") == []


def test_list_without_conversations_says_so(operate):
    done = operate("conversations", "list", "--tenant", "said-nothing")
    assert (done.status, done.out, done.err) == (0, "", "Tenant said-nothing has no conversations.\n")


def test_show_prints_messages_in_order_and_leaves_a_record(operate, talk):
    _, conversation_id = talk("said-show", "One\nline", "Two")
    shown = operate("conversations", "show", "--tenant", "said-show", conversation_id)
    assert [" ".join(row.split()[1:]) for row in shown.out.splitlines()[1:]] == [
        r"user One\nline", r"assistant Re: One\nline", "user Two", "assistant Re: Two",
    ]  # fmt: skip
    facts = json.loads(operate("conversations", "show", "--tenant", "said-show", conversation_id, "--json").out)
    assert [one["content"] for one in facts["messages"]] == ["One\nline", "Re: One\nline", "Two", "Re: Two"]
    assert [one["comment"] for one in facts["feedback"]] == ["So\nso"]
    assert recorded("said-show") == [("read_conversation", conversation_id)] * 2


def test_show_and_export_have_what_was_displayed_instead(operate, talk):
    _, conversation_id = talk("said-displayed", "@tea {expanded}", display="@tea?")
    shown = operate("conversations", "show", "--tenant", "said-displayed", conversation_id)
    assert [" ".join(row.split()[1:]) for row in shown.out.splitlines()[1:]] == [
        "user @tea {expanded}", "displayed @tea?", "assistant Re: @tea {expanded}",
    ]  # fmt: skip
    (exported,) = operate("conversations", "export", "--tenant", "said-displayed").out.splitlines()
    assert [one.get("displayContent") for one in json.loads(exported)["messages"]] == ["@tea?", None]


def test_foreign_and_unknown_conversations_fail_alike(operate, talk):
    _, conversation_id = talk("said-mine", "Hello")
    for one in (conversation_id, UNKNOWN):
        refused = operate("conversations", "show", "--tenant", "said-theirs", one)
        said = f"Error: Tenant said-theirs has no conversation {one}.\n"
        assert (refused.status, refused.out, refused.err) == (1, "", said)
    assert recorded("said-theirs") == []


def test_export_prints_one_whole_conversation_per_line(operate, talk):
    first, second = talk("said-export", *"abc"), talk("said-export", "d")
    exported = operate("conversations", "export", "--tenant", "said-export")
    found = {one["id"]: one for one in map(json.loads, exported.out.splitlines())}
    assert found.keys() == {first[1], second[1]}
    assert [one["content"] for one in found[first[1]]["messages"]] == ["a", "Re: a", "b", "Re: b", "c", "Re: c"]
    assert [one["rating"] for one in found[second[1]]["feedback"]] == [4]
    assert exported.err == "Exported 2 conversations of tenant said-export.\n"
    (only,) = operate("conversations", "export", "--tenant", "said-export", "--token", second[0]).out.splitlines()
    assert json.loads(only)["id"] == second[1]
    assert recorded("said-export") == [("export_conversations", "said-export"), ("export_conversations", second[0])]


def test_export_is_json_also_for_a_terminal_that_lacks_characters(operate, talk):
    talk("said-ascii", "Zoë 😀")
    sys.stdout.reconfigure(encoding="ascii")
    exported = operate("conversations", "export", "--tenant", "said-ascii")
    assert exported.out.isascii()
    assert json.loads(exported.out)["messages"][0]["content"] == "Zoë 😀"


def test_feedback_list_shows_each_on_one_line_and_leaves_a_record(operate, talk):
    _, conversation_id = talk("said-rated", "Hello")
    talk("said-rated", "Hello")
    listed = operate("feedback", "list", "--tenant", "said-rated")
    head, *rows = listed.out.splitlines()
    assert head.split() == ["ID", "AT", "TYPE", "RATING", "CONVERSATION", "MESSAGE", "COMMENT"]
    assert [row.split()[2:4] + row.split()[5:] for row in rows] == [["csat", "4", "-", r"So\nso"]] * 2
    of_one = operate("feedback", "list", "--tenant", "said-rated", "--conversation", conversation_id, "--json")
    assert [one["recordId"] for one in json.loads(of_one.out)] == [conversation_id]
    none = operate("feedback", "list", "--tenant", "said-rated-not")
    assert (none.status, none.err) == (0, "Tenant said-rated-not has no feedback.\n")
    assert recorded("said-rated") == [("list_feedback", "said-rated"), ("list_feedback", conversation_id)]
