"""Pastes the commands of a page into a shell beside a running local stack."""

import json
import os
import shlex
import shutil
import subprocess

from infra.local.template import ROOT
from tests.command import CLIENT_TOKENS


def paste(commands, directory, stack, **environment):
    """Runs the commands in a folder like the repository during `make run`; returns the JSON documents they print."""
    (directory / ".local").mkdir(exist_ok=True)
    shutil.copy(stack.state_file, directory / ".local/stack.json")
    script = "set -euo pipefail\n" + "\n".join(commands).replace("curl -s", "curl -sS")
    for written, real in (("http://127.0.0.1:3000", stack.url), (".venv/bin/client-tokens", shlex.join(CLIENT_TOKENS))):
        script = script.replace(written, real)
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return _documents(done.stdout)


def _documents(printed):
    decoder, found = json.JSONDecoder(), []
    while (start := printed.find("{")) >= 0:
        document, end = decoder.raw_decode(printed[start:])
        found.append(document)
        printed = printed[start + end :]
    return found


def errors(documents):
    return [document for document in documents if "error" in document]
