"""Skips tests whose tool is not installed on this machine."""

import os

import pytest


def do_without(reason):
    """Skips on a developer's machine; in CI, a missing tool is a failure."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
