"""A page in a visitor's browser that behaves like the widget: it opens a session, sends messages, and rates answers."""

import itertools
import json
import re
from datetime import UTC, datetime, timedelta

from werkzeug.test import Client

from tests.functions import paused

ORIGIN = "https://app.example.com"
ADDRESS = "203.0.113.7"
_numbers = itertools.count(1)

# Sentences for visitors, by code, as patterns of the whole sentence.
SENTENCES = {
    "attachment_not_supported": (
        r"This assistant (reads text only|cannot read that kind of file|could not read what is attached)\."
    ),
    "attachments_not_enabled": r"This assistant does not accept files\. Please send your message without them\.",
    "attachments_too_large": r"The attached files are too large\. Please keep them to [\d,.]+ (bytes|KB|MB) in total\.",
    "attempts_exhausted": r"This message could not be answered\. Please write another one\.",
    "client_tools_resend_required": r"client_tools_resend_required",
    "client_tools_too_large": r"This page offers more tools than the assistant can read\.",
    "conversation_deleted": r"conversation_deleted",
    "execution_expired": r"The assistant has stopped waiting\. Please send your message again\.",
    "execution_not_found": r"This answer does not exist\.",
    "execution_not_paused": r"This answer is not waiting for the page\.",
    "visitor_history_disabled": "visitor_history_disabled",
    "visitor_required": "visitor_required",
    "conversation_not_found": "Conversation not found",
    "input_too_large": r"This is more than the assistant can read at once\. Please shorten your message\.",
    "invalid_attachment": r"Images and files must be base64 and have a media type\.",
    "invalid_token": r"This client token is not valid\.",
    "join_not_supported": r"A message cannot join an answer that is in progress\. Please wait for it to end\.",
    "message_limit_reached": r"This conversation has reached its message limit\.",
    "message_too_long": r"Your message is too long\. Please keep it (to|under) [\d,.]+ (bytes|KB|MB)\.",
    "no_pending_call": r"No output is for a call that the assistant waits for\.",
    "no_message": r"The (request has no user message|message is empty)\.",
    "no_target": r"This client token has no flow and no agent to talk to\.",
    "origin_not_allowed": r"This client token may not be used here\.",
    "rate_limited": (
        r"Too many sessions were opened from your connection\.|Too many messages are coming from your network\.|"
        r"You are sending messages too quickly\.|Too much feedback came from your connection\.|"
        r"Your browser is answering the assistant too quickly\.|Your tenant may .*|"
        r"Too many requests for conversations came from your connection\."
    ),
    "resumes_exhausted": r"This message could not be answered\. Please write another one\.",
    # The words that Runtype's widget recognizes in answers about a history.
    "session_ended": r"This session has ended\.|Session not found or expired",
    "visitor_token_required": "Visitor token required",
    "visitor_not_found": "Visitor not found or expired",
    "identity_proof_not_admitted": "identity_proof_not_admitted",
    "session_not_found": r"This session does not exist, so it cannot take feedback\.",
    "target_declined": r"The assistant cannot answer that\.",
    "target_failed": r"The assistant could not answer\. Please try again\.",
    "target_not_allowed": r"This client token is not for that flow or agent\.",
    "target_not_found": r"The assistant is not available\.",
    "token_expired": r"This client token is not valid\.",
    "token_inactive": r"This client token is not valid\.",
    "unavailable": r"The service cannot answer just now\. Please try again in a moment\.",
}


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
    assert re.fullmatch(SENTENCES.get(code, ".+"), data["error"]["message"])


def assert_refused(answer, status, code):
    """Asserts an error that the page can read and show to its visitor; returns the body."""
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["Content-Type"] == "application/json"
    assert re.fullmatch(SENTENCES.get(code, ".+"), answer.json["error"]), answer.text
    return answer.json
