"""Checks every response of the API: its status, an error's code, and its own headers must be in openapi.json, and its
texts sentences.
"""

import json

from infra.local.routes import Function
from infra.local.template import ROOT
from infra.tools.openapi import headers, refusals

# Of some responses. Those of every response are described once, in words.
_HEADERS = {name.lower(): name for name in headers.RESPONSE}


class Documented:
    """The same application. `undocumented`: responses that are not in the document, as (operation, status, code), and
    headers, as (operation, status, header).
    """

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
        self._headers = {
            (path, method.upper()): {
                int(status): one.get("headers", {}).keys() for status, one in operation["responses"].items()
            }
            for path, methods in paths.items()
            for method, operation in methods.items()
        }
        self.undocumented = set()
        self.no_sentences = set()

    def __call__(self, environ, start_response):
        started = []

        def start(status, headers, *error):
            started.append((int(status[:3]), {_HEADERS.get(name.lower()) for name, _ in headers} - {None}))
            return start_response(status, headers, *error)

        body = b"".join(self._app(environ, start))
        method, path = environ["REQUEST_METHOD"], environ["REQUEST_URI"].partition("?")[0]
        match self._routes.match(method, path):
            case route, _ if isinstance(route.target, Function):
                self._compare(method, route.path, *started[-1], body)
        return [body]

    def _compare(self, method, path, status, sent, body):
        error = json.loads(body) if status >= 400 else {}
        self.no_sentences |= {text for text in _texts(path, error) if text[-1:] not in {".", "?", "!"}}
        code = error.get("code")
        if (status, code) not in self._known[path, method]:
            self.undocumented.add((f"{method} {path}", status, code))
        unknown = sent - self._headers[path, method].get(status, sent)
        self.undocumented |= {(f"{method} {path}", status, name) for name in unknown}


def _texts(path, error):
    """What an error says to people in sentences of ours. Pages also read Runtype's, and details are about a field."""
    if not path.startswith("/v1/client/") and "details" not in error:
        yield error.get("error", ".")
    yield error.get("hint", ".")


def _codes(response):
    """None for a response that is not an error."""
    return response.get(refusals.CODES, [None])
