"""The largest bodies that reach a function, made of what takes most memory once it is read."""

import json
import subprocess
import sys

import pytest

from tests.aws.in_memory import STACK

# As much as fits into an event of 6 MB.
BODY_BYTES = 6_200_000
FEW_MB = 64
_READ = """
import sys
from datetime import UTC, datetime
from secrets import token_bytes
from shared.errors import InvalidRequest
from shared.wire.chat import Chat

try:
    Chat.read(sys.stdin.read()).page_input(datetime.now(UTC), token_bytes)
except InvalidRequest as refused:
    print(refused.code)
else:
    print("read")
# Not getrusage, whose maximum counts what the process was forked from, too.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""
_MESSAGE = {"id": "usr_1", "role": "user", "content": "Hi"}
_WORST = "[[[[[[]]]]]]"
_SESSION_ID = f"cs_{'0' * 26}_{'0' * 20}_{'0' * 32}"


def body(**fields):
    """Replaces FILLED with as many lists as fit."""
    template = json.dumps({"sessionId": _SESSION_ID, "messages": [_MESSAGE]} | fields)
    filler = "[" + ",".join([_WORST] * ((BODY_BYTES - len(template)) // (len(_WORST) + 1))) + "]"
    return template.replace('"FILLED"', filler)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at its memory through /proc")
@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"messages": ["FILLED", _MESSAGE]}, "read"),
        ({"messages": [{"role": "user", "content": "FILLED"}]}, "invalid_request"),
        ({"messages": ["FILLED", "\ud83d", _MESSAGE]}, "read"),
        ({"inputs": {"a": "FILLED"}, "context": {"half an emoji": "\ud83d"}}, "input_too_large"),
    ],
    ids=["old messages", "parts of the message", "old messages, which are mended", "inputs"],
)
def test_largest_bodies_fit_into_a_functions_memory(fields, outcome):
    sent = body(**fields)
    assert BODY_BYTES - 1000 < len(sent) <= BODY_BYTES
    ran = subprocess.run([sys.executable, "-c", _READ], input=sent, capture_output=True, text=True, check=True)
    said, peak_mb = ran.stdout.split()
    assert said == outcome
    # The event itself and the answer are beside it.
    assert int(peak_mb) + FEW_MB < STACK.functions["Chat"].memory
