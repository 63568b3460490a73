"""`make run TARGET=path/to/handler.py`: a developer's own handler answers visitors of the local stack."""

import http.client
import json
import os
import re
import subprocess
import sys
from urllib.parse import quote, urlsplit

import pytest
from botocore.eventstream import EventStreamBuffer
from werkzeug.datastructures import Headers
from werkzeug.test import Client, EnvironBuilder, TestResponse

from infra.local import functions, own_handler, template
from infra.local.invocations import Invocations
from infra.local.own_handler import NotAHandler, OwnHandler
from tests import whole_numbers
from tests.command import CLIENT_TOKENS
from tests.functions.page import assert_refused, reply
from tests.local_stack import ROOT, RunningStack

HANDLER = """
import os

import words

def handler(event, context):
    said = event["messages"][-1]["text"]
    if said == "environment":
        return {"text": f"{os.environ.get('ASSISTANT_KEY')} {os.environ.get('AWS_ENDPOINT_URL')}"}
    if said == "context":
        return {"text": f"{context.function_name} {context.invoked_function_arn}"}
    if said == "fail":
        raise ValueError("too much tea")
    return {"text": f"{words.GREETING}: {said}", "usage": {"inputTokens": 5, "outputTokens": 7}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assistant")
    (folder / "assistant.py").write_text(HANDLER)
    (folder / "words.py").write_text("GREETING = 'Hello'\n")
    return folder


@pytest.fixture(scope="module")
def stack(folder, tmp_path_factory):
    os.environ["ASSISTANT_KEY"] = "sk-mine"
    directory = tmp_path_factory.mktemp("stack")
    running = RunningStack(directory / ".local", "--target", folder / "assistant.py")
    running.home = directory
    yield running
    del os.environ["ASSISTANT_KEY"]
    assert running.stop() == 0


def post(stack, path, body):
    connection = http.client.HTTPConnection(urlsplit(stack.url).netloc)
    headers = {"Origin": stack.demo_url, "Content-Type": "application/json"}
    connection.request("POST", f"/v1/client/{path}", json.dumps(body), headers)
    response = connection.getresponse()
    read = [response.read()]
    connection.close()
    # What tests of functions read answers from.
    return TestResponse(read, str(response.status), Headers(response.getheaders()), EnvironBuilder().get_request())


@pytest.fixture
def ask(stack):
    """`ask("Hello")`: the response of chat, in a session of its own."""

    def ask(text):
        session = post(stack, "init", {"token": stack.client_token}).json["sessionId"]
        return post(stack, "chat", {"sessionId": session, "messages": [{"role": "user", "content": text}]})

    return ask


@pytest.fixture
def operate(stack):
    def operate(*words):
        command = [sys.executable, *CLIENT_TOKENS[1:], *words, "--local"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=stack.home, env=environment, capture_output=True, text=True, check=False)

    return operate


def test_handler_answers_the_demo_page_and_edited_code_the_next_message(ask, folder, stack):
    assert reply(ask("tea?")) == "Hello: tea?"
    (folder / "words.py").write_text("GREETING = 'Good day to you'\n")
    assert reply(ask("tea?")) == "Good day to you: tea?"
    assert any(f"Its flow is answered by {folder / 'assistant.py'}." in line for line in stack.lines)


def test_handler_runs_with_the_developers_environment(ask):
    """And not with the AWS in memory, whose credentials would keep it from real services."""
    assert reply(ask("environment")) == "sk-mine None"


def test_handler_runs_under_lambdas_runtime_client(ask, stack):
    assert reply(ask("context")) == f"assistant {stack.handler_arn}"


def test_error_of_the_handler_is_shown_to_the_developer_alone(ask, stack):
    answer = ask("fail")
    assert_refused(answer, 502, "target_function_failed")
    assert "tea" not in answer.text
    assert any(line.startswith("assistant | ") and "too much tea" in line for line in stack.lines)


def test_targets_test_shows_the_handlers_answer(operate):
    tried = operate("targets", "test", "--tenant", "demo", "flow_demo", "--message", "tea?")
    assert tried.stdout.endswith(": tea?\n"), tried.stderr
    assert "It used 5 input tokens and 7 output tokens." in tried.stderr


def test_served_handler_is_listed_as_allowed(operate, stack):
    """To its owner and to an operator, although the template's parameters allow no function."""
    connection = http.client.HTTPConnection(urlsplit(stack.url).netloc)
    connection.request("GET", "/v1/targets", headers={"Authorization": f"Bearer {stack.api_key}"})
    listed = json.loads(connection.getresponse().read())["targets"]
    connection.close()
    assert [(one["kind"], one["isAllowed"]) for one in listed if one["id"] == "flow_demo"] == [("aws_lambda", True)]
    (of_operator,) = json.loads(operate("targets", "list", "--tenant", "demo", "--json").stdout)
    assert {**of_operator, "settings": None} == {**listed[0], "settings": None}


def test_only_the_served_handler_can_be_registered(operate, stack):
    words = ("targets", "register", "--tenant", "demo", "flow_other", "--kind", "aws_lambda", "--set")
    arn = f"function_arn={stack.handler_arn}"
    assert operate(*words, arn, "--set", "attachments=1000").returncode == 0
    refused = operate(*words, f"{arn}-other", "--yes")
    assert "cannot answer in the local stack" in refused.stderr


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("missing.py", None, "there is no such file"),
        ("handler.txt", "", "must be a Python file"),
        ("my-handler.py", "", "must be a Python file whose name is letters, digits, and _"),
        ("handler.py", "def handler(", "cannot be compiled: "),
        ("handler.py", "def answer(event, context): ...", "has no function handler(event, context)"),
    ],
)
def test_file_without_a_handler_is_refused_in_a_sentence(tmp_path, name, code, why):
    if code is not None:
        (tmp_path / name).write_text(code)
    with pytest.raises(NotAHandler, match=re.escape(why)):
        OwnHandler(tmp_path / name, {}, lambda *_: None)


@pytest.fixture
def handler(tmp_path):
    """`handler(code)`: the events of one invocation, as botocore reads them."""
    made = []

    def handler(code, event=None):
        (tmp_path / "handler.py").write_text(code)
        made.append(OwnHandler(tmp_path / "handler.py", os.environ, lambda *_: None))
        application = Invocations(made[-1], lambda *_: [])
        path = f"/2021-11-15/functions/{quote(made[-1].arn)}/response-streaming-invocations"
        answer = Client(application).post(path, data=json.dumps(event or {}))
        buffer = EventStreamBuffer()
        buffer.add_data(answer.data)
        return [(one.headers[":event-type"], json.loads(one.payload)) for one in buffer]

    yield handler
    for one in made:
        one.stop()


def test_invocation_streams_as_lambda_does(handler):
    events = handler("def handler(event, context): return event", {"a": "é"})
    assert events == [("PayloadChunk", {"a": "é"}), ("InvokeComplete", {})]


def test_lambdas_own_variables_are_not_the_developers(handler, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_EXEC_WRAPPER", "/opt/stream")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "other")
    code = "import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_FUNCTION_NAME']"
    assert handler(code) == [("PayloadChunk", "handler"), ("InvokeComplete", {})]


def test_failed_invocation_ends_with_its_error(handler):
    ((kind, error),) = handler("def handler(event, context): raise ValueError")
    assert (kind, error["ErrorCode"]) == ("InvokeComplete", "Unhandled")


def test_invocation_past_its_time_limit_is_a_timeout(handler, monkeypatch):
    monkeypatch.setattr(own_handler, "_TIMEOUT", 0.2)
    ((kind, error),) = handler("import threading\ndef handler(event, context): threading.Event().wait()")
    assert (kind, error["ErrorCode"]) == ("InvokeComplete", "Sandbox.Timedout")


def test_tools_beside_a_handler_are_not_watched(tmp_path):
    others = (".git/hook.py", "env/lib/package.py", "node_modules/gyp/gyp.py", "lib/node_modules/a.py")
    for path in ("handler.py", "lib/words.py", *others):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "env/pyvenv.cfg").write_text("")
    watched = {str(file.relative_to(tmp_path)) for file, *_ in functions._modules(tmp_path)}
    assert watched == {"handler.py", "lib/words.py"}


def test_file_that_vanishes_is_not_watched(tmp_path):
    (tmp_path / "handler.py").write_text("")
    (tmp_path / "words.py").symlink_to(tmp_path / "gone.py")
    assert [file.name for file, *_ in functions._modules(tmp_path)] == ["handler.py"]


def test_folder_with_too_many_files_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(functions, "_FILES_MAX", 2)
    for name in ("handler.py", "a.txt", "b.txt"):
        (tmp_path / name).write_text("def handler(event, context): ...")
    with pytest.raises(NotAHandler, match=r"has more than 2 files, too many to watch\. Move the code to a folder of"):
        OwnHandler(tmp_path / "handler.py", {}, lambda *_: None)


def test_handler_may_take_as_long_as_chat_waits():
    _, longest = whole_numbers.bounds(template.read()["Parameters"]["ChatTimeout"])
    assert longest < own_handler._TIMEOUT
