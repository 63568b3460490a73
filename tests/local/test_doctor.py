"""`client-tokens doctor` against the local stack: real processes, over HTTP."""

import os
import shutil
import subprocess

from infra.local.template import ROOT
from tests.command import CLIENT_TOKENS


def test_local_stack_is_well(stack, tmp_path):
    (tmp_path / ".local").mkdir()
    shutil.copy(stack.state_file, tmp_path / ".local/stack.json")
    # An operator has no variable of a function.
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    command = [*CLIENT_TOKENS, "doctor", "--local"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.endswith("Everything is well.\n")
