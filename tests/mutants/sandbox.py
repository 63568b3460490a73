"""A copy of the repository in which a mutant replaces its original and tests run in a forked child."""

import compileall
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from tests.mutants import template

# A mutant may loop or wait forever, which counts as killed. A survivor on a busy machine must not.
CPU_SECONDS = 600
SECONDS = 3600
# Most mutants are killed by one of the first tests, and it takes time to load the others.
CHUNKS = (20, 200)
NOT_RUN = 70
KILLED, TIMES_OUT, SURVIVES = "killed", "times out", "SURVIVES"
# Rewriting assertions takes a second each time, for explanations that nobody reads here.
OPTIONS = ("--exitfirst", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist")
OURS = ("functions", "infra", "shared", "tests")
COPIED = (*OURS, "docs", ".github", ".ci")


class Sandbox:
    """`directory`: where to create the copy."""

    def __init__(self, root, directory):
        self.directory = directory
        directory.mkdir(parents=True)
        for name in COPIED:
            shutil.copytree(root / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        for file in root.iterdir():
            if file.is_file():
                shutil.copy2(file, directory / file.name)
            elif file.name.startswith(".venv"):
                (directory / file.name).symlink_to(file)
        # By hash, so that an original's .pyc file is not used for its mutant.
        for name in OURS:
            compileall.compile_dir(directory / name, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)

    def outcome(self, mutant, tests, *, is_template):
        """KILLED if one of the tests fails on it, or cfn-lint does where it is a template's."""
        file = self.directory / mutant.path
        original = file.read_bytes()
        file.write_text(mutant.text(self.directory), encoding="utf-8")
        try:
            for chunk in _chunks(tests):
                if (outcome := self.run(chunk)) != SURVIVES:
                    return outcome
            return KILLED if is_template and self._is_bad_template() else SURVIVES
        finally:
            file.write_bytes(original)

    def _is_bad_template(self):
        command = [Path(sys.executable).with_name("cfn-lint"), *template.PATHS]
        return subprocess.run(command, cwd=self.directory, capture_output=True, check=False).returncode != 0

    def run(self, tests, output=os.devnull):
        """KILLED if one of the tests fails, SURVIVES if all pass. Raises RuntimeError if they could not be run.

        `output`: the file to which pytest writes.
        """
        child = os.fork()
        if child == 0:
            try:
                self._run(tests, output)
            finally:
                os._exit(NOT_RUN)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status in {NOT_RUN, pytest.ExitCode.NO_TESTS_COLLECTED}:
            raise RuntimeError(f"pytest could not run {tests}.")
        if -status in {signal.SIGALRM, signal.SIGXCPU}:
            return TIMES_OUT
        return KILLED if status else SURVIVES

    def _run(self, tests, output):
        """Runs in the child. Heavy packages are loaded already; our own modules come from the copy."""
        signal.alarm(SECONDS)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        os.chdir(self.directory)
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        sys.path[0] = str(self.directory)
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        status = pytest.main([*OPTIONS, *tests])
        # Threads left over from tests don't matter.
        os._exit(int(status))


def _chunks(tests):
    begin = 0
    for size in (*CHUNKS, len(tests)):
        if chunk := tests[begin : begin + size]:
            yield chunk
        begin += size
