"""Records again what each operation does to the table: `python -m tests.scale`, after the store has changed."""

import json

import tests.conftest  # noqa: F401 - the region and the credentials
from infra.tools.scale.operations import RECORDED
from tests.scale.recording import record

RECORDED.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")
