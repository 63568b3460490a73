"""A model on this machine, behind OpenAI's chat completions. It calls a tool of the page, and repeats its outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from infra.local import loopback
from infra.local.template import ROOT

FLOW = "flow_model"
TOOL, CALLS, BEFORE = "ask", 2, "Let me ask."
_FUNCTION = {"name": TOOL, "arguments": "{}"}
_CALLED = [{"index": one, "id": f"call_{one}", "type": "function", "function": _FUNCTION} for one in range(CALLS)]
_COMMAND = [sys.executable, "-c", "import sys; from infra.cli.main import main; sys.exit(main())"]


def answer(*outputs: str) -> str:
    """What it says to the outputs of its calls."""
    return f"The page says {' and '.join(outputs)}."


@contextmanager
def serve(tenant: str, directory: Path) -> Iterator[None]:
    """As a target of the tenant, until this block ends. `directory`: whose `.local` has the stack's state file."""
    server = loopback.Server(_Handler)
    settings = ["--set", f"base_url=http://{server.address}/v1", "--set", "model=soak"]
    register = ["targets", "register", "--local", "--tenant", tenant, FLOW, "--kind", "openai", *settings]
    try:
        registered = subprocess.run(  # noqa: S603 - our own
            [*_COMMAND, *register],
            cwd=directory,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
        )
        if registered.returncode:
            sys.exit(f"The target was not registered: {registered.stderr.decode()}")
        yield
    finally:
        server.stop()


class _Handler(loopback.Handler):
    def do_POST(self) -> None:  # noqa: N802 - http.server's name for it
        messages = json.loads(self.body())["messages"]
        # Of this answer alone: later messages have only texts in their history.
        outputs = [json.loads(message["content"])["output"] for message in messages if message["role"] == "tool"]
        parts = [{"content": answer(*outputs)}] if outputs else [{"content": BEFORE}, {"tool_calls": _CALLED}]
        choices: list[dict[str, Any]] = [{"index": 0, "delta": part} for part in parts]
        choices.append({"index": 0, "delta": {}, "finish_reason": "stop" if outputs else "tool_calls"})
        stream = "".join(f"data: {json.dumps({'choices': [choice]})}\n\n" for choice in choices) + "data: [DONE]\n\n"
        self.answer(HTTPStatus.OK, {"Content-Type": "text/event-stream"}, stream.encode())
