"""Runtype's chat widget for the demo page: a copy on this machine where npm can fetch it, else a public CDN's."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.local.template import ROOT

_PACKAGE = "@runtypelabs/persona"
_VERSION = "4.17.0"
_SHA512 = (
    "bc794e209ccfcabffcc7f971d4a7b028244d579982a70d3c164b91b4f3070e03"
    "70c5eb494ee67e5e210a3be323bdca918bb21a0120398b6184b143ef40bf36d5"
)
CDN_ORIGIN = "https://cdn.jsdelivr.net"
CDN = f"{CDN_ORIGIN}/npm/{_PACKAGE}@{_VERSION}/dist"
COPY = ROOT / ".local" / "widget" / _VERSION
"""What the CDN serves, once a Fetch has finished."""

_PATIENCE_MILLISECONDS = 60_000


class NotFetched(Exception):  # noqa: N818 - the CDN is there, too
    """The message says why."""


class Fetch:
    """npm at work: the one package, without its dependencies (they are in its bundle) and without a script of theirs.

    Raises NotFetched where there is no npm.
    """

    def __init__(self) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise NotFetched("there is no npm here")
        COPY.parent.mkdir(parents=True, exist_ok=True)
        # In the same file system as the copy, which comes into its place all at once.
        self._directory = TemporaryDirectory(dir=COPY.parent)
        self._npm = subprocess.Popen(  # noqa: S603 - the command is our own
            [
                npm, "pack", f"{_PACKAGE}@{_VERSION}", "--pack-destination", self._directory.name, "--ignore-scripts",
                "--fetch-retries=0", f"--fetch-timeout={_PATIENCE_MILLISECONDS}", "--loglevel=error",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def finish(self) -> None:
        """Waits for npm, and puts the copy into its place. Raises NotFetched."""
        _, complaint = self._npm.communicate()
        with self._directory as directory:
            if self._npm.returncode:
                raise NotFetched("npm says: " + " ".join(complaint.split()))
            (archive,) = Path(directory).glob("*.tgz")
            if hashlib.sha512(archive.read_bytes()).hexdigest() != _SHA512:
                raise NotFetched("npm has fetched something else")
            with tarfile.open(archive) as package:
                # The default warns before Python 3.14; Pythons of before June 2023 know none.
                package.extraction_filter = getattr(tarfile, "data_filter", None)
                package.extractall(directory)  # noqa: S202 - its digest vouches for its paths
            try:
                (Path(directory) / "package" / "dist").rename(COPY)
            except OSError:
                # Another stack was faster.
                if not COPY.is_dir():
                    raise

    def stop(self) -> None:
        self._npm.kill()
