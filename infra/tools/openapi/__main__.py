"""`make openapi`: writes openapi.json from the template and the wire models."""

from __future__ import annotations

from infra.local import openapi, template
from infra.tools.openapi import document

document.FILE.write_text(
    document.text(document.write(openapi.read_routes(template.translate(template.read())))), encoding="utf-8"
)
