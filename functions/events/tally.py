"""Tallies what visitors did with each client token: the log group of the functions hands it their lines."""

from __future__ import annotations

from shared import log
from shared.rules import tally_line
from shared.store import tallied_batches
from shared.subscription import Batch, log_batches


@log_batches
def handler(batch: Batch) -> None:
    lines = [line for event in batch.events if (line := tally_line.parse(event.text, event.at))]
    skipped = len(batch.events) - tallied_batches.record(batch.id, batch.stream, lines, at=batch.at)
    if skipped:
        log.count("LinesSkipped", skipped)
