"""Writes each certificate of a PEM bundle to a file of its own, under the name by which OpenSSL looks for it.

OpenSSL then reads only the one that it needs, instead of all of them at each start.
"""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from shutil import which

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n", re.DOTALL)


def main(bundle: Path, folder: Path) -> None:
    """Raises CalledProcessError if OpenSSL cannot read a certificate."""
    if not which("openssl"):
        sys.exit("The build needs openssl, to name the certificate authorities in the layer. Install it.")
    folder.mkdir()
    of_subject = Counter[str]()
    for certificate in CERTIFICATE.findall(bundle.read_text(encoding="utf-8")):
        command = ["openssl", "x509", "-noout", "-subject_hash"]
        done = subprocess.run(command, input=certificate, capture_output=True, text=True, check=True)  # noqa: S603
        subject = done.stdout.strip()
        (folder / f"{subject}.{of_subject[subject]}").write_text(certificate, encoding="ascii")
        of_subject[subject] += 1


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
