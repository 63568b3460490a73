"""Whether callers have used every operation of the API."""

from __future__ import annotations

import json
import re

from infra.local.template import ROOT
from infra.tools.soak.ledger import Ledger


def faults(ledger: Ledger) -> list[str]:
    """A sentence for each operation of which no call has succeeded."""
    described = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))["paths"]
    operations = {
        f"{method.upper()} {path}": operation["operationId"]
        for path, methods in described.items()
        for method, operation in methods.items()
    }
    # Of `GET /v1/feedback/stats` and `GET /v1/feedback/{feedback}`, the first comes first.
    shapes = {one: re.compile(re.sub(r"{\w+}", "[^/]+", one)) for one in sorted(operations, key=lambda one: "{" in one)}
    used = {
        next((one for one, shape in shapes.items() if shape.fullmatch(call)), None) for call in ledger.calls.values()
    }
    return [f"{name}: no call has succeeded" for one, name in operations.items() if one not in used]
