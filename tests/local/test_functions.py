"""Functions in their own processes, under Lambda's runtime client and under the stand-in."""

import dataclasses
import http.client
import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from infra.local import code as places
from infra.local.api import InvocationFailed
from infra.local.cloud import Function
from infra.local.functions import Functions
from infra.local.template import ROOT
from tests.local_stack import STOPS_WITHIN_SECONDS

SAMPLE = """
import os, threading
from shared.words import GREETING

def greet(event, context):
    print("greeting", event["name"])
    return {"said": f"{GREETING}, {event['name']}", "process": os.getpid()}

def context(event, context):
    return {
        "name": context.function_name, "arn": context.invoked_function_arn, "id": context.aws_request_id,
        "memory": int(context.memory_limit_in_mb), "left": context.get_remaining_time_in_millis(),
    }

def environment(event, context):
    return dict(os.environ)

def fail(event, context):
    raise KeyError("who")

def recover(event, context):
    from shared import log
    try:
        raise KeyError("who")
    except KeyError as error:
        log.fault(error, operation="sample", request_id="r")
    return "recovered"

def scare(event, context):
    print("\\x1b]0;owned\\x07 \\x9b2J \\u202e \\ttea é 🍵")
    raise ValueError("\\x1b[2J")

def crash(event, context):
    os._exit(3)

def hang(event, context):
    threading.Event().wait()

def wait(event, context):
    with open(event["pipe"]) as pipe:
        return {"process": os.getpid(), "read": pipe.read()}

def swell(event, context):
    return "x" * (6 * 1024 * 1024)

def nonsense(event, context):
    return {1, 2}
"""
LOG = """
def fault(error, *, operation, request_id):
    print("recorded", type(error).__name__)
"""
CLIENTS = ["infra.local.runtime"] + ["awslambdaric"] * bool(importlib.util.find_spec("awslambdaric"))


class Code:
    """A repository with one handler module and one library, and the functions that run from it."""

    def __init__(self, root, client):
        self.root, self.lines = root, []
        self.write("functions/sample.py", SAMPLE)
        self.write("functions/broken.py", "import no_such_module")
        self.write("shared/words.py", "GREETING = 'Hello'")
        self.write("shared/log.py", LOG)
        # The stand-in has to be found where only this code is.
        (root / "infra").symlink_to(ROOT / "infra")
        names = ["greet", "context", "environment", "fail", "recover", "scare", "crash", "wait", "swell", "nonsense"]
        declared = {name: self._declare(f"sample.{name}") for name in names}
        declared |= {"hang": self._declare("sample.hang", timeout=0.1), "broken": self._declare("broken.handler")}
        here = dataclasses.replace(places.source(root), client=client)
        self.functions = Functions(
            declared, here, "http://127.0.0.1:1", lambda name, line: self.lines.append((name, line))
        )
        self.invoke = self.functions.invoke

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def _declare(self, handler, timeout=20):
        environment = {"TABLE_NAME": "table"}
        return Function(f"local-{handler}", f"arn:{handler}", handler, timeout, memory=512, environment=environment)


@pytest.fixture(params=CLIENTS)
def code(request, tmp_path):
    code = Code(tmp_path, request.param)
    yield code
    code.functions.stop()


def test_process_handles_events_one_after_another(code):
    first = code.invoke("greet", {"name": "Ada"})
    second = code.invoke("greet", {"name": "Zoë"})
    assert (first["said"], second["said"]) == ("Hello, Ada", "Hello, Zoë")
    assert first["process"] == second["process"] != os.getpid()


def test_context_has_the_attributes_of_lambda(code):
    context = code.invoke("context", {})
    assert (context["name"], context["arn"], context["memory"]) == ("local-sample.context", "arn:sample.context", 512)
    assert context["id"] != code.invoke("context", {})["id"]
    assert 0 < context["left"] <= 20_000


def test_function_does_not_see_the_environment_of_the_developer(code, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("MY_SECRET", "s3cret")
    seen = code.invoke("environment", {})
    assert {"AWS_PROFILE", "MY_SECRET", "HOME"}.isdisjoint(seen)
    assert seen["TABLE_NAME"] == "table"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert seen["AWS_REGION"] == seen["AWS_DEFAULT_REGION"] == "us-east-1"
    assert seen["LAMBDA_TASK_ROOT"] == str(code.root / "functions")
    assert seen["_HANDLER"] == "sample.environment"
    assert seen["AWS_CONFIG_FILE"] == seen["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def failure(code, name):
    with pytest.raises(InvocationFailed) as caught:
        code.invoke(name, {})
    return str(caught.value)


def test_function_that_raises_fails_and_stays_alive(code):
    assert failure(code, "fail") == "KeyError: 'who'"
    assert failure(code, "fail") == "KeyError: 'who'"


def test_fault_in_a_handler_shows_its_exception_to_the_developer(code):
    assert code.invoke("recover", {}) == "recovered"
    code.functions.stop()
    said = [line for name, line in code.lines if name == "recover"]
    assert said[0] == "Traceback (most recent call last):"
    assert "KeyError: 'who'" in said
    assert "recorded KeyError" in said


def test_response_that_is_not_json_fails(code):
    assert "not JSON serializable" in failure(code, "nonsense")


def test_response_over_6_mb_fails(code):
    assert failure(code, "swell").startswith("Response payload size exceeded maximum allowed payload size")


def test_crashed_function_is_restarted(code):
    assert failure(code, "crash") == "Runtime exited with status 3"
    assert failure(code, "crash") == "Runtime exited with status 3"


def test_function_that_times_out_is_killed(code):
    assert failure(code, "hang") == "Task timed out after 0.10 seconds"
    assert failure(code, "hang") == "Task timed out after 0.10 seconds"


def test_function_that_cannot_start_fails_until_it_is_fixed(code):
    assert "no_such_module" in failure(code, "broken")
    code.write("functions/broken.py", "def handler(event, context): return 'fixed'")
    assert code.invoke("broken", {}) == "fixed"


@pytest.mark.parametrize("changed", ["functions/sample.py", "shared/words.py"])
def test_changed_code_runs_at_the_next_event(code, changed):
    before = code.invoke("greet", {"name": "Ada"})
    text = (code.root / changed).read_text()
    code.write(changed, text.replace("Hello", "Good day").replace("{GREETING},", "{GREETING} to you,"))
    after = code.invoke("greet", {"name": "Ada"})
    assert after["process"] != before["process"]
    assert after["said"] != before["said"]


def test_output_is_prefixed_with_the_function_name(code):
    code.invoke("greet", {"name": "Ada"})
    code.functions.stop()
    assert ("greet", "greeting Ada") in code.lines


def test_control_characters_in_function_output_are_escaped(code):
    assert failure(code, "scare") == "ValueError: \\x1b[2J"
    code.functions.stop()
    said = [line for name, line in code.lines if name == "scare"]
    assert said[0] == "\\x1b]0;owned\\x07 \\x9b2J \\u202e \ttea é 🍵"
    assert all(line.replace("\t", "").isprintable() for line in said)


def runtime_api(code):
    """The address and the path of a function's Runtime API."""
    address, _, path = code.invoke("environment", {})["AWS_LAMBDA_RUNTIME_API"].partition("/")
    return address, f"/{path}"


def asked(address, path, method="GET", **headers):
    connection = http.client.HTTPConnection(address, timeout=STOPS_WITHIN_SECONDS)
    connection.request(method, path, b"{}", {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    connection.close()
    return response.status


NEXT = "/2018-06-01/runtime/invocation/next"
RESPONSE = "/2018-06-01/runtime/invocation/1/response"


@pytest.mark.parametrize(("method", "call"), [("GET", NEXT), ("POST", RESPONSE)])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_no_website_reaches_the_runtime_api(code, method, call, headers):
    address, path = runtime_api(code)
    assert asked(address, path + call, method, **headers) == 404


@pytest.mark.parametrize(("method", "call"), [("GET", NEXT), ("POST", RESPONSE)])
def test_the_runtime_api_answers_only_below_its_path(code, method, call):
    address, path = runtime_api(code)
    assert len(path) > 20
    for wrong in ("", path[:-1], path.swapcase(), f"{path}x", f"/{'é' * 8}"):
        assert asked(address, quote(wrong + call), method) == 404
    assert runtime_api(code) == (address, path)
    assert code.invoke("greet", {"name": "Ada"})["said"] == "Hello, Ada"


def test_each_environment_has_its_own_path(code):
    first = runtime_api(code)[1]
    code.write("shared/words.py", "GREETING = 'Good day'")
    assert runtime_api(code)[1] != first


def test_concurrent_events_go_to_separate_processes(code):
    pipes = [code.root / name for name in ("one", "two")]
    for pipe in pipes:
        os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(code.invoke, "wait", {"pipe": str(pipe)}) for pipe in pipes]
        # Opening waits until the function has opened the other end: both run by now.
        for writer in [pipe.open("w") for pipe in pipes]:
            writer.write("go")
            writer.close()
        first, second = [answer.result() for answer in answers]
    assert first["read"] == second["read"] == "go"
    assert first["process"] != second["process"]


def test_function_ends_when_its_stack_is_gone(code):
    """When the stack dies, however it dies, this is what its functions see: their wait for an event breaks off."""
    code.invoke("greet", {"name": "Ada"})
    (environment,) = code.functions._running
    environment._api.events.put(None)
    environment._api.server_close()
    assert environment._process.wait(timeout=STOPS_WITHIN_SECONDS) != 0


def test_after_stopping_nothing_starts(code):
    code.invoke("greet", {"name": "Ada"})
    code.functions.stop()
    assert failure(code, "greet") == "the stack stops"


@pytest.mark.parametrize(
    ("importable", "client"), [({"awslambdaric", "runtime_client"}, "awslambdaric"), (set(), "infra.local.runtime")]
)
def test_runtime_client_of_lambda_is_used_if_installed(monkeypatch, importable, client):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in importable else None)
    assert places.source().client == client
