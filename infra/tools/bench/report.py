"""Writes the results: docs/benchmarks.md, and a chart for each section beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.tools.bench import chart
from infra.tools.bench.chart import Chart, figure
from infra.tools.bench.figures import Spread
from infra.tools.tables import Table, markdown

_COLUMNS = 100
_MORE_THAN = "**more than**"


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the page: `text` in Markdown, then charts and tables."""

    title: str
    text: str
    charts: list[Chart]
    tables: list[Table] = field(default_factory=list)


def cell(value: Spread) -> str:
    return f"{figure(value.median)} ({figure(value.least)} to {figure(value.most)})"


def ratio(value: Spread) -> str:
    return f"{value.median:.2f} ({value.least:.2f} to {value.most:.2f})"


def with_limit(text: str, value: Spread, limit: float) -> str:
    """Adds the promised maximum of the median."""
    return f"{text}, {'at most' if value.median <= limit else _MORE_THAN} {limit:g}"


def exceeded(sections: Iterable[Section]) -> list[str]:
    """The figures above their limits, each with its section, row, and column."""
    return [
        f"{section.title}: {row[0]}, {column}: {found.replace(_MORE_THAN, 'more than')}"
        for section in sections
        for table in section.tables
        for row in table.rows
        for column, found in zip(table.head, row, strict=True)
        if _MORE_THAN in found
    ]


def write(file: Path, introduction: str, sections: Iterable[Section]) -> None:
    """Writes the page, and its charts into a folder named after the file."""
    sections = list(sections)
    folder = file.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    for one in (one for section in sections for one in section.charts):
        (folder / f"{one.name}.svg").write_text(chart.svg(one), encoding="utf-8")
    file.write_text("\n".join(_page(introduction, sections, folder.name)), encoding="utf-8")


def _page(introduction: str, sections: Iterable[Section], folder: str) -> Iterator[str]:
    yield "# Benchmarks\n"
    yield f"{introduction.strip()}\n"
    for section in sections:
        yield f"## {section.title}\n"
        yield f"{textwrap.fill(section.text, _COLUMNS, break_on_hyphens=False)}\n"
        yield from (f"![{one.title}]({folder}/{one.name}.svg)\n" for one in section.charts)
        yield from (f"{markdown(table)}\n" for table in section.tables)
