"""One call of every operation of the API, as pages and managers send it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable
from typing import Any

from infra.local.routes import Routes
from infra.tools.bench.world import ORIGIN, Caller, Recording
from infra.tools.openapi import examples, headers, paths
from shared.rules import feedback

TOKENS = "/v1/client-tokens"
# Called by separate functions, because the other operations need their responses.
_WITH_ANSWERS_TO_KEEP = {"CreateClientToken", "InitSession", "Chat"}
# They go on with, or end, an answer that has paused, which `echo` never does.
NOT_MEASURED = {"ResumeExecution", "CancelExecution"}
# Recording -> how many requests are in its batch. The first has the name of the function.
TALLIED = {"Tally": 1, "Tally of 100": 100}
_numbers = itertools.count(1)
_QUESTION = "Do you ship to Iceland, and how long does it take?"
# `echo` repeats it, so a turn has the 380 characters of a question of 80 and an answer of 300.
_LONG_QUESTION = "Do you ship to Iceland? ".ljust(190, "x")
_MESSAGES = 10
_PERIOD_SECONDS = 600


def create(caller: Caller, flow: str, **settings: Any) -> tuple[str, str]:
    """Creates a token; returns its id and value."""
    body = {
        "name": "Web Client Token",
        "allowedOrigins": [ORIGIN],
        "flowIds": [flow],
        "defaultFlowId": flow,
        "rateLimitPerMinute": 1000,
        "maxMessagesPerSession": 1000,
        "config": {"welcomeMessage": "Hello! How can we help?", "theme": {"primaryColor": "#0a7a5c"}},
    }
    created = caller.ask("POST", TOKENS, body | settings)
    return created["clientToken"]["id"], created["token"]


def open_session(caller: Caller, value: str) -> str:
    """Opens a session; returns its id."""
    session_id: str = caller.ask("POST", "/v1/client/init", {"token": value})["sessionId"]
    return session_id


def say(
    caller: Caller, session_id: str, shown: Iterable[str] = (), *, question: str = _QUESTION, **connection: str
) -> str:
    """Returns the reply's id. `shown`: the ids of earlier messages that the page still shows, which then are part of
    the history.
    """
    number = next(_numbers)
    message = {"id": f"usr_{number}", "role": "user", "content": question}
    before = [{"id": message_id, "role": "user", "content": ""} for message_id in shown]
    body = {"sessionId": session_id, "messages": [*before, message], "assistantMessageId": f"ast_{number}"}
    caller.ask("POST", "/v1/client/chat", body, **connection)
    return f"ast_{number}"


def exercise_all(caller: Caller, flow: str, routes: Routes) -> None:
    """Calls every operation that the document describes, with its largest example, but for NOT_MEASURED."""
    token_id, value = create(caller, flow)
    returning = caller.ask("POST", "/v1/client/init", {"token": value, "visitorHistory": True})
    reply_id = say(caller, returning["sessionId"])
    session_id = _converse_briefly(caller, value)
    learned = {examples.FLOW: flow, examples.VALUE: value, examples.SESSION_ID: session_id, examples.REPLY_ID: reply_id}
    others = [one for one in paths.served(routes) if one.function not in _WITH_ANSWERS_TO_KEEP | NOT_MEASURED]
    known = {"id": token_id, "conversation": "", "feedback": "", "conversationId": returning["conversationId"]}
    # Pages' operations first, because managers' may end the session. Deletions come last, and that of a conversation,
    # with which its feedback is gone, after that of the feedback. So does the reset, which forgets the visitor.
    for one in sorted(
        others,
        key=lambda one: (
            one.is_authorized,
            one.function == "ResetVisitor",
            one.method == "delete",
            "{conversation}" in one.path,
        ),
    ):
        bodies = [json.dumps(body) for body in one.operation.bodies.values()]
        body = max(bodies, key=len, default="null")
        for example, ours in learned.items():
            body = body.replace(example, ours)
        path, visitor = one.path.format(**known), ""
        if one.operation.headers == headers.OF_HISTORY:
            path, visitor = f"{path}?sessionId={returning['sessionId']}", returning["visitor"]["token"]
        answer = caller.ask(one.method.upper(), path, json.loads(body), visitor=visitor)
        if one.function == "LeaveFeedback":
            conversation_id, _ = feedback.parse_id(answer["feedbackId"]) or ("", "")
            known |= {"conversation": conversation_id, "feedback": answer["feedbackId"]}


def tally(caller: Caller) -> dict[str, Recording]:
    """Delivers the line of a message to the function that tallies: alone, as in little traffic, and a hundred times."""
    lines = caller.recorded["Chat"].lines
    return {name: caller.deliver(lines * count) for name, count in TALLIED.items()}


def exercise_baseline(caller: Caller, flow: str) -> None:
    token_id, value = create(caller, flow)
    caller.ask("GET", f"{TOKENS}/{token_id}")
    _converse_briefly(caller, value)


def converse(caller: Caller, flow: str) -> dict[str, list[Recording]]:
    """Ten messages in ten minutes, in the second session of a token. Returns what to average, by logical id."""
    # The table keeps a token's last use and a conversation's place in its list by periods of ten minutes. The next
    # begins after five messages.
    caller.ahead = (_PERIOD_SECONDS / 2 - time.time()) % _PERIOD_SECONDS
    _, value = create(caller, flow)
    open_session(caller, value)
    session_id = open_session(caller, value)
    found = {"InitSession": [caller.recorded["InitSession"]], "Chat": list[Recording]()}
    for _ in range(_MESSAGES):
        say(caller, session_id, question=_LONG_QUESTION)
        found["Chat"].append(caller.recorded["Chat"])
        caller.ahead += _PERIOD_SECONDS / _MESSAGES
    caller.ahead = 0.0
    return found


def _converse_briefly(caller: Caller, value: str) -> str:
    """Returns the session's id. The last session and message are typical: the first ones of a token create records."""
    open_session(caller, value)
    session_id = open_session(caller, value)
    say(caller, session_id)
    say(caller, session_id)
    return session_id
