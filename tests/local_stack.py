"""A running local stack for tests over HTTP: `stack.url`, `stack.api_key`, and the rest of its state file."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from infra.local import access
from tests.command import CLIENT_TOKENS

ROOT = Path(__file__).parents[1]
# Functions may stop slowly on a busy machine.
STOPS_WITHIN_SECONDS = 30
# The start of a line that reports a request that AWS would reject.
REJECTED = "AWS would reject"


class RunningStack:
    """`python -m infra.local` on a free port, with an AWS as strict as the real one. `lines`: its output."""

    def __init__(self, directory, *options, wrapper=()):
        self.state_file = Path(directory) / "stack.json"
        command = [
            *wrapper,
            sys.executable,
            "-m",
            "tests.verified_stack",
            "--port",
            "0",
            "--directory",
            directory,
            *options,
        ]
        self.process = subprocess.Popen(
            [str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = []
        is_ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(is_ready,), daemon=True)
        self._reader.start()
        is_ready.wait()
        if self.process.poll() is not None:
            raise AssertionError("The stack did not start:\n" + "".join(self.lines))
        state = json.loads(self.state_file.read_text())
        for name, value in state.items():
            setattr(self, re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), name), value)

    def _read(self, is_ready):
        with self.process.stdout:
            for line in self.process.stdout:
                self.lines.append(line)
                if line.startswith("The API listens on"):
                    is_ready.set()
        self.process.wait()
        is_ready.set()

    def stop(self, how=signal.SIGTERM):
        """Stops it and returns its exit code. A stack that does not end in time is killed and fails the test."""
        self.process.send_signal(how)
        try:
            return self.process.wait(STOPS_WITHIN_SECONDS)
        finally:
            self.process.kill()
            self._reader.join()


@pytest.fixture(scope="session")
def stack(tmp_path_factory, request):
    as_built = ["--artifact"] if request.config.getoption("artifact") else []
    # The tests are one tenant, which asks for more lists than the default limit allows.
    lists = ["--parameter", "ManagementListsPerMinute=60000"]
    running = RunningStack(tmp_path_factory.mktemp("stack"), *as_built, *lists)
    yield running
    assert running.stop() == 0
    assert [line for line in running.lines if REJECTED in line] == []


@pytest.fixture(scope="session")
def operate(stack):
    """Runs the operator's command line against the local stack and returns its output."""
    environment = os.environ | access.variables(stack.aws_endpoint)

    def run(*arguments):
        command = [*CLIENT_TOKENS, *arguments, "--stack", stack.stack_name]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run
