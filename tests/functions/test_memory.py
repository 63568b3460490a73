"""The largest bodies that reach a function, with the content that takes the most memory once parsed."""

import json
import subprocess
import sys

import pytest

from shared.wire.json_body import VALUES_MAX
from tests.aws.in_memory import STACK

# As large as fits into an event of 6 MB.
BODY_BYTES = 6_200_000
FEW_MB = 64
_READ = """
import sys
from datetime import UTC, datetime
from secrets import token_bytes
from shared.errors import ApiError
from shared.wire.chat import Chat

try:
    Chat.read(sys.stdin.read()).page_input(datetime.now(UTC), token_bytes)
except ApiError as refused:
    print(refused.code)
else:
    print("read")
# Not getrusage, whose maximum counts what the process was forked from, too.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""
_MESSAGE = {"id": "usr_1", "role": "user", "content": "Hi"}
_WORST = "[[[[[[]]]]]]"
# Each counts as seven values: six brackets and a comma. As many as a body may have, or as fit into it.
_FEW = (2 * VALUES_MAX - 100) // 7
_MANY = (BODY_BYTES - 1000) // (len(_WORST) + 1)
_SESSION_ID = f"cs_{'0' * 26}_{'0' * 20}_{'0' * 32}"


def body(lists, **fields):
    """Replaces FILLED with this many lists of lists, and an ignored field with as much text as fits."""
    template = json.dumps({"sessionId": _SESSION_ID, "messages": [_MESSAGE], "ignored": "TEXT"} | fields)
    template = template.replace('"FILLED"', "[" + ",".join([_WORST] * lists) + "]")
    return template.replace("TEXT", "\\ud83d" * ((BODY_BYTES - len(template)) // 6))


@pytest.mark.skipif(sys.platform != "linux", reason="looks at its memory through /proc")
@pytest.mark.parametrize(
    ("lists", "fields", "outcome"),
    [
        (_FEW, {"messages": ["FILLED", _MESSAGE]}, "read"),
        (_FEW, {"messages": [{"role": "user", "content": "FILLED"}]}, "invalid_request"),
        (_FEW, {"inputs": {"a": "FILLED"}, "context": {"half an emoji": "\ud83d"}}, "read"),
        (_MANY, {"messages": ["FILLED", _MESSAGE]}, "too_large"),
    ],
    ids=["old messages", "parts of the message", "inputs", "more values than a body may have"],
)
def test_largest_bodies_fit_into_function_memory(lists, fields, outcome):
    sent = body(lists, **fields)
    assert BODY_BYTES - 1000 < len(sent) <= BODY_BYTES
    ran = subprocess.run([sys.executable, "-c", _READ], input=sent, capture_output=True, text=True, check=True)
    said, peak_mb = ran.stdout.split()
    assert said == outcome
    # The event itself and the response also take memory.
    assert int(peak_mb) + FEW_MB < STACK.functions["Chat"].memory
