"""Hands the lines of the functions to those that subscribe to their log, as CloudWatch Logs does."""

from datetime import UTC, datetime

from infra.local import subscription
from tests.aws.in_memory import TEMPLATE

(TALLIES,) = subscription.read(TEMPLATE)


class Log:
    """`output`: all that was written so far."""

    def __init__(self, functions, output):
        self._functions, self._output = functions, output
        self._seen = 0

    def lines(self):
        """The new ones that match the filter pattern of the subscription."""
        found = [line for line in self._output().splitlines() if TALLIES.pattern.matches(line)]
        new, self._seen = found[self._seen :], len(found)
        return new

    def deliver(self, lines=None, *, at=None, stream="local"):
        """A batch of these lines, or of the new ones. Returns its event."""
        seconds = (at or datetime.now(UTC)).timestamp()
        batch = subscription.event(
            [(seconds, line) for line in (self.lines() if lines is None else lines)], stream=stream
        )
        self.invoke(batch)
        return batch

    def invoke(self, event):
        assert self._functions.invoke(TALLIES.function, event) is None
