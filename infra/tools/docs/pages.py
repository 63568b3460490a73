"""Which pages are generated, and by what."""

from __future__ import annotations

from infra.tools.docs import configuration

PAGES = {
    "docs/configuration.md": configuration.render,
}
