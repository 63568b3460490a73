"""The console's files as browsers load them: few, because each request is an invocation, and under names that change
with their content, so that browsers keep them for good.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from pathlib import Path

from shared.errors import NotFound
from shared.rules import digest

PAGE = "index.html"

# What a file consists of. `vendor/` has other people's code, pinned by digest.
_STYLES = ("vendor/pico.min.css", "vendor/uPlot.min.css", "style.css")
# A package -> its file, each after those that it imports.
_PACKAGES = {"preact": "preact.js", "preact/hooks": "hooks.js", "htm": "htm.js"}
_FILES = {
    "icon.svg": "icon.svg",
    "preact.js": "vendor/preact.mjs",
    "hooks.js": "vendor/hooks.mjs",
    "htm.js": "vendor/htm.module.js",
    "uplot.js": "vendor/uPlot.iife.min.js",
    "licenses.txt": "vendor/licenses.txt",
}
_FROM_PACKAGE = re.compile(f'from ?"({"|".join(_PACKAGES)})"')
# The statements of ES modules that ours may use.
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:(?=(?:async )?function|class|const)|\{[^}]*\};\n)", re.MULTILINE)


def read(folder: Path) -> Mapping[str, str]:
    """Text by name. The page refers to the other files."""
    texts = {name: _text(folder / path) for name, path in _FILES.items()}
    texts["style.css"] = "\n".join(_text(folder / path) for path in _STYLES)
    texts["app.js"] = _joined({path.name: _text(path) for path in sorted(folder.glob("*.js"))})
    page, served = _text(folder / PAGE), {}
    names: dict[str, str] = {}
    for name, text in texts.items():
        # Browsers resolve names of packages only by an import map, which would be an inline script.
        resolved = _FROM_PACKAGE.sub(lambda found: f'from "./{names[_PACKAGES[found[1]]]}"', text)
        resolved = resolved.replace('url("icon.svg")', f'url("{names.get("icon.svg")}")')
        stem, suffix = name.split(".")
        names[name] = f"{stem}.{digest.sha256_hex(resolved)[:16]}.{suffix}"
        served[names[name]] = resolved
        page = page.replace(f'"console/{name}"', f'"console/{names[name]}"')
    return served | {PAGE: page}


def find(files: Mapping[str, str], name: str) -> str:
    """Raises NotFound."""
    if name not in files:
        raise NotFound(hint="A newer version of the console may have been deployed. Reload the page.")
    return files[name]


def _joined(modules: Mapping[str, str]) -> str:
    """One module of all, each after those that it imports. So a name stands for the same thing in all of them."""
    order = TopologicalSorter({name: _IMPORT.findall(text) for name, text in modules.items()}).static_order()
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", modules[name])) for name in order)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
