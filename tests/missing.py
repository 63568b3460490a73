"""What tests do where a tool is missing that only some machines have."""

import os

import pytest


def do_without(reason):
    """Only a developer may: in CI it is a failure."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
