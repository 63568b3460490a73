"""Resources other than time: AWS calls, bytes on disk, memory."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from infra.local.code import ARTIFACT
from infra.tools.bench.chart import Bar, Chart
from infra.tools.bench.figures import Figures, Spread
from infra.tools.bench.programs import FASTAPI_MANGUM
from infra.tools.bench.report import Section, cell, with_limit
from infra.tools.bench.world import Recording
from infra.tools.tables import Table

_PEAK_MB = 128
_MB = 1_000_000


def section(recorded: Mapping[str, Recording], figures: Figures) -> Section:
    """`recorded`: ours by logical id, and the baselines' as `fastapi_mangum <logical id>`."""
    calls = [
        [name, str(len(one.exchanges)), _listed(one), f"{sum(exchange.size for exchange in one.exchanges):,}"]
        for name, one in recorded.items()
    ]
    subjects = [name for name in figures.samples if not name.startswith("bare ")]
    peaks = {name: figures.raw(name, "peak") for name in subjects}
    memory = [[name, _memory(name, peak)] for name, peak in peaks.items()]
    kinds = {name: "fastapi_mangum" if name.startswith("fastapi_mangum ") else "ours" for name in recorded}
    bars = [Bar(name, peak, kinds.get(name, "floor")) for name, peak in peaks.items()]
    return Section(
        "Calls, sizes, and memory",
        "The AWS calls of one operation, and the bytes of their requests and responses without headers. Sizes are "
        "those of the artifact for this machine's architecture, without boto3, which Lambda provides. Memory is the "
        "peak of a process.",
        [Chart("memory", "Peak memory", "MB", bars, _PEAK_MB)],
        [
            Table(["operation", "calls", "which", "bytes"], calls),
            Table(["artifact", "unzipped, MB", "zipped, MB"], [_sizes(name, path) for name, path in _PARTS.items()]),
            Table(["function", "peak memory, MB"], memory),
        ],
    )


_PARTS = {
    "functions": ARTIFACT / "functions",
    "SharedLayer": ARTIFACT / "SharedLayer",
    "CryptographyLayer, for the authorizer alone": ARTIFACT / "CryptographyLayer",
    "fastapi_mangum": FASTAPI_MANGUM,
}


def _memory(name: str, peak: Spread) -> str:
    is_ours = " " not in name and name not in {"empty", "floor"}
    return with_limit(cell(peak), peak, _PEAK_MB) if is_ours else cell(peak)


def _listed(recording: Recording) -> str:
    counted = Counter(exchange.operation for exchange in recording.exchanges)
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in counted.items())


def _sizes(name: str, folder: Path) -> list[str]:
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(folder))
    unzipped = sum(file.stat().st_size for file in files)
    return [name, f"{unzipped / _MB:.1f}", f"{packed.tell() / _MB:.1f}"]
