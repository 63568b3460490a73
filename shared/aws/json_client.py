"""Calls services of AWS that speak its JSON protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.aws.client import AwsResponse, Client, Unreachable, unlimited
from shared.http.deadline import SecondsLeft


class JsonClient(Client):
    """A service with AWS's JSON protocol. `prefix` and `version`: those of its API."""

    def __init__(self, service: str, prefix: str, version: str) -> None:
        super().__init__(service)
        self._prefix = prefix
        self._content_type = f"application/x-amz-json-{version}"

    def call(
        self, operation: str, parameters: Mapping[str, Any], seconds_left: SecondsLeft | None = None
    ) -> dict[str, Any]:
        """Raises as `post` does. `seconds_left`: until the caller gives up. No attempt begins after that, or waits."""
        headers = {"Content-Type": self._content_type, "X-Amz-Target": f"{self._prefix}.{operation}"}
        body = json.dumps(parameters).encode()

        def attempt_once(left: SecondsLeft) -> dict[str, Any]:
            return self._parsed(operation, self._attempt(operation, "/", body, headers, left))

        return self._with_retries(attempt_once, seconds_left or unlimited)

    def _parsed(self, operation: str, reply: AwsResponse) -> dict[str, Any]:
        try:
            answer = json.loads(reply.body)
        except ValueError as error:
            raise Unreachable(operation, f"{self.host} did not answer in JSON") from error
        if not isinstance(answer, dict):
            raise Unreachable(operation, f"{self.host} did not answer with an object")
        return answer
