"""Third-party bundles for the demo's pages: pinned archives from npm, copied to this machine, or a CDN until then."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from werkzeug.utils import redirect, send_from_directory
from werkzeug.wrappers import Response

from infra.local.template import ROOT

CDN_ORIGIN = "https://cdn.jsdelivr.net"
ROOM = ROOT / ".local"

_TIMEOUT_MILLISECONDS = 60_000


@dataclass(frozen=True, slots=True)
class Bundle:
    """An npm package. `folder`: the folder of the package that pages load. `name`: for people."""

    name: str
    directory: str
    package: str
    version: str
    sha512: str
    folder: str

    @property
    def copy(self) -> Path:
        """The local copy of what the CDN serves, once a Fetch has finished."""
        return ROOM / self.directory / self.version

    @property
    def cdn(self) -> str:
        return f"{CDN_ORIGIN}/npm/{self.package}@{self.version}/{self.folder}"

    @property
    def sources(self) -> str:
        """The sources that a page's policy must allow for scripts and styles."""
        return "'self'" if self.copy.is_dir() else f"'self' {CDN_ORIGIN}"

    def serve(self, file: str, environ: dict[str, Any]) -> Response:
        if self.copy.is_dir():
            return send_from_directory(self.copy, file, environ)
        return redirect(f"{self.cdn}/{file}")


WIDGET = Bundle(
    name="the chat widget",
    directory="widget",
    package="@runtypelabs/persona",
    version="4.17.0",
    sha512=(
        "bc794e209ccfcabffcc7f971d4a7b028244d579982a70d3c164b91b4f3070e03"
        "70c5eb494ee67e5e210a3be323bdca918bb21a0120398b6184b143ef40bf36d5"
    ),
    folder="dist",
)
# It renders openapi.json.
REFERENCE = Bundle(
    name="Scalar's API reference",
    directory="reference",
    package="@scalar/api-reference",
    version="1.72.1",
    sha512=(
        "5e9109d2b7dcfdc5db0ab47e882e242b4a3f5b05f6753b4641b4f4e3d3a53ca0"
        "070fa20c205753786cf6afe336ecfd840d62b25084d19bf37394ff33da9c3f3b"
    ),
    folder="dist/browser",
)


class NotFetched(Exception):  # noqa: N818 - the CDN is there, too
    """The message says why."""


class Fetch:
    """A running npm that fetches the package, without its dependencies (they are bundled) and without running scripts.

    Raises NotFetched without npm.
    """

    def __init__(self, bundle: Bundle) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise NotFetched("there is no npm here")
        self._bundle = bundle
        bundle.copy.parent.mkdir(parents=True, exist_ok=True)
        # In the same file system as the copy, which is then moved atomically.
        self._directory = TemporaryDirectory(dir=bundle.copy.parent)
        self._npm = subprocess.Popen(  # noqa: S603 - the command is our own
            [
                npm, "pack", f"{bundle.package}@{bundle.version}", "--pack-destination", self._directory.name,
                "--ignore-scripts", "--fetch-retries=0", f"--fetch-timeout={_TIMEOUT_MILLISECONDS}",
                "--loglevel=error",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def finish(self) -> None:
        """Waits for npm, then moves the copy into place. Raises NotFetched."""
        _, complaint = self._npm.communicate()
        with self._directory as directory:
            if self._npm.returncode:
                raise NotFetched("npm says: " + " ".join(complaint.split()))
            (archive,) = Path(directory).glob("*.tgz")
            if hashlib.sha512(archive.read_bytes()).hexdigest() != self._bundle.sha512:
                raise NotFetched("npm has fetched something else")
            with tarfile.open(archive) as package:
                # The default warns before Python 3.14; Pythons from before June 2023 have no filters.
                package.extraction_filter = getattr(tarfile, "data_filter", None)
                package.extractall(directory)  # noqa: S202 - its digest vouches for its paths
            try:
                (Path(directory) / "package" / self._bundle.folder).rename(self._bundle.copy)
            except OSError:
                # Another stack was faster.
                if not self._bundle.copy.is_dir():
                    raise

    def stop(self) -> None:
        self._npm.kill()
