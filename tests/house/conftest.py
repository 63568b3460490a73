"""The template as written, and as CloudFormation receives it."""

import pytest

from infra.local import template as sam
from tests import watched


@pytest.fixture(scope="session")
def source():
    return sam.read()


@pytest.fixture(scope="session")
def template():
    return sam.translate(sam.read())


@pytest.fixture(scope="session")
def watching(template):
    """The nested stack of alarms and dashboard, with the parent's parameters."""
    return watched.nested(template)


@pytest.fixture(scope="session")
def functions(template):
    """Logical id -> properties."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    }
