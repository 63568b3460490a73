"""One event for the function, and the context object that its handler gets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler gets beside the event, in the words of Lambda's own client. `deadline`: seconds since 1970."""

    aws_request_id: str
    invoked_function_arn: str
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.time()) * 1000))


@dataclass(frozen=True, slots=True)
class Invocation:
    """`deadline`: seconds since 1970, after which Lambda ends the process. `echoed`: headers to send back with the
    response. `trace`: the X-Ray header, or empty.
    """

    id: str
    event: Any
    deadline: float
    function_arn: str
    trace: str
    echoed: Mapping[str, str]

    @property
    def context(self) -> Context:
        return Context(self.id, self.function_arn, self.deadline)
