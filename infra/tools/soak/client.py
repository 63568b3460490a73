"""One caller's HTTP client: records every response, and compares its status with the expected ones."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from infra.tools.soak.ledger import Ledger

ORIGIN = "https://app.example.com"
_TIMEOUT_SECONDS = 40
# Of a success, as the service tallies it. It tallies no other.
_OUTCOMES = {
    "open": "sessions",
    "say": "messages",
    "say again": "repeated",
    "pause": "paused",
    "resume": "messages",
    "resume in part": "repeated",
}
Body = Mapping[str, Any] | None


class Client:
    """`key`: an API key. `address`: the loopback address from which it connects."""

    def __init__(self, url: str, key: str, address: str, ledger: Ledger) -> None:
        self._host = urlsplit(url).netloc
        self._key = key
        self._address = address
        self._ledger = ledger

    def manage(
        self, operation: str, call: str, body: Body, expected: Collection[int], *, key: str | None = None
    ) -> Any:
        """The response as JSON if it is a success, otherwise None. `call`: method and path."""
        answer = self._ask(operation, call, body, expected, {"Authorization": f"Bearer {key or self._key}"})
        return answer and json.loads(answer)

    def visit(
        self,
        operation: str,
        endpoint: str,
        body: Body,
        expected: Collection[int],
        *,
        origin: str = ORIGIN,
        token_id: str = "",
    ) -> Any:
        """The same, from a page on `origin`. `token_id`: that of the value or session in the body."""
        path = f"POST /v1/client/{endpoint}"
        answer = self._ask(operation, path, body, expected, {"Origin": origin}, token_id)
        return answer and json.loads(answer)

    def look_back(
        self,
        operation: str,
        call: str,
        body: Body,
        expected: Collection[int],
        *,
        session_id: str,
        secret: str,
        token_id: str,
    ) -> Any:
        """The same, for the history of the visitor with this secret. `call`: method and path."""
        headers = {"Origin": ORIGIN, "X-Visitor-Token": secret}
        answer = self._ask(operation, f"{call}?sessionId={session_id}", body, expected, headers, token_id)
        return answer and json.loads(answer)

    def chat(self, operation: str, body: Body, expected: Collection[int], token_id: str = "") -> str | None:
        """The text of the answer if there is one, otherwise None."""
        events = self.stream(operation, "chat", body, expected, token_id)
        return None if events is None else text_of(events)

    def stream(
        self,
        operation: str,
        endpoint: str,
        body: Body,
        expected: Collection[int],
        token_id: str,
        *,
        last: str = "execution_complete",
    ) -> list[Any] | None:
        """The events of the answer if there is one, otherwise None. `last`: the type of the one that ends it."""
        answer = self._ask(operation, f"POST /v1/client/{endpoint}", body, expected, {"Origin": ORIGIN}, token_id)
        if answer is None:
            return None
        events = [json.loads(line.removeprefix("data: ")) for line in answer.splitlines() if line.startswith("data: ")]
        if not events or events[-1]["type"] != last:
            self._ledger.wrong(f"{operation}: the stream ended with {events[-1] if events else 'nothing'}")
        return events

    def _ask(
        self,
        operation: str,
        call: str,
        body: Body,
        expected: Collection[int],
        headers: Mapping[str, str],
        token_id: str = "",
    ) -> str | None:
        method, path = call.split()
        api = http.client.HTTPConnection(self._host, timeout=_TIMEOUT_SECONDS, source_address=(self._address, 0))
        began = time.monotonic()
        try:
            sent = None if body is None else json.dumps(body).encode()
            api.request(method, path, sent, {**headers, "Content-Type": "application/json"})
            response = api.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._ledger.wrong(f"{operation}: no answer, {error!r}")
            return None
        finally:
            api.close()
        self._ledger.answer(operation, response.status, time.monotonic() - began, expected, text)
        is_success = response.status < HTTPStatus.BAD_REQUEST
        if is_success:
            self._ledger.calls[operation] = call.partition("?")[0]
        # A 401 may be the answer to a value or session that nobody knows any more.
        if token_id and response.status != HTTPStatus.UNAUTHORIZED:
            result = _OUTCOMES.get(operation) if is_success else json.loads(text)["code"]
            if result:
                self._ledger.tally(token_id, result)
        return text if is_success else None


def text_of(events: Iterable[Mapping[str, Any]]) -> str:
    return "".join(event["delta"] for event in events if event["type"] == "text_delta")
