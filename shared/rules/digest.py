"""What we keep in the place of a secret, and by which we know it again."""

from __future__ import annotations

import hashlib


def sha256_hex(text: str) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
