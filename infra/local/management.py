"""A client of the management API for programs of the local stack: HTTP with an API key."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit


class ManagementError(Exception):
    """`sentence`: the API's error."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(f"The API answered {status}: {message}")


@dataclass(frozen=True, slots=True)
class Management:
    """`url`: where the API listens, without a path."""

    url: str
    key: str

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Returns the response's JSON. Raises ManagementError."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        api = http.client.HTTPConnection(urlsplit(self.url).netloc)
        try:
            api.request(method, path, None if body is None else json.dumps(body), headers)
            response = api.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            api.close()
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise ManagementError(response.status, answer["error"])
        return answer
