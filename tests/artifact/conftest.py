"""The artifact that `make build` builds for Lambda, and the one for this machine."""

import pytest

from infra.local.code import ARTIFACT
from infra.local.template import ROOT

BUILD = ROOT / ".aws-sam/build"
LAYERS = ("SharedLayer", "CryptographyLayer")


@pytest.fixture(scope="session")
def build():
    assert (BUILD / "template.yaml").is_file(), "There is no build: run make test-artifact."
    return BUILD


@pytest.fixture(scope="session")
def artifact():
    assert (ARTIFACT / ".built").is_file(), "There is no artifact: run make test-artifact."
    return ARTIFACT
