"""A bar chart as SVG: one bar per line with its median, a whisker from least to most, and its limit.

Readable in light and in dark, in a page and as an image: the colors follow the reader's preference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from infra.tools.bench.figures import Spread

_WIDTH, _LABELS, _VALUES = 820, 270, 60
_PLOT = _WIDTH - _LABELS - _VALUES
_TOP, _LINE, _BAR = 58, 24, 14
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.grid { stroke: #d1d9e0; }
.limit { stroke: #cf222e; stroke-dasharray: 4 3; stroke-width: 1.5; }
.whisker { stroke: #1f2328; stroke-width: 1.5; }
.ours { fill: #1a7f5a; } .bare, .floor { fill: #8c959f; } .fastapi_mangum { fill: #bf7a1f; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.grid { stroke: #3d444d; }
.limit { stroke: #ff7b72; }
.whisker { stroke: #e6edf3; }
.ours { fill: #2fa37a; } .bare, .floor { fill: #6e7781; } .fastapi_mangum { fill: #d08a34; }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """`kind`: ours, or one of the baselines floor, bare, and fastapi_mangum."""

    label: str
    value: Spread
    kind: str = "ours"


@dataclass(frozen=True, slots=True)
class Chart:
    """`name`: of its file. `unit`: shown beside the title. `limit`: the promised maximum, drawn as a line."""

    name: str
    title: str
    unit: str
    bars: list[Bar]
    limit: float | None = None


def svg(chart: Chart) -> str:
    height = _TOP + _LINE * len(chart.bars) + 14
    body = "\n".join(_body(chart, height))
    title = escape(f"{chart.title} ({chart.unit})")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n"
        f'<text class="title" x="8" y="20">{title}</text>\n{body}\n</svg>\n'
    )


def _body(chart: Chart, height: int) -> Iterator[str]:
    bottom = height - 10
    most = max([bar.value.most for bar in chart.bars] + ([chart.limit] if chart.limit else []))
    step = _step(most)
    ticks = math.ceil(most / step)

    def x(value: float) -> float:
        return round(_LABELS + _PLOT * value / (step * ticks), 1)

    for number in range(ticks + 1):
        place = x(step * number)
        yield f'<line class="grid" x1="{place}" y1="{_TOP - 6}" x2="{place}" y2="{bottom}"/>'
        yield f'<text x="{place}" y="{_TOP - 12}" text-anchor="middle">{step * number:,g}</text>'
    for number, bar in enumerate(chart.bars):
        middle = _TOP + _LINE * number + _LINE // 2
        value = bar.value
        yield f'<text x="{_LABELS - 8}" y="{middle + 4}" text-anchor="end">{escape(bar.label)}</text>'
        width = round(x(value.median) - _LABELS, 1)
        yield f'<rect class="{bar.kind}" x="{_LABELS}" y="{middle - _BAR // 2}" width="{width}" height="{_BAR}"/>'
        if value.most > value.least:
            yield f'<line class="whisker" x1="{x(value.least)}" y1="{middle}" x2="{x(value.most)}" y2="{middle}"/>'
        yield f'<text x="{_WIDTH - 8}" y="{middle + 4}" text-anchor="end">{figure(value.median)}</text>'
    if chart.limit:
        place = x(chart.limit)
        yield f'<line class="limit" x1="{place}" y1="{_TOP - 6}" x2="{place}" y2="{bottom}"/>'


def figure(value: float) -> str:
    """Three significant digits. A value is negative if it took less than the empty function in the same round."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{digits}f}"


def _step(most: float) -> float:
    """The step of an axis with five or six ticks: 1, 2, 2.5, or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(most / 5))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power * 6 >= most)
