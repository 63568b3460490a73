"""The local stack's process after it has created its initial data."""

import os
import subprocess
import sys

from infra.local import access
from infra.local.template import ROOT


def test_garbage_collection_stays_enabled_after_seeding():
    environment = os.environ | access.variables("http://127.0.0.1:1") | {"TABLE_NAME": "table"}
    collects = "import gc\nfrom infra.local import seed\nprint(gc.isenabled())"
    done = subprocess.run([sys.executable, "-c", collects], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert done.stdout == b"True\n"
