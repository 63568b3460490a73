"""One of everything that the API can do, as pages and managers ask for it."""

from __future__ import annotations

import itertools
from typing import Any

from infra.bench.world import ORIGIN, Caller

TOKENS = "/v1/client-tokens"
_numbers = itertools.count(1)


def create(caller: Caller, flow: str, **terms: Any) -> tuple[str, str]:
    """A new token's id and value."""
    wish = {
        "name": "Web Client Token",
        "allowedOrigins": [ORIGIN],
        "flowIds": [flow],
        "defaultFlowId": flow,
        "rateLimitPerMinute": 1000,
        "maxMessagesPerSession": 1000,
        "config": {"welcomeMessage": "Hello! How can we help?", "theme": {"primaryColor": "#0a7a5c"}},
    }
    created = caller.ask("POST", TOKENS, wish | terms)
    return created["clientToken"]["id"], created["token"]


def open_session(caller: Caller, value: str) -> str:
    """A session's id."""
    session_id: str = caller.ask("POST", "/v1/client/init", {"token": value})["sessionId"]
    return session_id


def say(caller: Caller, session_id: str, shown: str | None = None, **connection: str) -> None:
    """`shown`: the id of the earlier messages that the page still shows, which then are part of the history."""
    number = next(_numbers)
    message = {"id": f"usr_{number}", "role": "user", "content": "Do you ship to Iceland, and how long does it take?"}
    before = [{"id": shown, "role": "user", "content": ""}] if shown else []
    body = {"sessionId": session_id, "messages": [*before, message], "assistantMessageId": f"ast_{number}"}
    caller.ask("POST", "/v1/client/chat", body, **connection)


def of_everything(caller: Caller, flow: str) -> None:
    token_id, value = create(caller, flow)
    path = f"{TOKENS}/{token_id}"
    caller.ask("GET", TOKENS)
    caller.ask("GET", path)
    session_id = open_session(caller, value)
    # The second message of a conversation is like all that follow; the first one makes its record.
    say(caller, session_id)
    say(caller, session_id)
    caller.ask(
        "POST",
        "/v1/client/feedback",
        {"sessionId": session_id, "token": value, "type": "upvote", "messageId": "ast_1"},
    )
    caller.ask("GET", f"{path}/conversations")
    caller.ask("PUT", path, {"name": "Shop"})
    caller.ask("GET", f"{path}/token")
    caller.ask("POST", f"{path}/regenerate", {"gracePeriodSeconds": 3600})
    caller.ask("DELETE", path)


def of_what_usual_does(caller: Caller, flow: str) -> None:
    token_id, value = create(caller, flow)
    caller.ask("GET", f"{TOKENS}/{token_id}")
    session_id = open_session(caller, value)
    say(caller, session_id)
    say(caller, session_id)
