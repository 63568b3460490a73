"""A page that offers tools, and a target that calls them: a Lambda function with scripted answers."""

from tests.aws.event_stream import function_answer
from tests.aws.network import Answer
from tests.functions.page import events

ARN = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
ASK = {"name": "ask", "description": "Asks", "parametersSchema": {"type": "object"}, "origin": "webmcp"}
CALL = {"toolCalls": [{"name": "ask", "parameters": {"question": "Which?"}}]}


class Function:
    """The target. It returns each of `answers` once; `asked` has the events that it received."""

    def __init__(self):
        self.answers, self.asked = [], []

    def __call__(self, request):
        if request.service != "lambda":
            return None
        self.asked.append(request.parameters)
        answer = self.answers.pop(0)
        return Answer(200, function_answer(answer() if callable(answer) else answer))


def resume(page, session, execution, outputs, **fields):
    return page.post("resume", {"sessionId": session, "executionId": execution, "toolOutputs": outputs} | fields)


def begin(page, session, **fields):
    """Sends a message whose answer pauses. Returns the id of the execution, and the calls that wait."""
    answer = page.say(session, **{"clientTools": [ASK], "clientToolsFingerprint": "f1"} | fields)
    return events(answer)[0][1]["executionId"], waiting(answer)


def waiting(answer):
    """The ids of the calls that the page has to run."""
    return [data["toolCallId"] for name, data in events(answer) if name == "await"]


def types(answer):
    return [name for name, _ in events(answer)]
