"""The generated pages, and the functions that render them."""

from __future__ import annotations

from infra.tools.docs import cli, configuration

PAGES = {
    "docs/cli.md": cli.render,
    "docs/configuration.md": configuration.render,
}
