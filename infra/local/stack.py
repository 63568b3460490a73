"""The whole local stack: moto over HTTP, functions in their own processes, and the API on its port."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from infra.local import access, cloud, code, http_server, openapi, seed, template
from infra.local import parameters as chosen
from infra.local.api import Api
from infra.local.demo.server import Demo
from infra.local.functions import Functions
from infra.local.invocations import Invocations
from infra.local.management import Management
from infra.local.own_handler import OwnHandler
from infra.local.saved_state import SavedState
from infra.local.subscription import Subscriptions


class Stack:
    """Runs from construction to `stop`. `state`: what other programs need to reach it."""

    def __init__(
        self,
        listener: socket.socket,
        demo_listener: socket.socket,
        parameters: Mapping[str, str],
        say: Callable[[str], None],
        *,
        as_built: bool,
        kept: SavedState | None,
        own: tuple[Path, Mapping[str, str]] | None = None,
    ) -> None:
        """Takes two bound sockets, for the API and the demo page. `say`: prints a line to the terminal. `as_built`: run
        functions from the artifact instead of the source. `kept`: the saved data of an earlier start. `own`: the file
        of the developer's own handler, and its environment.
        """
        self._say = say
        self._held: list[str] | None = []
        source = template.read()
        chosen.require_valid(source, parameters)
        self.code = code.artifact(source) if as_built else code.source()
        translated = template.translate(source, parameters)
        routes = openapi.read_routes(translated)
        self._own = OwnHandler(*own, self._log_function) if own else None
        self._aws, endpoint = cloud.serve(in_front=partial(Invocations, self._own) if self._own else None)
        made = cloud.create(translated, endpoint)
        self._kept, self._table = kept, made.outputs["TableName"]
        if kept:
            kept.restore(self._table)
        os.environ.update(access.variables(endpoint), TABLE_NAME=self._table)
        self._subscriptions = Subscriptions(translated, self._invoke, self._log_function)
        self._functions = Functions(made.functions, self.code, endpoint, self._take_line)
        api = Api(routes, self._functions.invoke, self._functions.stream, log=self._log)
        self._server = http_server.serve(listener, api, self._log)
        host, port = listener.getsockname()
        url, demo_port = f"http://{host}:{port}", demo_listener.getsockname()[1]
        pages = [f"http://{name}:{demo_port}" for name in (host, "localhost")]
        try:
            self._seeds = seed.plant(url, pages, kept.seeds if kept else None, self._own.arn if self._own else None)
        except Exception:
            held, self._held = self._held, None
            for line in held:
                say(line)
            raise
        self._save()
        self._demo = Demo(demo_listener, Management(url, self._seeds["apiKey"]), self._seeds["clientTokenId"], say)
        self.state = {
            "url": url,
            **self._seeds,
            "demoUrl": pages[0],
            "awsEndpoint": endpoint,
            "stackName": cloud.STACK_NAME,
            **({"handler": str(self._own.file), "handlerArn": self._own.arn} if self._own else {}),
        }

    def log_requests(self) -> None:
        """From now on; what was said of the seeds' own matters only where they fail."""
        self._held = None

    def stop(self) -> None:
        self._demo.stop()
        self._subscriptions.stop()
        self._functions.stop()
        if self._own:
            self._own.stop()
        self._server.shutdown()
        self._server.server_close()
        self._aws.stop()
        self._save()

    def _save(self) -> None:
        if self._kept:
            self._kept.save(self._table, self._seeds)

    def _invoke(self, name: str, event: dict[str, Any]) -> Any:
        return self._functions.invoke(name, event)

    def _take_line(self, name: str, line: str) -> None:
        self._log_function(name, line)
        self._subscriptions.take(name, line)

    def _log_function(self, name: str, line: str) -> None:
        self._log(f"{name} | {line}")

    def _log(self, line: str) -> None:
        # Looked at once, for another thread may end the holding meanwhile.
        held = self._held
        if held is None:
            self._say(line)
        else:
            held.append(line)
