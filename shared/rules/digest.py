"""Digests, which are stored instead of secrets."""

from __future__ import annotations

import hashlib


def sha256_hex(text: str) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
