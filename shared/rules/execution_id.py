"""The id of an execution: of one attempt to answer a message, from its start to the reply or the end of its pauses.

It says where its turn is stored, so one read finds it. It ends with a secret of 128 random bits, which the turn holds.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from shared.rules import base62, message_log
from shared.rules.identifier import RandomBytes

_SECRET_LENGTH = 22
_SHAPE = re.compile(rf"exec_([0-9A-Za-z]{{7}})([0-9A-Za-z]{{6}})([0-9A-Za-z]{{{_SECRET_LENGTH}}})")


class ExecutionId(NamedTuple):
    """`said_at`, `session`: of the message, see turn.Turn. `secret` proves that its bearer has read the stream."""

    said_at: datetime
    session: str
    secret: str

    def __str__(self) -> str:
        return f"exec_{message_log.encode_time(self.said_at)}{self.session}{self.secret}"


def new_secret(random_bytes: RandomBytes) -> str:
    return base62.encode(int.from_bytes(random_bytes(16)), _SECRET_LENGTH)


def parse(text: str) -> ExecutionId | None:
    """None if this cannot be the id of an execution."""
    shape = _SHAPE.fullmatch(text)
    return ExecutionId(message_log.decode_time(shape[1]), shape[2], shape[3]) if shape else None
