"""Hands lines of the functions' logs to the functions that subscribe to them, as CloudWatch Logs and Lambda do.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import queue
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local import template as sam
from infra.local.api import InvocationFailed
from infra.local.call import ACCOUNT
from infra.local.template import NotModeled, Template

# CloudWatch collects the lines of a stream for some seconds.
_COLLECT_SECONDS = 0.5
_LINES_MAX = 1000
# Lambda invokes the function again twice, after minutes.
_ATTEMPTS = 3
_STRING = re.compile(r'\$\.(\w+) = "([^"]*)"')
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class FilterPattern:
    """The patterns that compare fields of a JSON object with texts: `{ $.kind = "a" && $.id = "b_*" }`."""

    fields: tuple[tuple[str, re.Pattern[str]], ...]

    @classmethod
    def parse(cls, text: str) -> FilterPattern:
        """Raises NotModeled for any other pattern."""
        inner = re.fullmatch(r"\{ (.+) \}", text)
        parts = [_STRING.fullmatch(part) for part in inner[1].split(" && ")] if inner else [None]
        fields = tuple((part[1], re.compile(re.escape(part[2]).replace(r"\*", ".*"))) for part in parts if part)
        if len(fields) < len(parts):
            raise NotModeled(f"The local stack does not model the filter pattern {text}.")
        return cls(fields)

    def matches(self, line: str) -> bool:
        try:
            found = json.loads(line)
        except ValueError:
            return False
        return isinstance(found, dict) and all(
            isinstance(found.get(name), str) and pattern.fullmatch(found[name]) for name, pattern in self.fields
        )


@dataclass(frozen=True, slots=True)
class Subscription:
    """`group`: the logical id of the log group, as is `function`."""

    name: str
    group: str
    pattern: FilterPattern
    function: str


def read(template: Template) -> list[Subscription]:
    """The subscriptions of the translated template."""
    found = sam.resources(template)
    return [
        Subscription(
            name,
            one["Properties"]["LogGroupName"]["Ref"],
            FilterPattern.parse(one["Properties"]["FilterPattern"]),
            found[one["Properties"]["DestinationArn"]["Ref"]]["Properties"]["FunctionName"]["Ref"],
        )
        for name, one in found.items()
        if one["Type"] == "AWS::Logs::SubscriptionFilter"
    ]


def event(lines: Iterable[tuple[float, str]], *, group: str = "local", stream: str = "local") -> dict[str, Any]:
    """The event that a function gets for lines of one stream. `lines`: when each was written, in seconds since 1970."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": ["local"],
        # As in CloudWatch, ids are unique. The data of an earlier start may still be there.
        "logEvents": [
            {"id": f"{time.time_ns():020}{next(_numbers):036}", "timestamp": int(at * 1000), "message": line}
            for at, line in lines
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(data).encode())).decode()}}


class Subscriptions:
    """Delivers from construction to `stop`. `invoke`: takes a function's logical id and an event. `log`: prints."""

    def __init__(
        self, template: Template, invoke: Callable[[str, dict[str, Any]], object], log: Callable[[str, str], None]
    ) -> None:
        self._subscriptions = read(template)
        self._groups = {
            name: one["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
            for name, one in template["Resources"].items()
            if one["Type"] == "AWS::Lambda::Function"
        }
        self._invoke, self._log = invoke, log
        self._lines: queue.SimpleQueue[tuple[Subscription, str, float, str] | None] = queue.SimpleQueue()
        self._worker = threading.Thread(target=self._run, daemon=True)
        self._worker.start()

    def take(self, function: str, line: str) -> None:
        """A line that a function has written. Its log stream is that of the function."""
        for one in self._subscriptions:
            if one.group == self._groups[function] and one.pattern.matches(line):
                self._lines.put((one, function, time.time(), line))

    def stop(self) -> None:
        """Delivers what was written until now."""
        self._lines.put(None)
        self._worker.join()

    def _run(self) -> None:
        is_over = False
        while not is_over:
            batches: dict[tuple[Subscription, str], list[tuple[float, str]]] = defaultdict(list)
            first = self._lines.get()
            deadline, is_over = time.monotonic() + _COLLECT_SECONDS, first is None
            found = first
            while found:
                one, stream, at, line = found
                batches[one, stream].append((at, line))
                try:
                    found = self._lines.get(timeout=max(0, deadline - time.monotonic()))
                except queue.Empty:
                    break
                is_over = found is None
            for (one, stream), lines in batches.items():
                for start in range(0, len(lines), _LINES_MAX):
                    self._deliver(one, stream, lines[start : start + _LINES_MAX])

    def _deliver(self, one: Subscription, stream: str, lines: Sequence[tuple[float, str]]) -> None:
        delivered = event(lines, group=one.group, stream=stream)
        for _ in range(_ATTEMPTS):
            try:
                self._invoke(one.function, delivered)
            except InvocationFailed as failed:
                self._log(one.function, f"{failed}: {len(lines)} lines of {stream} were not handed over")
            else:
                return
