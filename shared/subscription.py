"""Wraps the handler that a log group's subscription invokes: CloudWatch Logs hands it batches of lines.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample

CloudWatch and Lambda deliver a batch at least once. What the handler raises makes Lambda deliver it again, so it raises
only what may pass. A batch that nothing can read is counted and dropped.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared import gc_control, log
from shared.rules import digest, timestamps

Event = Mapping[str, Any]
# Lambda takes at most 1 MB, which is compressed. A flood of our lines is eight times as large.
_BATCH_MAX = 16 * 1024 * 1024
_GZIP = 31
_TO_TEST_THE_SUBSCRIPTION = "CONTROL_MESSAGE"


@dataclass(frozen=True, slots=True)
class LogEvent:
    """`at`: when the line was written."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one log stream, each once. `id`: the same whenever these lines are delivered together."""

    id: str
    stream: str
    events: tuple[LogEvent, ...]
    at: datetime


class _UnreadableError(Exception):
    pass


def log_batches(handle: Callable[[Batch], None]) -> Callable[[Event, Any], None]:
    """A handler for the batches of a subscription."""
    operation = handle.__module__.rpartition(".")[2]

    def handler(event: Event, context: Any) -> None:
        try:
            batch = _read(event, datetime.now(UTC))
        except _UnreadableError:
            log.count("BatchesSkipped")
            return
        if batch is None:
            return
        try:
            handle(batch)
        except Exception as error:
            log.fault(error.__cause__ or error, operation=operation, request_id=context.aws_request_id)
            raise

    gc_control.freeze()
    return handler


def _read(event: Event, at: datetime) -> Batch | None:
    """None for a message by which CloudWatch only tests whether the subscription works."""
    match _decompressed(event):
        case {"messageType": kind} if kind == _TO_TEST_THE_SUBSCRIPTION:
            return None
        case {"messageType": "DATA_MESSAGE", "logStream": str(stream), "logEvents": list(found)}:
            # An event has a unique id.
            events = {one_id: event for one_id, event in map(_event, found) if one_id}
            batch_id = digest.sha256_hex("\n".join(sorted(events)))
            return Batch(batch_id, stream, tuple(events.values()), at)
    raise _UnreadableError


def _decompressed(event: Event) -> Any:
    try:
        data = base64.b64decode(event["awslogs"]["data"], validate=True)
        unpacked = zlib.decompressobj(_GZIP)
        text = unpacked.decompress(data, _BATCH_MAX)
        if unpacked.unconsumed_tail or not unpacked.eof:
            raise _UnreadableError
        return json.loads(text)
    except (KeyError, TypeError, ValueError, RecursionError, zlib.error) as error:
        raise _UnreadableError from error


def _event(written: Any) -> tuple[str, LogEvent]:
    """With an id that is empty if it is no event."""
    match written:
        case {"id": str(event_id), "timestamp": int(milliseconds), "message": str(text)}:
            try:
                return event_id, LogEvent(timestamps.from_milliseconds(milliseconds), text)
            except (OverflowError, OSError, ValueError):
                pass
    return "", LogEvent(datetime.min.replace(tzinfo=UTC), "")
