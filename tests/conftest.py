"""Fixtures of all tests. It loads fast: only rooms that need AWS import tests.aws.in_memory, in their conftest.py."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from infra.local import access
from tests.local_stack import operate, stack  # noqa: F401 - fixtures of tests over HTTP

settings.register_profile("thorough", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# For a developer's loop: make test T=...
settings.register_profile("quick", settings.get_profile("thorough"), max_examples=2)
settings.load_profile("thorough")

# No test uses a developer's own AWS account.
os.environ.update(access.CREDENTIALS, AWS_REGION=access.REGION, AWS_DEFAULT_REGION=access.REGION)


def pytest_addoption(parser):
    parser.addoption("--artifact", action="store_true", help="on what make builds, and tests of that")
    parser.addoption("--deep", action="store_true", help="searches for minutes what is searched for seconds")


def pytest_ignore_collect(collection_path, config):
    """`make test` needs no build."""
    if collection_path == Path(__file__).with_name("artifact") and not config.getoption("artifact"):
        return True
    return None


@pytest.fixture(autouse=True)
def _nothing_that_aws_would_reject():
    yield
    if network := sys.modules.get("tests.aws.network"):
        rejected, network.NETWORK.rejected[:] = [*network.NETWORK.rejected], []
        assert rejected == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Adds the traceback of a crashed handler to a failing test's report. Responses and logs leave it out."""
    report = yield
    if memory := sys.modules.get("tests.aws.in_memory"):
        if report.failed:
            report.sections += [("Crash of a handler", crash) for crash in memory.CRASHES]
        if report.when == "teardown":
            memory.CRASHES.clear()
    return report
