"""Which tests run which line: from one run of the suite under coverage, kept until a file changes."""

import hashlib
import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from coverage import CoverageData

from tests.mutants import template
from tests.mutants.sandbox import OURS

# Tests that run our code in their own process. Others start the local stack, which no mutant reaches.
SUITE = [
    "tests/rules", "tests/wire", "tests/gateway", "tests/aws", "tests/http", "tests/store", "tests/targets",
    "tests/iam", "tests/openapi", "tests/house/test_public_suffixes.py", "tests/house/test_clerk_roles.py",
    "tests/turn", "tests/cli", "tests/functions",
]  # fmt: skip
# Tests that run these files in processes of their own, where coverage does not look.
IN_OTHER_PROCESSES = {"shared/runtime/": ["tests/runtime"]}
# What also looks at lines that run on import.
ON_IMPORT = {"tests/openapi", "tests/house/test_frozen.py"}
# The quick ones first.
FOR_TEMPLATE = [
    "tests/docs/test_generated.py", "tests/house/test_template.py", "tests/house/test_hardening.py",
    "tests/house/test_watching.py", "tests/house/test_alarms.py", "tests/house/test_versions.py", "tests/house",
    "tests/openapi", "tests/iam", "tests/local/test_template.py", "tests/local/test_routes.py",
    "tests/functions/test_rotation.py", "tests/functions/test_calls.py", "tests/functions/test_metrics.py",
    "tests/functions/test_lifecycle.py", "tests/functions/test_init.py", "tests/functions/test_chat.py",
]  # fmt: skip


# Some lines are run by thousands of tests. What the nearest ones do not kill counts as a survivor, so that a run ends
# within hours and its rate is never too good.
NEAREST = 300
# How many tests of a file that is named after the module run before everything else.
FIRST = 10
# From quick to slow: other rooms, then these.
SLOW = ["", "tests/functions", "tests/turn"]


class CoverageMap:
    """`sandbox`: where the suite runs. `room`: where the result is kept. A failing suite ends the program."""

    def __init__(self, sandbox, room, jobs):
        # pytest with several processes does not say which path is missing.
        listed = [*SUITE, *itertools.chain(*IN_OTHER_PROCESSES.values()), *FOR_TEMPLATE, *ON_IMPORT]
        if missing := [path for path in listed if not (sandbox.directory / path).exists()]:
            sys.exit(f"These tests do not exist: {', '.join(missing)}. Change the lists in {Path(__file__).name}.")
        file = room / f"{_digest(sandbox.directory)}.coverage"
        if not file.exists():
            print("Running the suite once, to learn which tests run which line.", flush=True)
            for old in room.glob("*.coverage*"):
                old.unlink()
            _measure(sandbox.directory, file, jobs)
        self._root = sandbox.directory
        self._data = CoverageData(file)
        self._data.read()

    def tests(self, mutant):
        """The tests that run the mutant's line or, for a line that runs at import, any line of its file."""
        if mutant.path in template.PATHS:
            return FOR_TEMPLATE
        for room, tests in IN_OTHER_PROCESSES.items():
            if mutant.path.startswith(room):
                return [*tests, *sorted(ON_IMPORT)]
        lines = self._data.contexts_by_lineno(mutant.path)
        found = set()
        # A module that is imported on use seems to be run by the first test that uses it.
        if mutant.is_in_function(self._root):
            # For a statement over several lines, coverage may record only the first.
            for line in range(mutant.line, max(mutant.line - 20, 0), -1):
                if line in lines:
                    found = _tests(lines[line])
                    break
        found = found or {test for contexts in lines.values() for test in _tests(contexts)} | ON_IMPORT
        return _in_turns(found, Path(mutant.path).stem)[:NEAREST]


def _measure(directory, file, jobs):
    options = ["--cov=functions", "--cov=shared", "--cov-context=test", "--cov-report=", "--cov-fail-under=0"]
    running = file.with_suffix(".running")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(jobs), *options, *SUITE],
        cwd=directory,
        env=os.environ | {"COVERAGE_FILE": str(running), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout[-5000:]}\nThe suite has to pass before mutants can tell anything.")
    running.rename(file)


def _in_turns(tests, module):
    """The quick rooms first, then one test of each file in turn, because a mutant dies in one subject, not in one test.

    In each turn, files that are named after the mutant's module come first, and their first few tests come before
    everything else. Searches come last.
    """
    of_file = Counter()
    ordered = []
    for test in sorted(tests):
        file = test.partition("::")[0]
        named = module in file
        place = SLOW.index(next(room for room in reversed(SLOW) if file.startswith(room)))
        ordered.append((not (named and of_file[file] < FIRST), place, of_file[file], not named, test))
        of_file[file] += 1
    return [test for *_, test in sorted(ordered)]


def _tests(contexts):
    """Contexts are such as tests/a.py::test_b[c]|run. Imports have none."""
    return {re.split(r"[|\[]", context)[0] for context in contexts if context}


def _digest(directory):
    digest = hashlib.sha256()
    files = [file for name in (*OURS, *template.PATHS, "openapi.json") for file in _files(directory / name)]
    for file in sorted(files):
        digest.update(str(file.relative_to(directory)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _files(path):
    return [path] if path.is_file() else [one for one in path.glob("**/*.*") if one.is_file() and one.suffix != ".pyc"]
