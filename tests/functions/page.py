"""A page in a visitor's browser, as the widget behaves there: it opens a session, says something, rates an answer."""

import itertools
import json
from datetime import UTC, datetime, timedelta

from werkzeug.test import Client

ORIGIN = "https://app.example.com"
ADDRESS = "203.0.113.7"
_numbers = itertools.count(1)


class Clock:
    """The API's: the real one, unless a test holds it."""

    def __init__(self):
        self.held = None

    def __call__(self):
        return (self.held or datetime.now(UTC)).timestamp()

    def forward(self, **time):
        """Such as `clock.forward(minutes=30)`."""
        self.held += timedelta(**time)


class Page:
    """On an origin (None: a program that is no browser), behind an address."""

    def __init__(self, app, origin=ORIGIN, address=ADDRESS):
        self._http = Client(app)
        self._origin = origin
        self._address = address

    def do(self, operation, value, session=""):
        """An operation of the table, with a token's value."""
        return self._send(*operation.request(value=value, session=session))

    def post(self, door, body, headers=()):
        return self._send("POST", f"/v1/client/{door}", body, headers)

    def _send(self, method, path, body, headers=()):
        origin = [] if self._origin is None else [("Origin", self._origin)]
        return self._http.open(
            path,
            method=method,
            data=json.dumps(body) if isinstance(body, dict | list) else body,
            headers=[("Content-Type", "application/json"), ("X-Persona-Version", "4.17.0"), *origin, *headers],
            environ_overrides={"REMOTE_ADDR": self._address},
        )

    def init(self, token, **fields):
        return self.post("init", {"token": token} | fields)

    def open(self, token, **fields):
        """A session's id."""
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
    """What was streamed: `(name, data)`."""
    assert answer.status_code == 200, answer.text
    *frames, rest = answer.text.split("\n\n")
    assert rest == ""
    lines = [frame.split("\n") for frame in frames]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in lines]


def reply(answer):
    """The text that the visitor reads."""
    return "".join(data["delta"] for name, data in events(answer) if name == "text_delta")


def assert_refused(answer, status, code):
    """A refusal that the page can read, and show to its visitor; gives the body."""
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["Content-Type"] == "application/json"
    assert isinstance(answer.json["error"], str)
    assert answer.json["error"]
    return answer.json
