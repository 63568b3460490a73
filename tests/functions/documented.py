"""Checks every response of the API against openapi.json: its status, and the code of an error, must be documented."""

import json

from infra.local.routes import Function
from infra.local.template import ROOT
from infra.tools.openapi import refusals


class Documented:
    """The same application. `undocumented`: responses that are not in the document, as (operation, status, code)."""

    def __init__(self, app, routes):
        self._app = app
        self._routes = routes
        paths = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))["paths"]
        self._known = {
            (path, method.upper()): {
                (int(status), code) for status, one in operation["responses"].items() for code in _codes(one)
            }
            for path, methods in paths.items()
            for method, operation in methods.items()
        }
        self.undocumented = set()

    def __call__(self, environ, start_response):
        statuses = []

        def start(status, headers, *error):
            statuses.append(int(status[:3]))
            return start_response(status, headers, *error)

        body = b"".join(self._app(environ, start))
        method, path = environ["REQUEST_METHOD"], environ["REQUEST_URI"].partition("?")[0]
        match self._routes.match(method, path):
            case route, _ if isinstance(route.target, Function):
                self._compare(method, route.path, statuses[-1], body)
        return [body]

    def _compare(self, method, path, status, body):
        code = json.loads(body)["code"] if status >= 400 else None
        if (status, code) not in self._known[path, method]:
            self.undocumented.add((f"{method} {path}", status, code))


def _codes(response):
    """None for a response that is not an error."""
    return response.get(refusals.CODES, [None])
