"""Runtype's own SDK, unchanged, against the local stack over HTTP."""

import asyncio
import inspect

import pytest
from runtype import AsyncRuntypeClient, RuntypeClient


class Sdk:
    """The generated client as the SDK returns it; the asynchronous one runs to completion, so one test covers both."""

    def __init__(self, url, key, part, *, is_async):
        self._loop = asyncio.new_event_loop()
        self._client = (AsyncRuntypeClient if is_async else RuntypeClient)(api_key=key, base_url=url)
        self._methods = getattr(self._client.api, part)

    def __getattr__(self, name):
        return lambda *arguments, **options: self._finished(getattr(self._methods, name)(*arguments, **options))

    def close(self):
        self._finished(self._client.close())
        self._loop.close()

    def _finished(self, answer):
        """Returns a stream's events as a list."""
        if inspect.isgenerator(answer):
            return list(answer)
        if inspect.isasyncgen(answer):
            answer = _listed(answer)
        return self._loop.run_until_complete(answer) if inspect.isawaitable(answer) else answer


async def _listed(stream):
    return [event async for event in stream]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def sdk_for(request, stack):
    """`sdk_for(key)`: a client with that API key. `part`: which of its APIs."""
    made = []

    def make(key, part="client_tokens"):
        made.append(Sdk(stack.url, key, part, is_async=request.param))
        return made[-1]

    yield make
    for sdk in made:
        sdk.close()


@pytest.fixture
def sdk(sdk_for, stack):
    return sdk_for(stack.api_key)


@pytest.fixture
def runtime(sdk_for, stack):
    return sdk_for(stack.api_key, "client_runtime")
