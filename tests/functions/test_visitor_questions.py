"""Questions to the visitor: what visitors, owners, and targets read of them afterwards."""

import pytest

from tests.functions.client_tools import ARN, begin, resume
from tests.functions.page import reply
from tests.functions.stored import beside

TOOL = {"name": "ask_user_question", "description": "Asks", "parametersSchema": {"type": "object"}, "origin": "sdk"}
QUESTIONS = [{"question": text, "options": [{"label": "A"}, {"label": "B"}]} for text in ("Which tea?", "Which size?")]
ASKED = {"text": "Let me ask.", "toolCalls": [{"name": TOOL["name"], "parameters": {"questions": QUESTIONS}}]}
ANSWERS = {TOOL["name"]: {"Which tea?": "Green", "Which size?": ["Large"]}}
SAID = [
    ("user", "Hello"), ("assistant", "Which tea?"), ("user", "Green"), ("assistant", "Which size?"),
    ("user", "Large"), ("assistant", "Let me ask.\n\nGreen it is."),
]  # fmt: skip


class Visitor:
    """A returning visitor, whose target has asked two questions."""

    def __init__(self, page, token):
        opened = page.init(token.value, visitorHistory=True).json
        self._page, self._secret = page, opened["visitor"]["token"]
        self.session, self.conversation_id = opened["sessionId"], opened["conversationId"]
        self.execution, (self.call,) = begin(page, self.session, message_id="usr_1", clientTools=[TOOL])

    def answer(self, **fields):
        return resume(self._page, self.session, self.execution, ANSWERS, assistantMessageId="ast_1", **fields)

    def read(self, query=""):
        path = f"/{self.conversation_id}"
        return self._page.history("GET", path, session=self.session, secret=self._secret, query=query).json


@pytest.fixture
def visitor(page, token, function):
    function.answers = [ASKED, {"text": "Green it is."}, {"text": "You are welcome."}]
    return Visitor(page, token)


def ids(call):
    return ["usr_1", *(f"ask-user-{kind}-{call}-{number}" for number in (0, 1) for kind in "qa"), "ast_1"]


def test_visitor_reads_questions_and_answers(visitor):
    assert reply(visitor.answer()) == "Green it is."
    found = visitor.read()["messages"]
    assert [(one["role"], one["content"]) for one in found] == SAID
    assert [one["id"] for one in found] == ids(visitor.call)
    times = [one["timestamp"] for one in found]
    assert times == sorted(set(times))


@pytest.mark.parametrize("limit", range(1, 7))
def test_history_is_paged_within_a_turn(visitor, page, clock, limit):
    visitor.answer()
    clock.forward(seconds=1)
    page.say(visitor.session, "Thanks")
    found, cursor = [], ""
    while cursor is not None:
        said = visitor.read(f"&messageLimit={limit}{cursor and f'&messageCursor={cursor}'}")
        assert len(said["messages"]) <= limit
        found = said["messages"] + found
        cursor = said["nextMessageCursor"]
    assert found == visitor.read()["messages"]
    assert [one["content"] for one in found] == [text for _, text in SAID] + ["Thanks", "You are welcome."]


def test_owner_reads_questions_and_answers(visitor, api):
    visitor.answer()
    found = api.get(f"/v1/conversations/{visitor.conversation_id}").json["messages"]
    assert [(one["role"], one["content"]) for one in found] == SAID
    assert [one["id"] for one in found] == ids(visitor.call)


def test_target_remembers_what_it_asked(visitor, page, function):
    """Of the widget's transcript, only the ids count. It shows the reply under an id that it tells nobody before."""
    visitor.answer()
    *asked, _ = ids(visitor.call)
    shown = [{"id": one, "role": "user", "content": "Made up"} for one in (*asked, "assistant-1795690173678-4f")]
    page.say(visitor.session, "Thanks", before=shown)
    said = [(one["role"], one["text"]) for one in function.asked[-1]["messages"]]
    assert said == [*SAID, ("user", "Thanks")]


def test_target_reads_no_question_that_the_page_has_cleared(visitor, page, function):
    visitor.answer()
    page.say(visitor.session, "Thanks", before=[{"id": "usr_1", "role": "user", "content": ""}])
    said = [one["text"] for one in function.asked[-1]["messages"]]
    assert said == ["Hello", SAID[-1][1], "Thanks"]


def test_target_reads_no_reply_whose_message_the_page_has_cleared(visitor, page, function):
    visitor.answer()
    page.say(visitor.session, "Thanks", before=[{"id": "assistant-1795690173678-4f", "role": "user", "content": ""}])
    assert [one["text"] for one in function.asked[-1]["messages"]] == ["Thanks"]


def test_answers_are_shown_while_other_calls_wait(visitor, function):
    function.answers = [ASKED, {"text": "Green it is."}]
    assert reply(visitor.answer()) == "Let me ask."
    assert [one["content"] for one in visitor.read()["messages"]] == [text for _, text in SAID[:-1]]


def test_questions_without_answers_are_not_shown(visitor):
    assert [one["content"] for one in visitor.read()["messages"]] == ["Hello"]


def test_message_sent_again_repeats_the_reply_alone(visitor, page):
    visitor.answer()
    assert reply(page.say(visitor.session, message_id="usr_1")) == SAID[-1][1]
    assert len(visitor.read()["messages"]) == 6


@pytest.mark.parametrize(("kilobytes", "status"), [(168, 200), (199, 502)])
def test_longest_answer_fits_beside_questions_and_message(page, token, register, function, kilobytes, status):
    """An item takes 400 KB. Of these, the texts that the page displays instead may take 128."""
    register("flow_echo", "aws_lambda", function_arn=ARN, max_message_bytes=64 * 1024, max_input_bytes=256 * 1024)
    function.answers = [ASKED, {"text": "x" * (kilobytes * 1024)}]
    session = page.open(token.value)
    execution, _ = begin(page, session, text="x" * (64 * 1024), clientTools=[TOOL])
    outputs = {TOOL["name"]: {"Which tea?": "x" * (31 * 1024)}}
    assert resume(page, session, execution, outputs, streamResponse=False).status_code == status
    (item,) = beside(session, "MESSAGE#")
    assert sum(len(f"{name}{value}".encode()) for name, value in item.items()) < (400 - 128 - 2) * 1024
