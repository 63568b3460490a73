"""Callers of a busy day: pages that chat and managers who edit tokens, some of them with mistakes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from infra.tools.soak.client import ORIGIN, Client
from infra.tools.soak.history import Told
from infra.tools.soak.ledger import ClientToken, Ledger
from infra.tools.soak.page_tools import ToolPage

TOKENS = "/v1/client-tokens"
_BUDGET = 3
_UNKNOWN = f"{TOKENS}/ct_00000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    conversation_id: str
    token: ClientToken


@dataclass(frozen=True, slots=True)
class _Said:
    session: Session
    message: dict[str, str]
    answer_id: str


class Caller:
    """Makes one call at a time. `number`: 1 to 250. `flow`: of the tenant whose API key is `key`."""

    def __init__(self, number: int, url: str, key: str, flow: str, ledger: Ledger) -> None:
        self._number, self._flow, self._ledger = number, flow, ledger
        # Each has its own address, except for calls that should reach a limit together.
        self._client = Client(url, key, f"127.0.0.{1 + number}", ledger)
        self._crowd = Client(url, key, "127.0.0.1", ledger)
        # In random order, which the seed makes repeatable.
        self._random = random.Random(number)  # noqa: S311 - nothing secret is drawn
        self._made = 0
        self._tokens: list[ClientToken] = []
        self._sessions: list[Session] = []
        self._spent: Counter[str] = Counter()

    def act(self, busy: list[Session], tight: Session) -> None:
        """One operation. `busy`: sessions that all callers share. `tight`: one whose limit is soon reached."""
        chances: list[tuple[int, Callable[[], object]]] = [
            (8, lambda: self._say(self._random.choice(busy), {200, 409})),
            (5, self._converse),
            (2, lambda: self._say(tight, {200, 409, 429}, self._crowd)),
            (2, self._enter),
            (2, self.create),
            (3, self._look),
            (2, self._update),
            (1, self._regenerate),
            (1, self._delete),
            (2, self._err),
        ]
        weights, acts = zip(*chances, strict=True)
        self._random.choices(acts, weights)[0]()

    def create(self, **settings: Any) -> ClientToken | None:
        name = self._name()
        body = {
            "name": name,
            "allowedOrigins": [ORIGIN],
            "flowIds": [self._flow],
            "rateLimitPerMinute": 1000,
            "rateLimitPerHour": 10_000,
            "maxMessagesPerSession": _BUDGET,
        } | settings
        made = self._client.manage("create", f"POST {TOKENS}", body, {201})
        if made is None:
            return None
        token = ClientToken(made["clientToken"]["id"], made["token"], name)
        self._tokens.append(token)
        self._ledger.keep(token)
        return token

    def lend(self) -> list[ClientToken]:
        """Returns the tokens created so far, which every caller may use and none may change."""
        lent, self._tokens = self._tokens, []
        return lent

    def open(self, token: ClientToken) -> Session | None:
        opened = self._client.visit("open", "init", {"token": token.value}, {200}, token_id=token.id)
        return opened and Session(opened["sessionId"], opened["conversationId"], token)

    def _converse(self) -> None:
        """Chats in its own session until the budget is spent."""
        if not self._sessions:
            self._enter()
            return
        session = self._random.choice(self._sessions)
        if self._spent[session.id] == _BUDGET:
            self._say(session, {429})
            self._sessions.remove(session)
        elif said := self._say(session, {200}):
            self._spent[session.id] += 1
            if self._random.random() < 1 / 4:
                # As if the page had lost the response.
                self._send(said, {200}, "say again", self._client)
            if self._random.random() < 1 / 2:
                self._rate(said)

    def manage(self) -> None:
        """What chance may have left out in a short run."""
        for act in (self._look, self._update, self._regenerate, self._delete):
            act()

    def come_back(self, ending: Callable[[Told], None]) -> None:
        """Says something, comes back in another session, and reads it, as its owner does; then one of them ends it."""
        token = self._some_token()
        if token is None:
            return
        init: dict[str, Any] = {"token": token.value, "visitorHistory": True}
        opened = self._client.visit("open", "init", init, {200}, token_id=token.id)
        said = opened and self._say(Session(opened["sessionId"], opened["conversationId"], token), {200})
        if not said:
            return
        self._rate(said)
        secret, conversation_id = opened["visitor"]["token"], opened["conversationId"]
        init |= {"visitorToken": secret, "conversationId": conversation_id}
        again = self._client.visit("open", "init", init, {200}, token_id=token.id)
        if again is None:
            return
        text, answer_id = said.message["content"], said.answer_id
        told = Told(self._client, self._ledger, token.id, conversation_id, again["sessionId"], secret, text, answer_id)
        told.read_by_visitor()
        told.read_by_owner()
        ending(told)

    def use_tools(self, flow: str) -> None:
        """In a session of its own. `flow`: its target calls tools of the page."""
        token = self.create(flowIds=[flow])
        init = {"token": token and token.value, "visitorHistory": True}
        opened = token and self._client.visit("open", "init", init, {200}, token_id=token.id)
        if token and opened:
            secret, conversation_id = opened["visitor"]["token"], opened["conversationId"]
            ToolPage(self._client, self._ledger, token.id, conversation_id, opened["sessionId"], secret).use_tools()

    def _rate(self, said: _Said) -> None:
        session = said.session
        rating = {"sessionId": session.id, "token": session.token.value, "type": "upvote", "messageId": said.answer_id}
        if self._client.visit("rate", "feedback", rating, {200}):
            self._ledger.rate(session.conversation_id, said.answer_id)

    def _enter(self) -> None:
        if (token := self._some_token()) and (session := self.open(token)):
            self._sessions.append(session)

    def _look(self) -> None:
        self._client.manage("list", f"GET {TOKENS}?limit=20", None, {200})
        if token := self._some_token():
            path = f"{TOKENS}/{token.id}"
            found = self._client.manage("get", f"GET {path}", None, {200})
            if found and found["clientToken"]["name"] != token.name:
                self._ledger.wrong(f"get: {found['clientToken']['name']} instead of {token.name}")
            found = self._client.manage("get value", f"GET {path}/token", None, {200})
            if found and found["token"] != token.value:
                self._ledger.wrong("get value: not the value that the token has")
            self._client.manage("conversations", f"GET {path}/conversations", None, {200})

    def _update(self) -> None:
        if token := self._some_token():
            name = self._name()
            if self._client.manage("update", f"PUT {TOKENS}/{token.id}", {"name": name}, {200}):
                self._replace(token, ClientToken(token.id, token.value, name))

    def _regenerate(self) -> None:
        if token := self._some_token():
            renewed = self._client.manage("regenerate", f"POST {TOKENS}/{token.id}/regenerate", None, {200})
            if renewed:
                self._replace(token, ClientToken(token.id, renewed["token"], token.name))
                self._must_be_refused(token)

    def _delete(self) -> None:
        token = self._some_token()
        if token and self._client.manage("delete", f"DELETE {TOKENS}/{token.id}", None, {200}):
            self._tokens.remove(token)
            self._ledger.remove(token.id)
            self._must_be_refused(token)

    def _err(self) -> None:
        """Makes a mistake that callers make."""
        client, token = self._client, self._some_token()
        mistakes: list[Callable[[], object]] = [
            lambda: client.manage("get", f"GET {_UNKNOWN}", None, {404}),
            lambda: client.manage("create", f"POST {TOKENS}", {"name": "No origin"}, {400}),
            lambda: client.manage("list", f"GET {TOKENS}", None, {401}, key="ctk_" + "0" * 38),
            lambda: client.chat("say", {"messages": []}, {400}),
            lambda: client.chat("say", {"sessionId": "cs_garbled", "messages": [_message("usr_1", "Hello")]}, {401}),
        ]
        if token:
            elsewhere = "https://elsewhere.example.com"
            init = {"token": token.value}
            mistakes.append(lambda: client.visit("open", "init", init, {403}, origin=elsewhere, token_id=token.id))
        self._random.choice(mistakes)()

    def _say(self, session: Session, expected: Collection[int], client: Client | None = None) -> _Said | None:
        self._made += 1
        mark = f"{self._number}_{self._made}"
        text = f"{mark} ünïcödé {'x' * self._random.randrange(500)}"
        said = _Said(session, _message(f"usr_{mark}", text), f"ast_{mark}")
        if not self._send(said, expected, "say", client or self._client):
            return None
        self._ledger.message(session.token.id, session.conversation_id)
        return said

    def _send(self, said: _Said, expected: Collection[int], operation: str, client: Client) -> bool:
        """Sends a message; returns whether it was answered."""
        body = {"sessionId": said.session.id, "messages": [said.message], "assistantMessageId": said.answer_id}
        answer = client.chat(operation, body, expected, said.session.token.id)
        if answer is not None and answer != f"You said: {said.message['content']}":
            self._ledger.wrong(f"{operation}: not the answer to what was said, but {answer[:100]}")
        return answer is not None

    def _must_be_refused(self, token: ClientToken) -> None:
        """Checks that the value and the sessions that it opened are refused."""
        self._client.visit("open", "init", {"token": token.value}, {401})
        for session in self._sessions:
            if session.token.id == token.id:
                self._say(session, {401})
        self._sessions = [session for session in self._sessions if session.token.id != token.id]

    def _some_token(self) -> ClientToken | None:
        return self._random.choice(self._tokens) if self._tokens else self.create()

    def _replace(self, old: ClientToken, new: ClientToken) -> None:
        self._tokens[self._tokens.index(old)] = new
        self._ledger.keep(new)

    def _name(self) -> str:
        self._made += 1
        return f"Soak {self._number}.{self._made}"


def _message(message_id: str, text: str) -> dict[str, str]:
    return {"id": message_id, "role": "user", "content": text}
