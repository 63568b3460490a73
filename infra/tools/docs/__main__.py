"""`make docs`: writes the pages that are generated."""

from __future__ import annotations

from infra.local.template import ROOT
from infra.tools.docs.pages import PAGES

for path, render in PAGES.items():
    (ROOT / path).write_text(render(), encoding="utf-8")
