"""Writes down anew what the simulation reasons from: `python -m tests.scale`, after the store has changed."""

import json

import tests.conftest  # noqa: F401 - the stack, before our adapters are imported
from infra.scale.operations import RECORDED
from tests.scale.recording import record

RECORDED.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")
