"""`python -m tests.scale`: records each operation's use of the table. Run it after the store has changed."""

import json

import tests.conftest  # noqa: F401 - the region and the credentials
from infra.tools.scale.operations import RECORDED
from tests.scale.recording import record

RECORDED.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")
