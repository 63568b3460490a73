"""Visitors whose browsers keep their secrets, and their conversations."""

import pytest

from shared.store import conversations, known_visitors, table
from tests.functions.page import ORIGIN

UNKNOWN = "conv_00000000000000000000000000"
MADE_UP = f"cvt_{'0' * 26}_{'0' * 32}"


@pytest.fixture
def first(page, token):
    """The answer to a new visitor's first init."""
    return page.init(token.value, visitorHistory=True).json


@pytest.fixture
def secret(first):
    return first["visitor"]["token"]


def visitor_item(answer):
    return table.get(known_visitors.key(answer["visitor"]["id"]), at=None)


def owner(conversation_id):
    return table.get(conversations.record_key(conversation_id), at=None).get("owner_pk")


class Browser:
    """A browser that keeps its visitor's secret, with one live session."""

    def __init__(self, page, value, **fields):
        opened = page.init(value, visitorHistory=True, **fields).json
        self.page, self.value = page, value
        self.session, self.conversation_id = opened["sessionId"], opened["conversationId"]
        self.visitor, self.secret = opened["visitor"]["id"], opened["visitor"]["token"]

    def talk(self, *texts, **fields):
        """A new conversation with these messages; returns its id."""
        opened = self.page.init(self.value, visitorToken=self.secret, **fields).json
        for text in texts:
            assert self.page.say(opened["sessionId"], text).status_code == 200
        return opened["conversationId"]

    def ask(self, method="GET", path="", query="", **headers):
        return self.page.history(method, path, session=self.session, secret=self.secret, query=query, **headers)

    def list(self, query=""):
        answer = self.ask(query=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def read(self, conversation_id, query=""):
        answer = self.ask("GET", f"/{conversation_id}", query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def reset(self, secret=None):
        headers = [("X-Visitor-Token", secret or self.secret)]
        return self.page.send("POST", f"/v1/client/visitor/reset?sessionId={self.session}", None, headers)


@pytest.fixture
def browser(page, token):
    return Browser(page, token.value)


def write_conversation(browser, token, api, number):
    conversation_id = f"conv_{number:026}"
    at = f"2027-01-31T{10 + number % 2}:00:00.000Z"
    pk, sk = conversations.record_key(conversation_id)
    item = {"id": conversation_id, "tenant": api.tenant, "name": "A", "flow_id": "flow_echo", "origin": ORIGIN}
    item |= {"created_at": at, "updated_at": at, "owner_pk": f"VISITOR#{browser.visitor}", "count_aaaaaa": 1}
    table.put(item | {"pk": pk, "sk": sk, "listing_pk": f"TOKEN#{token.id}", "listing_sk": f"{at}#{conversation_id}"})


def each_route(browser, conversation_id=UNKNOWN):
    """The requests for a visitor's history, but for a reset."""
    return [("GET", ""), ("DELETE", ""), ("GET", f"/{conversation_id}"), ("DELETE", f"/{conversation_id}")]
