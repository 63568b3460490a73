"""What a visitor who has come back does with a conversation, and what its owner does with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.tools.soak.client import ORIGIN
from infra.tools.soak.visitor import Visitor

_HISTORY = "/v1/client/conversations"
_TOKENS, _CONVERSATIONS, _FEEDBACK = "/v1/client-tokens", "/v1/conversations", "/v1/feedback"


@dataclass(frozen=True, slots=True)
class Told(Visitor):
    """Has come back in another session, to a conversation of one message and its answer."""

    text: str
    answer_id: str

    def read_by_visitor(self) -> None:
        path = f"{_HISTORY}/{self.conversation_id}"
        listed = self.ask("list history", f"GET {_HISTORY}")
        if listed and self.conversation_id not in {one["id"] for one in listed["data"]}:
            self.ledger.wrong("list history: the conversation is not listed")
        shown = {"messages": [{"id": self.answer_id, "displayContent": "Shown"}]}
        self.ask("display", f"PATCH {path}/display-projections", shown)
        found = self.ask("read history", f"GET {path}")
        self._compare("read history", found)
        if found and [one.get("displayContent") for one in found["messages"]] != [None, "Shown"]:
            self.ledger.wrong("read history: not what the page displays")

    def read_by_owner(self) -> None:
        manage, token, text = self.client.manage, f"{_TOKENS}/{self.token_id}", self.conversation_id
        self._compare("read", manage("read", f"GET {_CONVERSATIONS}/{text}", None, {200}))
        listed = manage("list all", f"GET {_CONVERSATIONS}?client_token_id={self.token_id}", None, {200})
        if listed and text not in {one["id"] for one in listed["conversations"]}:
            self.ledger.wrong("list all: the conversation is not listed")
        for name, path in (
            ("feedback stats", f"{_FEEDBACK}/stats?record_id={text}"),
            ("usage", f"{token}/usage"),
            ("refusals", f"{token}/refusals"),
            ("targets", "/v1/targets"),
            ("audit", f"/v1/audit?token={self.token_id}&limit=10"),
        ):
            manage(name, f"GET {path}", None, {200})
        if rating := self._rating():
            manage("read feedback", f"GET {_FEEDBACK}/{rating}", None, {200})
        settings = {"name": "Another", "allowedOrigins": [ORIGIN], "flowIds": []}
        checked = manage("check", f"POST {_TOKENS}/check", settings, {200})
        if checked and [one["type"] for one in checked["warnings"]] != ["no_target"]:
            self.ledger.wrong("check: not the warnings of these settings")
        explained = manage("explain", f"POST {token}/explain", {"origin": ORIGIN}, {200})
        if explained and not explained["accepted"]:
            self.ledger.wrong("explain: a page that gets in is said to be refused")

    def delete_one(self) -> None:
        self.ask("delete history", f"DELETE {_HISTORY}/{self.conversation_id}")
        self._must_be_gone()

    def delete_all(self) -> None:
        self.ask("delete all history", f"DELETE {_HISTORY}")
        self._must_be_gone()

    def delete_by_owner(self) -> None:
        self.client.manage("delete read", f"DELETE {_CONVERSATIONS}/{self.conversation_id}", None, {200})
        self._must_be_gone()

    def forget_visitor(self) -> None:
        """The conversation stays for its owner, who deletes only its rating."""
        self.ask("reset", "POST /v1/client/visitor/reset")
        rating = self._rating()
        if rating and self.client.manage("delete feedback", f"DELETE {_FEEDBACK}/{rating}", None, {200}):
            self.ledger.remove_rating(self.conversation_id)
            self.client.manage("read feedback", f"GET {_FEEDBACK}/{rating}", None, {404})

    def _rating(self) -> str | None:
        """The id of its only rating."""
        listed = self.client.manage("feedback", f"GET {_FEEDBACK}?record_id={self.conversation_id}", None, {200})
        if not listed or [one["messageId"] for one in listed["feedback"]] != [self.answer_id]:
            self.ledger.wrong("feedback: the answer's rating is not listed, or not alone")
            return None
        return str(listed["feedback"][0]["id"])

    def _must_be_gone(self) -> None:
        self.ledger.forget(self.conversation_id)
        self.ask("read history", f"GET {_HISTORY}/{self.conversation_id}", expected=404)
        self.client.manage("read", f"GET {_CONVERSATIONS}/{self.conversation_id}", None, {404})

    def _compare(self, operation: str, found: Mapping[str, Any] | None) -> None:
        said = [self.text, f"You said: {self.text}"]
        if found and [one["content"] for one in found["messages"]] != said:
            self.ledger.wrong(f"{operation}: not what was said")


ENDINGS = (Told.delete_one, Told.delete_all, Told.delete_by_owner, Told.forget_visitor)
