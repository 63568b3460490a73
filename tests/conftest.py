"""One AWS for the whole run: moto in this process, with the stack that template.yaml declares.

It stands before any test module is imported, for our adapters read their environment and make their clients on import.
Tests share its table and keep out of each other's way as tenants do.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from moto import mock_aws

from infra.local import access, cloud, mends
from infra.local import template as sam
from shared.aws import client
from tests.aws.network import NETWORK
from tests.local_stack import operate, stack  # noqa: F401 - fixtures for whoever speaks HTTP

settings.register_profile("repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


def pytest_addoption(parser):
    parser.addoption("--artifact", action="store_true", help="on what make builds, and tests of that")


def pytest_ignore_collect(collection_path, config):
    """`make test` needs no build."""
    if collection_path == Path(__file__).with_name("artifact") and not config.getoption("artifact"):
        return True
    return None


os.environ.update(access.CREDENTIALS, AWS_REGION=access.REGION, AWS_DEFAULT_REGION=access.REGION)
mends.apply()
# With our own credentials, which are those that the network knows.
mock_aws(config={"core": {"mock_credentials": False}}).start()
client.HTTPSConnection = NETWORK.connection
# Nobody is waiting for moto to recover.
client._PAUSE_SECONDS = 0
TEMPLATE = sam.translate(sam.read())
STACK = cloud.create(TEMPLATE)
for function in STACK.functions.values():
    os.environ.update(function.environment)


@pytest.fixture(autouse=True)
def _nothing_that_aws_would_reject():
    yield
    rejected, NETWORK.rejected[:] = [*NETWORK.rejected], []
    assert rejected == []
