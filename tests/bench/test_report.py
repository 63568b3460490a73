"""The benchmark's page and charts, from samples that were measured once."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from infra.tools import tables
from infra.tools.bench import chart, report, resources, speed
from infra.tools.bench.chart import Bar, Chart
from infra.tools.bench.figures import Figures, Spread, interleaved
from infra.tools.bench.measure import Sample
from infra.tools.bench.report import Section
from infra.tools.tables import Table

SVG = "{http://www.w3.org/2000/svg}"


def sample(start, warm, *, peak=50.0):
    return Sample(start=start, start_wall=start * 1.2, first=warm * 3, first_wall=warm * 4, warm=warm, peak=peak)


@pytest.fixture
def figures():
    return Figures(
        {
            "Chat": [sample(450, 8.5), sample(460, 9.0), sample(500, 8.0)],
            "bare Chat": [sample(400, 8.0), sample(420, 8.2), sample(440, 7.5)],
            "fastapi_mangum Chat": [sample(950, 11.0), sample(990, 12.0), sample(1000, 10.5)],
            "fastapi_mangum GetClientToken": [sample(940, 4.0), sample(980, 4.5), sample(1010, 4.2)],
            "floor": [sample(400, 0.3), sample(410, 0.3), sample(450, 0.4)],
            "empty": [sample(50, 0.2), sample(60, 0.2), sample(50, 0.3)],
        }
    )


def test_cpu_excludes_the_cost_of_an_empty_function(figures):
    assert figures.cpu("Chat", "start") == Spread(median=400, least=400, most=450)
    assert figures.raw("Chat", "start") == Spread(median=460, least=450, most=500)


def test_ratios_are_computed_per_round(figures):
    found = figures.ratio("Chat", "floor", "start")
    assert (found.least, found.median, found.most) == pytest.approx((450 / 400, 400 / 350, 400 / 350))


def test_every_subject_is_measured_once_per_round():
    done = []
    subjects = {name: lambda name=name: done.append(name) or len(done) for name in "abcdef"}
    found = interleaved(subjects, 4, lambda _: None)
    rounds = [done[start : start + 6] for start in range(0, 24, 6)]
    assert [sorted(one) for one in rounds] == [list("abcdef")] * 4
    assert len({tuple(one) for one in rounds}) > 1
    assert {name: len(samples) for name, samples in found.items()} == dict.fromkeys("abcdef", 4)


def test_page_shows_each_section_with_its_charts_and_tables(figures, tmp_path):
    sections = speed.sections(["Chat"], figures, {"Chat": ["one", "two", "three", "four", "five"]})
    report.write(tmp_path / "found.md", "Measured once.", sections)
    page = (tmp_path / "found.md").read_text()
    assert re.findall("^#+ .*", page, re.MULTILINE) == [
        "# Benchmarks",
        "## Cold start",
        "## First invocation",
        "## Warm path",
    ]
    for picture in re.findall(r"!\[[^]]+\]\((.+)\)", page):
        assert ET.parse(tmp_path / picture).getroot().tag == f"{SVG}svg"  # noqa: S314 - ours
    for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1
    assert re.search(r"\| 1\.14 \(1\.1\d to 1\.14\), \*\*more than\*\* 1 \|", page)
    assert "one, two, three, four and 1 more" in page


def test_exceeded_limit_is_printed_in_bold():
    value = Spread(1.2, 1.0, 1.3)
    assert report.with_limit("1.20", value, 1.15) == "1.20, **more than** 1.15"
    assert report.with_limit("1.20", value, 1.2) == "1.20, at most 1.2"


def test_memory_limit_applies_to_our_functions_only(figures):
    section = resources.section({}, figures)
    assert [row[1] for row in section.tables[-1].rows if row[0] in {"Chat", "floor"}] == [
        "50.0 (50.0 to 50.0), at most 128",
        "50.0 (50.0 to 50.0)",
    ]


@pytest.mark.parametrize("most", [0.004, 0.9, 1.0, 37, 100, 2136, 1_000_000])
def test_chart_is_self_contained(most):
    bars = [
        Bar("a < b & c", Spread(most / 2, most / 4, most)),
        Bar("rival", Spread(most, most, most), "fastapi_mangum"),
    ]
    root = ET.fromstring(chart.svg(Chart("x", "Title & more", "ms", bars, limit=most / 3)))  # noqa: S314 - ours
    plot = {float(line.get("x1")) for line in root.iter(f"{SVG}line") if line.get("class") == "grid"}
    ends = [float(bar.get("x")) + float(bar.get("width")) for bar in root.iter(f"{SVG}rect")]
    assert max(plot) >= max(ends) > min(ends) > min(plot)
    assert 4 <= len(plot) <= 8
    assert {"Title & more (ms)", "a < b & c", "rival"} <= {text.text for text in root.iter(f"{SVG}text")}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0123, "0.0123"),
        (0.894, "0.894"),
        (12.34, "12.3"),
        (456.7, "457"),
        (1884.2, "1,884"),
        (-0.0345, "-0.0345"),
    ],
)
def test_figures_have_three_significant_digits(value, text):
    assert chart.figure(value) == text


def test_terminal_and_markdown_tables_match():
    table = Table(["name", "ms"], [["a", "1.00"], ["longer", "20.00"]])
    assert tables.plain(table) == "name       ms\na        1.00\nlonger  20.00"
    assert tables.markdown(table).splitlines()[1] == "| --- | ---: |"


def test_report_is_replaced_when_written_again(tmp_path):
    file = Path(tmp_path / "found.md")
    for text in ("first", "second"):
        picture = Chart("one", "One", "ms", [Bar("a", Spread(1, 1, 1))])
        report.write(file, text, [Section("Title", text, [picture])])
    assert "first" not in file.read_text()
    assert [one.name for one in (tmp_path / "found").iterdir()] == ["one.svg"]
