"""GET /console and GET /console/{file}"""

from __future__ import annotations

from pathlib import Path

from shared import console_files
from shared.gateway.pages import File, PageRequest, page

_FILES = console_files.read(Path(__file__).with_name("console_files"))


@page
def handler(request: PageRequest) -> File:
    name = request.file or console_files.PAGE
    return File(name, console_files.find(_FILES, name), changes=name == console_files.PAGE)
