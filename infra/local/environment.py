"""An execution environment of a function: a process that gets events through Lambda's Runtime API on loopback."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from infra.local.api import InvocationFailed
from infra.local.runtime_api import Ended, Event, Failed, Outcome, Part, Ready, RuntimeApi
from infra.local.terminal import harmless

# Lambda's own limit.
_INIT_SECONDS = 10.0


class Environment:
    """Serves one event at a time. After InvocationFailed by a crash or a timeout, `is_alive` is false."""

    def __init__(
        self,
        command: list[str],
        variables: Mapping[str, str],
        directory: Path,
        arn: str,
        log: Callable[[str], None],
    ) -> None:
        self._arn = arn
        self._log = log
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._api = RuntimeApi(self._outcomes)
        # In its own session: Ctrl-C in the terminal is for the stack, which then stops its functions.
        self._process = subprocess.Popen(  # noqa: S603 - the command is our own
            command,
            cwd=directory,
            env=dict(variables) | {"AWS_LAMBDA_RUNTIME_API": f"{self._api.address}{self._api.path}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._is_ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def invoke(self, event: dict[str, Any], timeout: float) -> Any:
        """Returns the function's response. `timeout`: seconds after it has started. Raises InvocationFailed."""
        return json.loads(b"".join(self.stream(event, timeout)))

    def stream(self, event: dict[str, Any], timeout: float) -> Iterator[bytes]:
        """Yields the parts of the function's response as they arrive, or one part if it does not stream.

        Raises InvocationFailed, possibly after some parts. The whole response must arrive within `timeout`. The
        environment serves no other event until the last part is taken.
        """
        self.start_up()
        deadline = time.monotonic() + timeout
        self._api.events.put(Event(str(uuid.uuid4()), self._arn, time.time() + timeout, json.dumps(event).encode()))
        while isinstance(outcome := self._await(deadline, timeout), Part):
            yield outcome.body

    def start_up(self) -> None:
        """Waits until the function has started and asks for its first event. Raises InvocationFailed."""
        if self._is_ready:
            return
        try:
            self._await(time.monotonic() + _INIT_SECONDS, _INIT_SECONDS)
        except InvocationFailed:
            # It may still be ending, and must not be reused.
            self._kill()
            raise
        self._is_ready = True

    def stop(self) -> None:
        """Kills the process, as Lambda does."""
        self._kill()
        self._watcher.join()
        self._api.events.put(None)
        self._api.stop()

    def _await(self, deadline: float, seconds: float) -> Ready | Part | Ended:
        """`deadline`: by the monotonic clock. `seconds`: the whole timeout, for the message."""
        try:
            outcome = self._outcomes.get(timeout=max(0, deadline - time.monotonic()))
        except queue.Empty:
            self._kill()
            raise InvocationFailed(f"Task timed out after {seconds:.2f} seconds") from None
        if isinstance(outcome, Failed):
            raise InvocationFailed(outcome.why)
        return outcome

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _watch(self) -> None:
        """Prints the function's output line by line, and finally how it ended."""
        with cast("Any", self._process.stdout) as lines:
            for line in lines:
                # The runtime client writes a traceback as one record: carriage returns, and spaces that do not break.
                for part in line.decode(errors="replace").rstrip().replace("\xa0", " ").split("\r"):
                    self._log(harmless(part))
        self._outcomes.put(Failed(f"Runtime exited with status {self._process.wait()}"))
