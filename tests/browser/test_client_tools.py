"""Tools of the page with Runtype's own widget: its question sheet, and suggested replies."""

import pytest

from infra.local.management import Management
from tests.local_stack import RunningStack

HANDLER = """
import json

QUESTIONS = [{"question": "Which tea?", "options": [{"label": "Green"}, {"label": "Black"}]}]

def handler(event, _context):
    said = event["messages"][-1]["text"]
    if event["toolResults"]:
        return {"text": f"It said {json.dumps(event['toolResults'][-1]['output'])}."}
    if said == "Ask me":
        return {"toolCalls": [{"name": "ask_user_question", "parameters": {"questions": QUESTIONS}}]}
    if said == "Suggest":
        return {"text": "What next?", "suggestions": [{"label": "Order", "prompt": "I order green tea."}]}
    return {"text": f"You said {said}"}
"""
SHEET = "[data-persona-ask-sheet-for]"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    directory = tmp_path_factory.mktemp("stack")
    handler = directory / "handler.py"
    handler.write_text(HANDLER, encoding="utf-8")
    running = RunningStack(directory / ".local", "--target", handler)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def management(stack):
    return Management(stack.url, stack.api_key)


@pytest.fixture
def chat(create, visit):
    visit(create()["token"], features={"askUserQuestion": {"expose": True}})


def test_visitor_answers_a_question_of_the_target(visitor, chat):
    visitor.send("Ask me")
    visitor.sees("Which tea?", SHEET)
    (option,) = [one for one in visitor.find(f"{SHEET} button") if "Green" in one.text]
    option.click()
    visitor.sees("It said")
    visitor.sees("Green", "[data-message-role=assistant]")


def test_suggested_reply_sends_its_prompt(visitor, chat):
    assert visitor.say("Suggest") == "What next?"
    visitor.sees("Order")
    next(one for one in visitor.find("button") if one.text == "Order").click()
    visitor.sees("You said I order green tea.")
