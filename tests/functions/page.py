"""A page in a visitor's browser that behaves like the widget: it opens a session, sends messages, and rates answers."""

import itertools
import json
from datetime import UTC, datetime, timedelta

from werkzeug.test import Client

from tests.functions import paused
from tests.functions.refusals import assert_says

ORIGIN = "https://app.example.com"
ADDRESS = "203.0.113.7"
_numbers = itertools.count(1)


class Clock:
    """The clock of the API: the real one, unless a test stops it."""

    def __init__(self):
        self.held = None

    def __call__(self):
        return (self.held or datetime.now(UTC)).timestamp()

    def forward(self, **time):
        """Such as `clock.forward(minutes=30)`."""
        self.held += timedelta(**time)


class Page:
    """A page on an origin (None: a program), with a client address."""

    def __init__(self, app, origin=ORIGIN, address=ADDRESS):
        self._http = Client(app)
        self._origin = origin
        self._address = address

    def do(self, operation, value, session="", execution=None, secret="", conversation_id="conv_1"):
        """Calls an operation of the table with a token's value, and the visitor's secret if it is of history."""
        if execution is None and "execution" in f"{operation.body}{operation.path}":
            execution = paused.execution(session)
        headers = [("X-Visitor-Token", secret)] * operation.is_of_history
        known = {"value": value, "session": session, "execution": execution or "", "conversationId": conversation_id}
        return self.send(*operation.request(**known), headers)

    def history(self, method, path="", *, session, secret, query="", **headers):
        """A request for the visitor's history: `page.history("GET", "/conv_1", session=..., secret=...)`."""
        shown = [("X-Visitor-Token", secret)] if secret is not None else []
        path = f"/v1/client/conversations{path}?sessionId={session}{query}"
        return self.send(method, path, None, [*shown, *headers.items()])

    def post(self, endpoint, body, headers=()):
        return self.send("POST", f"/v1/client/{endpoint}", body, headers)

    def send(self, method, path, body, headers=()):
        origin = [] if self._origin is None else [("Origin", self._origin)]
        return self._http.open(
            path,
            method=method,
            data=json.dumps(body) if isinstance(body, dict | list) else body,
            headers=[("Content-Type", "application/json"), ("X-Persona-Version", "4.17.0"), *origin, *headers],
            environ_overrides={"REMOTE_ADDR": self._address},
            # A page reads a stream to its end.
            buffered=True,
        )

    def init(self, token, **fields):
        return self.post("init", {"token": token} | fields)

    def open(self, token, **fields):
        """Opens a session; returns its id."""
        answer = self.init(token, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json["sessionId"]

    def say(self, session, text="Hello", *, message_id=None, before=(), **fields):
        number = next(_numbers)
        message = {"id": message_id or f"usr_{number:06}", "role": "user", "content": text}
        given = {"sessionId": session, "messages": [*before, message], "assistantMessageId": f"ast_{number:06}"}
        return self.post("chat", given | fields)

    def rate(self, session, token, kind="upvote", **fields):
        message = {"messageId": "ast_1"} if kind in {"upvote", "downvote", "copy"} else {}
        return self.post("feedback", {"sessionId": session, "token": token, "type": kind} | message | fields)


def events(answer):
    """The streamed events as `(name, data)`."""
    assert answer.status_code == 200, answer.text
    *frames, rest = answer.text.split("\n\n")
    assert rest == ""
    lines = [frame.split("\n") for frame in frames]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in lines]


def reply(answer):
    """The text that the visitor reads."""
    return "".join(data["delta"] for name, data in events(answer) if name == "text_delta")


def altered(issued):
    """An id, or a token's value, that looks like one that was issued, and never was."""
    return issued[:-1] + ("0" if issued[-1] != "0" else "4")


def assert_interrupted(answer, code):
    """A failure after the first text: a sentence that the page shows, and the event that ends the stream."""
    *_, (before, text), (last, data) = events(answer)
    assert (before, last, data["error"]["code"]) == ("text_complete", "execution_error", code)
    assert text["text"].endswith(data["error"]["message"])
    assert_says(code, data["error"]["message"])


def assert_refused(answer, status, code):
    """Asserts an error that the page can read and show to its visitor; returns the body."""
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["Content-Type"] == "application/json"
    assert_says(code, answer.json["error"], answer.json.get("hint", ""))
    return answer.json
