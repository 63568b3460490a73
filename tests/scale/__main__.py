"""Records again what each operation does to the table: `python -m tests.scale`, after the store has changed."""

import json

import tests.conftest

# isort: split

import tests.aws.in_memory  # noqa: F401 - before our adapters, which read their environment on import

# isort: split

from infra.tools.scale.operations import RECORDED
from tests.scale.recording import record

RECORDED.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")
