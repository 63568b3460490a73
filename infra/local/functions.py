"""Runs the template's functions: processes start on first use, and again when the code has changed."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.local import access
from infra.local.api import InvocationFailed
from infra.local.cloud import Function
from infra.local.code import Code
from infra.local.environment import Environment

# Processes at once, for a laptop; the next event waits, where Lambda would start one more. A function that streams
# mostly waits for its target, perhaps for minutes.
_AT_ONCE, _STREAMS_AT_ONCE = 4, 24
# The wrapper that starts a function that streams, from a layer.
_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
# Looked at with every event.
_FILES_MAX = 10_000
_TOOLS = {"__pycache__", "node_modules"}
_CODE = (".py", ".js", ".css", ".html")

Log = Callable[[str, str], None]
"""Takes a function's logical id and a line that it printed."""


def variables(function: Function, endpoint: str | None, task: Path, libraries: Iterable[Path]) -> dict[str, str]:
    """The variables that Lambda and the template set; of the developer's environment, only the path of programs.

    `task`: the folder of the function. `libraries`: replace its layers. `endpoint`: of AWS; None leaves it to the
    function's environment.
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(map(str, libraries)),
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(task),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "local",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        **(access.variables(endpoint) if endpoint else {}),
        **function.environment,
        # No role keeps a target from what it names.
        **{name: "*" for name in function.environment if name.startswith("PERMITTED_")},
    }


class Functions:
    """`endpoint`: of AWS; None leaves it to the environments of the functions."""

    def __init__(self, functions: Mapping[str, Function], code: Code, endpoint: str | None, log: Log) -> None:
        self._functions = functions
        self._code = code
        self._endpoint = endpoint
        self._log = log
        self._slots = {
            name: threading.BoundedSemaphore(_STREAMS_AT_ONCE if _WRAPPER in function.environment else _AT_ONCE)
            for name, function in functions.items()
        }
        self._idle: dict[str, list[tuple[int, Environment]]] = {name: [] for name in functions}
        self._lock = threading.Lock()
        self._running: set[Environment] = set()
        self._is_stopping = False

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """Returns the function's response to `event`. Raises InvocationFailed. `name`: its logical id."""
        return json.loads(b"".join(self.stream(name, event)))

    def stream(self, name: str, event: dict[str, Any]) -> Iterator[bytes]:
        """Yields the parts of the response as they arrive. Take all: an environment serves one event at a time."""
        with self._slots[name]:
            version = self.version()
            environment = self._take(name, version)
            try:
                yield from environment.stream(event, self._functions[name].timeout)
            finally:
                self._give_back(name, version, environment)

    def stop(self) -> None:
        with self._lock:
            self._is_stopping = True
            running = list(self._running)
        stopping = [threading.Thread(target=environment.stop) for environment in running]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()

    def version(self) -> int:
        """A version that changes with any file of the code. Raises InvocationFailed if there are too many to watch."""
        return hash(tuple(sorted(one for folder in self._code.edited for one in _modules(folder))))

    def _take(self, name: str, version: int) -> Environment:
        """An idle environment, the most recently used, or a new one."""
        with self._lock:
            while self._idle[name]:
                its_version, environment = self._idle[name].pop()
                if its_version == version and environment.is_alive:
                    return environment
                self._running.discard(environment)
                threading.Thread(target=environment.stop).start()
            if self._is_stopping:
                raise InvocationFailed("the stack stops")
            environment = self._start(name)
            self._running.add(environment)
            return environment

    def _give_back(self, name: str, version: int, environment: Environment) -> None:
        with self._lock:
            self._idle[name].append((version, environment))

    def _start(self, name: str) -> Environment:
        function, code = self._functions[name], self._code
        return Environment(
            code.command(function.handler, function.environment.get(_WRAPPER)),
            variables(function, self._endpoint, code.task, code.libraries(name)),
            code.task,
            function.arn,
            lambda line: self._log(name, line),
        )


def _modules(folder: Path) -> Iterator[tuple[Path, int, int]]:
    """The files of code in a folder, without those of tools, and when they changed, and their sizes."""
    seen = 0
    for path, folders, files in os.walk(folder):
        here = Path(path)
        folders[:] = [one for one in folders if not _is_of_a_tool(here / one)]
        seen += len(folders) + len(files)
        if seen > _FILES_MAX:
            raise InvocationFailed(
                f"{folder} has more than {_FILES_MAX:,} files, too many to watch. Move the code to a folder of its own."
            )
        for file in files:
            if file.endswith(_CODE):
                # An editor may replace a file at this moment.
                with contextlib.suppress(OSError):
                    found = (here / file).stat()
                    yield here / file, found.st_mtime_ns, found.st_size


def _is_of_a_tool(folder: Path) -> bool:
    """Such as a virtual environment beside a handler."""
    return folder.name.startswith(".") or folder.name in _TOOLS or (folder / "pyvenv.cfg").exists()
