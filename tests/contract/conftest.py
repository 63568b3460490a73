"""Runtype's own SDK, unchanged, against the local stack over HTTP."""

import asyncio
import inspect
import os
import subprocess
import sys

import pytest
from runtype import AsyncRuntypeClient, RuntypeClient

from infra.local import cloud
from infra.local.template import ROOT


class Sdk:
    """The generated client as the SDK hands it out; the asynchronous one is run to its end: one test judges both."""

    def __init__(self, url, key, *, is_async):
        self._loop = asyncio.new_event_loop()
        self._client = (AsyncRuntypeClient if is_async else RuntypeClient)(api_key=key, base_url=url)
        self._methods = self._client.api.client_tokens

    def __getattr__(self, name):
        return lambda *arguments, **options: self._finished(getattr(self._methods, name)(*arguments, **options))

    def close(self):
        self._finished(self._client.close())
        self._loop.close()

    def _finished(self, answer):
        return self._loop.run_until_complete(answer) if inspect.isawaitable(answer) else answer


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def sdk_for(request, stack):
    """`sdk_for(key)` is a client for that API key."""
    made = []

    def make(key):
        made.append(Sdk(stack.url, key, is_async=request.param))
        return made[-1]

    yield make
    for sdk in made:
        sdk.close()


@pytest.fixture
def sdk(sdk_for, stack):
    return sdk_for(stack.api_key)


@pytest.fixture(scope="session")
def operate(stack):
    """Runs the operator's command line against the local stack and gives what it printed."""
    environment = os.environ | cloud.access(stack.aws_endpoint)

    def run(*arguments):
        command = [sys.executable, "-m", "infra.operator", *arguments, "--stack", stack.stack_name]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return run
