"""Which tests run which line: from one run of the suite under coverage, kept until a file changes."""

import hashlib
import os
import re
import subprocess
import sys

from coverage import CoverageData

from tests.mutants import template
from tests.mutants.sandbox import OURS

# Tests that run our code in their own process. Others start the local stack, which no mutant reaches.
SUITE = [
    "tests/rules", "tests/wire", "tests/aws", "tests/store", "tests/targets", "tests/iam", "tests/openapi",
    "tests/gateway", "tests/functions",
]  # fmt: skip
FOR_TEMPLATE = [
    "tests/house", "tests/openapi", "tests/iam", "tests/local/test_template.py", "tests/local/test_routes.py",
    "tests/functions/test_calls.py", "tests/functions/test_metrics.py", "tests/functions/test_lifecycle.py",
    "tests/functions/test_init.py", "tests/functions/test_chat.py",
]  # fmt: skip


class CoverageMap:
    """`sandbox`: where the suite runs. `room`: where the result is kept. A failing suite ends the program."""

    def __init__(self, sandbox, room, jobs):
        self._directory = sandbox.directory
        file = room / f"{_digest(sandbox.directory)}.coverage"
        if not file.exists():
            print("Running the suite once, to learn which tests run which line.", flush=True)
            for old in room.glob("*.coverage*"):
                old.unlink()
            self._measure(file, jobs)
        self._data = CoverageData(file)
        self._data.read()

    def _measure(self, file, jobs):
        options = ["--cov=functions", "--cov=shared", "--cov-context=test", "--cov-report=", "--cov-fail-under=0"]
        running = file.with_suffix(".running")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(jobs), *options, *SUITE],
            cwd=self._directory,
            env=os.environ | {"COVERAGE_FILE": str(running), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{done.stdout[-5000:]}\nThe suite has to pass before mutants can tell anything.")
        running.rename(file)

    def tests(self, mutant):
        """The tests that run the mutant's line or, for a line that runs at import, any line of its file."""
        if mutant.path in template.PATHS:
            return FOR_TEMPLATE
        lines = self._data.contexts_by_lineno(str(self._directory / mutant.path))
        found = set()
        # For a statement over several lines, coverage may record only the first.
        for line in range(mutant.line, max(mutant.line - 20, 0), -1):
            if line in lines:
                found = _tests(lines[line])
                break
        found = found or {test for contexts in lines.values() for test in _tests(contexts)} | {"tests/openapi"}
        # Quick tests first.
        return sorted(found, key=lambda test: (test.startswith("tests/functions"), test))


def _tests(contexts):
    """A context looks like tests/a.py::test_b[c]|run. Lines that run at import have none."""
    return {re.split(r"[|\[]", context)[0] for context in contexts if context}


def _digest(directory):
    digest = hashlib.sha256()
    files = [file for name in (*OURS, *template.PATHS, "openapi.json") for file in _files(directory / name)]
    for file in sorted(files):
        digest.update(str(file.relative_to(directory)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _files(path):
    return [path] if path.is_file() else [one for one in path.glob("**/*.*") if one.is_file() and one.suffix != ".pyc"]
