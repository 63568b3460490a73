"""Writes the tables of docs/scale.md: `make scale`."""

from pathlib import Path

from infra.tools.scale import operations, report

_DOCUMENT = Path(__file__).parents[3] / "docs" / "scale.md"

_DOCUMENT.write_text(report.fill(_DOCUMENT.read_text(encoding="utf-8"), operations.recorded()), encoding="utf-8")
