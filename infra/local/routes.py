"""The route table: the target and authorizer of each request, and the API's own error responses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# The methods that API Gateway's ANY matches.
METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of API Gateway itself. `status`: None if the template leaves it to the cause."""

    status: int | None
    headers: Mapping[str, str]
    body: str

    def text(self, extended_request_id: str, authorizer: Mapping[str, str] | None = None) -> str:
        """The body. `authorizer`: the authorizer's context; a variable that is not in it becomes empty."""
        body = self.body.replace("$context.extendedRequestId", extended_request_id)
        return re.sub(r"\$context\.authorizer\.(\w+)", lambda found: (authorizer or {}).get(found[1], ""), body)


@dataclass(frozen=True, slots=True)
class Function:
    """By its logical id. `timeout`: seconds that API Gateway waits, for a stream until its end."""

    name: str
    streams: bool = False
    timeout: float = 29.0


@dataclass(frozen=True, slots=True)
class Mock:
    """`takes_other_types`: whether it accepts a body that is not JSON."""

    answer: Answer
    takes_other_types: bool


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A TOKEN authorizer. `ttl`: seconds for which its response to a credential is cached."""

    function: str
    header: str
    expression: re.Pattern[str] | None
    ttl: int


@dataclass(frozen=True, slots=True)
class Route:
    """`path`: as in the template, such as /v1/client-tokens/{id}."""

    path: str
    target: Function | Mock
    authorizer: Authorizer | None


@dataclass(frozen=True, slots=True)
class Routes:
    """The whole table. `paths`: in the order in which they are tried. `refusals`: the gateway responses by type."""

    stage: str
    paths: Mapping[str, Mapping[str, Route]]
    refusals: Mapping[str, Answer]

    def match(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """Returns the route and its path parameters as sent: API Gateway decodes none."""
        # API Gateway ignores a trailing slash.
        segments = raw_path.rstrip("/").split("/")
        for path, methods in self.paths.items():
            parameters = _bind(path.split("/"), segments)
            if parameters is not None:
                route = methods.get(method) or (methods.get("ANY") if method in METHODS else None)
                return (route, parameters) if route else None
        return None


def _bind(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    bound = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{") and segment:
            bound[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return bound
