"""An AWS in memory with one tenant, in which each operation runs once and is recorded, to be measured later."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from werkzeug.test import Client

from infra.local import access, cloud, openapi, seed, subscription, template
from infra.local.api import Api
from infra.local.call import ACCOUNT
from infra.local.environment import Environment
from infra.local.routes import Function, Routes
from infra.tools.bench import programs
from infra.tools.bench.aws import Aws, Exchange, Recorder
from infra.tools.bench.programs import Program
from infra.tools.bench.units import Item, Key

ORIGIN = "https://app.example.com"
_LOG_SECONDS = 0.05
_TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Recording:
    """One invocation of a program: its event, its AWS calls, and how many bytes and which lines it logged."""

    program: Program
    event: dict[str, Any]
    exchanges: list[Exchange]
    logged: int
    lines: tuple[str, ...] = ()


@dataclass(slots=True)
class _Running:
    environment: Environment
    recorder: Recorder
    aws: Aws
    lines: list[str] = field(default_factory=list)


@contextmanager
def _standing_still(pid: int) -> Iterator[None]:
    """Stops a process meanwhile: its clients time out after a second, and moto may need ten for thousands of items."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class World:
    """`programs`: ours by logical id. `fastapi_mangum`: the baseline. `key`: an API key of the tenant."""

    def __init__(self) -> None:
        source = template.read()
        translated = template.translate(source)
        self.routes = openapi.read_routes(translated)
        (self.subscription,) = subscription.read(translated)
        self._server, self._endpoint = cloud.serve()
        made = cloud.create(translated, self._endpoint)
        self._table = made.outputs["TableName"]
        os.environ.update(access.variables(self._endpoint), TABLE_NAME=self._table)
        self.key, self.flow = seed.plant_tenant(), seed.FLOW
        self.programs = programs.ours(source, made.functions)
        self.fastapi_mangum = programs.fastapi_mangum(made.functions["CreateClientToken"])
        self._running: dict[Program, _Running] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for running in self._running.values():
            running.environment.stop()
            running.aws.stop()
        self._server.stop()

    def caller(self, baseline: Program | None = None) -> Caller:
        """A caller of our API or, behind the same authorizer, of an API that the `baseline` serves alone, buffered."""
        serving = {name: baseline or program for name, program in self.programs.items()}
        return Caller(self, serving, _buffered(self.routes) if baseline else self.routes)

    def invoke(self, program: Program, event: dict[str, Any]) -> tuple[bytes, Recording]:
        """The response, whole, and how it was made."""
        running = self._running.get(program) or self._start(program)
        running.recorder.exchanges.clear()
        running.lines.clear()
        answer = b"".join(running.environment.stream(event, _TIMEOUT_SECONDS))
        # Lines that it logged before the response may arrive after it.
        time.sleep(_LOG_SECONDS)
        logged = sum(len(line) + 1 for line in running.lines)
        return answer, Recording(program, event, [*running.recorder.exchanges], logged, tuple(running.lines))

    def _start(self, program: Program) -> _Running:
        recorder = Recorder(self._endpoint, self._peek)
        aws = Aws(recorder.ask)
        lines: list[str] = []
        environment = program.start(aws.endpoint, lines.append)
        aws.meanwhile = partial(_standing_still, environment.pid)
        running = self._running[program] = _Running(environment, recorder, aws, lines)
        return running

    def items(self, pk: str, sk: str) -> list[Item]:
        """Items whose keys begin with this."""
        found = [item.to_json()["Attributes"] for item in self._kept.all_items()]
        return [item for item in found if item["pk"]["S"].startswith(pk) and item["sk"]["S"].startswith(sk)]

    def put(self, items: Iterable[dict[str, Any]]) -> None:
        """Writes directly to the table: through the API, growth would take half an hour."""
        for item in items:
            self._kept.put_item(item)

    @property
    def _kept(self) -> Table:
        """Moto's own object of the table."""
        return dynamodb_backends[ACCOUNT][access.REGION].get_table(self._table)

    def _peek(self, key: Key) -> Item | None:
        """The item that a call is about to change, or has changed."""
        backend = dynamodb_backends[ACCOUNT][access.REGION]
        found = backend.get_item(self._table, {"pk": {"S": key[0]}, "sk": {"S": key[1]}})
        return found.to_json()["Attributes"] if found else None


class Caller:
    """Sends requests over HTTP, and keeps the last recording of each function by its logical id."""

    def __init__(self, world: World, serving: Mapping[str, Program], routes: Routes) -> None:
        self.recorded: dict[str, Recording] = {}
        # Seconds by which the events' time is ahead of this machine's.
        self.ahead = 0.0
        self._world = world
        self._serving = dict(serving) | {"Authorize": world.programs["Authorize"]}
        self._http = Client(
            Api(
                routes,
                self._invoke,
                self._stream,
                timeout=_TIMEOUT_SECONDS,
                clock=lambda: time.time() + self.ahead,
            )
        )

    def _invoke(self, name: str, event: dict[str, Any]) -> Any:
        return json.loads(b"".join(self._stream(name, event)))

    def _stream(self, name: str, event: dict[str, Any]) -> Iterator[bytes]:
        answer, self.recorded[name] = self._world.invoke(self._serving[name], event)
        yield answer

    def deliver(self, lines: Iterable[str]) -> Recording:
        """Hands lines of the log to the function that tallies them, as CloudWatch does."""
        now, subscribed = time.time(), self._world.subscription
        batch = [(now, line) for line in lines if subscribed.pattern.matches(line)]
        self._invoke(subscribed.function, subscription.event(batch))
        return self.recorded[subscribed.function]

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        address: str = "203.0.113.7",
        visitor: str = "",
    ) -> Any:
        """The response as JSON, or as text if it is not JSON. `visitor`: the secret of a returning one."""
        answer = self._http.open(
            path,
            method=method,
            data=None if body is None else json.dumps(body),
            headers={
                "Authorization": f"Bearer {self._world.key}",
                "Content-Type": "application/json",
                "Origin": ORIGIN,
                "X-Visitor-Token": visitor,
            },
            environ_overrides={"REMOTE_ADDR": address},
        )
        if answer.status_code >= 400:  # noqa: PLR2004
            raise RuntimeError(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer.json if answer.is_json else answer.text


def _buffered(routes: Routes) -> Routes:
    """The same routes to functions that answer in one piece."""
    paths = {
        path: {
            method: replace(route, target=Function(route.target.name)) if isinstance(route.target, Function) else route
            for method, route in methods.items()
        }
        for path, methods in routes.paths.items()
    }
    return replace(routes, paths=paths)
