"""Records how the SAM CLI reads the template, unmodified and as adapted by `make sam-local`."""

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.local import sam
from infra.local.template import ROOT, read

PYTHON = ROOT / ".venv-sam/bin/python"
RECORDED = Path(__file__).with_name("recorded.json")
# Values that differ at each start of SAM, and are the same for all events of one start.
AT_START = {
    "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "requestTime": "01/Jan/2026:00:00:00 +0000",
    "requestTimeEpoch": 1767225600000,
}


def record():
    with TemporaryDirectory() as directory:
        adapted = Path(directory) / "template.json"
        adapted.write_text(json.dumps(sam.adapted(sam.template_of_built(read(), "x86_64"), "x86_64")), encoding="utf-8")
        recorded = _ask(adapted)
    for request in recorded["requests"].values():
        for invocation in request["invocations"]:
            if "requestContext" in invocation["event"]:
                invocation["event"]["requestContext"] |= AT_START
    return recorded | {"authorizersOfTemplateAsItIs": _ask(ROOT / "template.yaml")["authorizers"]}


def _ask(template):
    command = [str(PYTHON), str(Path(__file__).with_name("service.py")), str(template)]
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0"}
    return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)
