"""`make run`: the local stack in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.local import access, owner_only

if TYPE_CHECKING:
    from infra.local.code import Code
    from infra.local.saved_state import SavedState

ROOT = Path(__file__).parents[2]
# Where a machine of one's own differs from a deployment.
_PARAMETERS = {"Console": "on"}


def main() -> None:
    options = _options()
    listener, demo_listener = _listen(options.port)
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)
    # The terminal is closed.
    signal.signal(signal.SIGHUP, _leave)
    # Late, because it takes seconds, and the error for a busy port should not.
    from infra.local.code import NotBuilt  # noqa: PLC0415
    from infra.local.own_handler import NotAHandler  # noqa: PLC0415
    from infra.local.parameters import InvalidParameters  # noqa: PLC0415
    from infra.local.saved_state import NotReadable, SavedState  # noqa: PLC0415
    from infra.local.stack import Stack  # noqa: PLC0415
    from infra.local.template import NotModeled  # noqa: PLC0415

    own = (options.target, dict(os.environ)) if options.target else None
    access.isolate()
    # Nobody needs the servers' lines about each call, or the translator's about its feature toggles.
    logging.disable(logging.WARNING)
    if sys.stdout.isatty():
        _say("Starting AWS in memory, the functions and the API. This takes some seconds.")
    try:
        kept = SavedState(options.directory / "kept.json") if options.keep else None
        parameters = _PARAMETERS | dict(options.parameter)
        stack = Stack(listener, demo_listener, parameters, _say, as_built=options.artifact, kept=kept, own=own)
    except (NotModeled, NotBuilt, NotReadable, InvalidParameters, NotAHandler) as refusal:
        sys.exit(str(refusal))
    state_file = options.directory / "stack.json"
    state = json.dumps(stack.state, indent=2) + "\n"
    try:
        owner_only.write(state_file, state)
        _say(_greeting(stack.state, stack.code, state_file, kept))
        stack.log_requests()
        threading.Event().wait()
    finally:
        # From here on, further signals are ignored while it ends.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _remove(state_file, state)
        stack.stop()
        _say("Stopped.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local",
        description="Serves template.yaml on this machine: its routes, its functions, and AWS in memory.",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=3000,
        help="where the API listens; the demo page does one above; 0 for any free ports (default: 3000)",
    )
    parser.add_argument(
        "--artifact", action="store_true", help="run the functions as make run ARTIFACT=1 builds them, not the source"
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="go on with the key, the token and the data of the last start that kept them, and keep them again",
    )
    parser.add_argument(
        "--target",
        type=Path,
        metavar="FILE",
        help="a Python file whose handler(event, context) answers the demo page, as a Lambda target",
    )
    parser.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, as often as needed",
    )
    parser.add_argument(
        "--directory",
        type=Path,
        default=ROOT / ".local",
        help="where stack.json goes, which tells other programs how to reach the stack (default: .local)",
    )
    return parser.parse_args()


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not of the form NAME=VALUE")
    return name, value


def _listen(port: int) -> tuple[socket.socket, socket.socket]:
    """Listens on the API's port and on the next one for the demo page; 0 chooses both."""
    return _bound(port, port), _bound(port and port + 1, port)


def _bound(port: int, first: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        why = error.strerror
    except OverflowError:
        why = "there is no such port"
    else:
        return listener
    sys.exit(
        f"Port {port} cannot be used: {why}. The local stack needs two ports: {first} for the API and {first + 1} for "
        "the demo page. Choose others with PORT=3100."
    )


def _remove(file: Path, text: str) -> None:
    """Removes the state file, unless it is gone or belongs to another stack by now."""
    with suppress(FileNotFoundError):
        if file.read_text(encoding="utf-8") == text:
            file.unlink()


def _greeting(state: Mapping[str, Any], code: Code, state_file: Path, kept: SavedState | None) -> str:
    url, key, token_id = state["url"], state["apiKey"], state["clientTokenId"]
    ends = "Everything is in memory and ends with Ctrl-C. make run KEEP=1 keeps the key, the token, and the data."
    if kept:
        ends = f"Ctrl-C ends it. {kept.file} keeps the key, the token, and the data for the next KEEP=1."
    edits = "Edit functions/ or shared/: the next request runs your code."
    answers = "Its flow repeats what visitors say. Your own handler can answer: make run TARGET=path/to/handler.py."
    if "handler" in state:
        answers = f"Its flow is answered by {state['handler']}. Edit it: the next message runs your code."
    built = "This is what was built for this machine. Without ARTIFACT=1, make run serves the source as you edit it."
    return f"""
The API listens on {url}
The console is     {url}/console
The demo page is   {state["demoUrl"]}, a website with a chat
The reference is   {state["demoUrl"]}/docs, and {state["demoUrl"]}/openapi.json for tools

{answers}
Functions run from {code.task} under {code.client}. AWS is moto on {state["awsEndpoint"]}.
{ends}
Programs find the addresses and the key in {state_file}.

Sign in to the console with this API key:

  {key}

Create a client token:

  curl {url}/v1/client-tokens \\
    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{{"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"], "flowIds": ["{state["flowId"]}"]}}'

List the tokens, or read the demo page's:

  curl {url}/v1/client-tokens -H 'Authorization: Bearer {key}'
  curl {url}/v1/client-tokens/{token_id} -H 'Authorization: Bearer {key}'

Switch the demo page's token off, and send a message there:

  curl -X PUT {url}/v1/client-tokens/{token_id} \\
    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{{"isActive": false}}'

Switch it on again:

  curl -X PUT {url}/v1/client-tokens/{token_id} \\
    -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\
    -d '{{"isActive": true}}'

Create another API key with the operator's command line (--help lists its commands):

  .venv/bin/client-tokens keys create --local --tenant {state["tenant"]} --name "Second key"

{edits if code.edited else built} More is in docs/local.md.
"""


def _say(text: str) -> None:
    # One write, so that lines of different threads do not mix.
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _leave(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
