"""Functions under our runtime client, started as Lambda starts them, against a Runtime API on loopback."""

import os
import queue
import subprocess
import sys

import pytest

from infra.local.template import ROOT
from tests.runtime.runtime_api import RuntimeApi

WITHIN_SECONDS = 20
HANDLERS = '''
"""Handlers that stream."""

import json, os, random, sys

HEAD = {"statusCode": 200, "headers": {"Content-Type": "text/event-stream"}}


def echo(event, context):
    return HEAD, (part.encode() for part in event["parts"])


def from_pipe(event, context):
    """Yields each line of a pipe as it is written, and says when it has come to its end."""
    def parts():
        with open(event["pipe"], "rb") as lines:
            yield from lines
        print("stored")
    return HEAD, parts()


def reported(event, context):
    return HEAD, [json.dumps({
        "id": context.aws_request_id, "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(), "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "path": sys.path, "drawn": random.random(),
    }).encode()]


def fail(event, context):
    raise ValueError("what a visitor wrote")


def fail_at_first(event, context):
    def parts():
        raise ValueError("what a visitor wrote")
        yield b""
    return HEAD, parts()


def fail_later(event, context):
    def parts():
        yield b"one"
        raise ValueError("what a visitor wrote")
    return HEAD, parts()


def hang(event, context):
    def parts():
        yield b"one"
        print("printed before the deadline")
        yield b"two"
        import threading
        threading.Event().wait()
    return HEAD, parts()
'''


class Function:
    """A process of a function."""

    def __init__(self, process):
        self.process = process
        self._printed = None

    def printed(self):
        """All that it printed; waits for its end."""
        if self._printed is None:
            self._printed = self.process.communicate(timeout=WITHIN_SECONDS)[0].decode()
        return self._printed


@pytest.fixture
def runtime_api():
    api = RuntimeApi()
    yield api
    api.stop()


@pytest.fixture
def opt(tmp_path):
    """What the layer looks like, unpacked into /opt."""
    folder = tmp_path / "opt"
    folder.mkdir()
    (folder / "stream").symlink_to(ROOT / "infra/layer/stream")
    (folder / "python").symlink_to(ROOT)
    return folder


@pytest.fixture
def start(runtime_api, opt, tmp_path):
    """Starts a function as Lambda's bootstrap does: the wrapper, with Python and Lambda's own client as arguments."""
    task = tmp_path / "task"
    task.mkdir()
    (task / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    started = []

    def begin(handler, **variables):
        environment = {
            "LAMBDA_TASK_ROOT": str(task),
            "AWS_LAMBDA_RUNTIME_API": runtime_api.address,
            "_HANDLER": f"handlers.{handler}",
            **_measured(),
            **variables,
        }
        process = subprocess.Popen(
            [str(opt / "stream"), sys.executable, "/var/runtime/bootstrap.py"],
            env=environment,
            cwd=os.sep,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return Function(process)

    yield begin
    for process in started:
        process.terminate()
        process.wait(timeout=WITHIN_SECONDS)
        process.stdout.close()


def _measured():
    """What coverage needs to measure the runtime client in its own process, if it measures this one."""
    coverage = sys.modules.get("coverage")
    if not (coverage and coverage.Coverage.current()):
        return {}
    config = coverage.Coverage.current().config.copy()
    config.source, config.run_include = None, [str(ROOT / "shared/runtime/*")]
    return {"COVERAGE_PROCESS_CONFIG": config.serialize()}


def got(source):
    """The next entry of a queue."""
    try:
        return source.get(timeout=WITHIN_SECONDS)
    except queue.Empty:
        raise AssertionError("nothing arrived in time") from None


def whole(runtime_api):
    """The next POST, once all of it has arrived or its connection is gone."""
    posted = got(runtime_api.posts)
    while got(posted.parts) is not None:
        pass
    return posted
