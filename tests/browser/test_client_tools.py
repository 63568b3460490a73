"""Tools of the page with Runtype's own widget: its question sheet, suggested replies, and tools of WebMCP."""

import pytest

from infra.local.management import Management
from tests.local_stack import RunningStack

HANDLER = """
import json

QUESTIONS = [{"question": "Which tea?", "options": [{"label": "Green"}, {"label": "Black"}]}]

def handler(event, _context):
    said = event["messages"][-1]["text"]
    if event["toolResults"]:
        return {"text": f"It said {json.dumps([one['output'] for one in event['toolResults']])}."}
    if said == "Ask me":
        return {"toolCalls": [{"name": "ask_user_question", "parameters": {"questions": QUESTIONS}}]}
    if said == "Order":
        (tool,) = [one for one in event["tools"] if one["origin"] == "webmcp"]
        return {"toolCalls": [{"name": tool["name"], "parameters": {"tea": tea}} for tea in ("Green", "Black")]}
    if said == "Repeat":
        return {"text": " ".join(f"{one['role']}: {one['text']}" for one in event["messages"])}
    if said == "Suggest":
        return {"text": "What next?", "suggestions": [{"label": "Order", "prompt": "I order green tea."}]}
    return {"text": f"You said {said}"}
"""
SHEET = "[data-persona-ask-sheet-for]"
# The page registers a tool with the browser, as pages for agents do: here the widget's polyfill stands in for it.
ORDERS = """
window.orders = [];
import("/widget/webmcp-polyfill.js").then((polyfill) => {
    polyfill.initializeWebMCPPolyfill();
    document.modelContext.registerTool({
        name: "order_tea",
        description: "Orders tea",
        inputSchema: {type: "object", properties: {tea: {type: "string"}}, required: ["tea"]},
        async execute({tea}) {
            window.orders.push(tea);
            return {content: [{type: "text", text: `Ordered ${tea}`}]};
        },
    });
});
"""
ALLOW, DENY = "button[data-action=allow]", "button[data-action=deny]"


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
    visitor.wait(visitor.is_answered)
    # The target remembers both, under the ids that the widget gave them.
    assert "assistant: Which tea? user: Green assistant: It said" in visitor.say("Repeat")


def test_suggested_reply_sends_its_prompt(visitor, chat):
    assert visitor.say("Suggest") == "What next?"
    visitor.sees("Order")
    next(one for one in visitor.find("button") if one.text == "Order").click()
    visitor.sees("You said I order green tea.")


@pytest.fixture
def shop(create, visit, visitor):
    """A page with a tool."""
    visit(create()["token"], script=ORDERS, webmcp={"enabled": True})
    visitor.wait(lambda: visitor.driver.execute_script("return document.modelContext?.getTools !== undefined"))


def decide(visitor, button):
    """Clicks the button of each call that asks for approval."""
    shown = visitor.wait(lambda: [one for one in visitor.find(button) if one.is_displayed()])
    shown[0].click()
    visitor.wait(lambda: len([one for one in visitor.find(button) if one.is_displayed()]) < len(shown))


def test_approved_calls_run_in_the_page_and_their_outputs_are_reported(visitor, shop):
    visitor.send("Order")
    visitor.wait(lambda: len(visitor.find(ALLOW)) == 2)
    assert visitor.driver.execute_script("return window.orders") == []
    for _ in range(2):
        decide(visitor, ALLOW)
    visitor.sees("It said")
    for tea in ("Green", "Black"):
        visitor.sees(f"Ordered {tea}", "[data-message-role=assistant]")
    assert sorted(visitor.driver.execute_script("return window.orders")) == ["Black", "Green"]


def test_denied_call_does_not_run_and_the_target_learns_it(visitor, shop):
    visitor.send("Order")
    visitor.wait(lambda: len(visitor.find(DENY)) == 2)
    decide(visitor, DENY)
    decide(visitor, ALLOW)
    visitor.sees("User declined the tool call", "[data-message-role=assistant]")
    (ordered,) = visitor.driver.execute_script("return window.orders")
    visitor.sees(f"Ordered {ordered}", "[data-message-role=assistant]")
