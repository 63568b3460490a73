"""One TLS context for every connection, made while Lambda gives a whole core."""

from __future__ import annotations

import ssl
from pathlib import Path

# The artifact has one file per certificate authority, of which OpenSSL reads only those that it needs. To read all of
# the system's takes a tenth of a cold start.
_CERTIFICATES = Path(__file__).with_name("certificates")

CONTEXT = ssl.create_default_context(capath=_CERTIFICATES if _CERTIFICATES.is_dir() else None)
