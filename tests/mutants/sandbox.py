"""A copy of the repository, in which a mutant stands for its original and tests run in a forked child."""

import compileall
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from tests.mutants import template

# A mutant may loop forever. A timeout counts as killed.
LONGEST_SECONDS = 600
NOT_RUN = 70
OURS = ("functions", "infra", "shared", "tests")
COPIED = (*OURS, "docs", ".github", ".ci")


class Sandbox:
    """`directory`: where the copy goes; it is not there yet."""

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
        # By hash: what is compiled of an original is not taken for its mutant's.
        for name in OURS:
            compileall.compile_dir(directory / name, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)

    def is_killed(self, mutant, tests, *, is_template):
        """Whether one of the tests fails on it, or cfn-lint does where it is a template's."""
        file = self.directory / mutant.path
        original = file.read_bytes()
        file.write_text(mutant.text(self.directory), encoding="utf-8")
        try:
            return self.fails(tests) or (is_template and self._is_bad_template())
        finally:
            file.write_bytes(original)

    def _is_bad_template(self):
        command = [Path(sys.executable).with_name("cfn-lint"), *template.PATHS]
        return subprocess.run(command, cwd=self.directory, capture_output=True, check=False).returncode != 0

    def fails(self, tests):
        """Whether one of the tests fails. Raises RuntimeError if they could not be run."""
        child = os.fork()
        if child == 0:
            try:
                self._run(tests)
            finally:
                os._exit(NOT_RUN)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status in {NOT_RUN, pytest.ExitCode.NO_TESTS_COLLECTED}:
            raise RuntimeError(f"pytest could not run {tests}.")
        return status != 0

    def _run(self, tests):
        """In the child. What is heavy and not ours is loaded already; what is ours comes from the copy."""
        signal.alarm(LONGEST_SECONDS)
        os.chdir(self.directory)
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        sys.path[0] = str(self.directory)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        status = pytest.main(["--exitfirst", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests])
        # Threads that tests have left behind do not matter.
        os._exit(int(status))
