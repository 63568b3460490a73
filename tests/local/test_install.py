"""The installation that `make run` starts on its first run."""

import subprocess

import pytest

from infra.local.template import ROOT

PIP = """#!/bin/sh
case "$*" in *--editable*) exit 0;; esac
echo "Collecting boto3==1.44.5 (from -r layer.txt)"
echo "  Downloading boto3-1.44.5.whl"
echo "Collecting moto==5.2.5 (from -r local.txt)"
exit {status}
"""


@pytest.mark.parametrize("status", [0, 1])
def test_packages_are_named_while_they_are_installed(tmp_path, status):
    (tmp_path / "pip").write_text(PIP.format(status=status))
    (tmp_path / "pip").chmod(0o755)
    python, made = tmp_path / "python", tmp_path / "venv"
    python.write_text(f'#!/bin/sh\nmkdir -p "$3/bin" && cp {tmp_path}/pip "$3/bin/pip"\n')
    python.chmod(0o755)
    made.mkdir()
    # From an earlier installation with other packages.
    (made / ".local").touch()
    command = ["make", "--always-make", f"VENV={made}", f"PYTHON={python}", f"{made}/.local"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = [line for line in ended.stdout.splitlines() if not line.startswith("make")]
    assert said == [
        f"Installing into {made} what the local stack runs on. It takes a minute, once:",
        "  boto3==1.44.5",
        "  moto==5.2.5",
    ]
    assert (ended.returncode == 0, (made / ".local").exists()) == (status == 0, status == 0)
