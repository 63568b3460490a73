"""Lists: order, pages, and what they cost."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from shared.rules import identifier, timestamps
from shared.rules.conversation import listed_at
from shared.store import conversation_list, memberships, pagination, table


def names(answer):
    assert answer.status_code == 200, answer.text
    return [token["name"] for token in answer.json["clientTokens"]]


@pytest.fixture
def seven(api):
    for number in range(7):
        api.create(name=str(number))
    return api


def test_list_without_a_limit_is_complete_and_newest_first(seven):
    answer = seven.get("/v1/client-tokens")
    assert names(answer) == list("6543210")
    assert answer.json.keys() == {"clientTokens"}


def test_pages_have_no_gap_and_no_overlap(seven):
    pages = [seven.get(f"/v1/client-tokens?limit=3&offset={offset}") for offset in (0, 3, 6, 9)]
    assert [names(page) for page in pages] == [list("654"), list("321"), list("0"), []]
    assert [page.json["pagination"] for page in pages] == [
        {"limit": 3, "offset": offset, "hasMore": following is not None, "nextCursor": following}
        for offset, following in zip((0, 3, 6, 9), [one.json["pagination"]["nextCursor"] for one in pages], strict=True)
    ]


def test_last_page_has_more_false(seven):
    assert seven.get("/v1/client-tokens?limit=7").json["pagination"]["hasMore"] is False
    assert seven.get("/v1/client-tokens?limit=6").json["pagination"]["hasMore"] is True


def test_list_shows_the_usage_of_each_token(api):
    token_id = api.create()["clientToken"]["id"]
    api.create()
    table.put(
        {"pk": f"USAGE#{token_id}", "sk": "RECORD", "conversation_count": 3, "last_used_at": "2100-11-24T10:00:00.000Z"}
    )
    newer, older = api.get("/v1/client-tokens").json["clientTokens"]
    assert (older["conversationCount"], older["lastUsedAt"]) == (3, "2100-11-24T10:00:00.000Z")
    assert (newer["conversationCount"], newer["lastUsedAt"]) == (0, None)


def test_list_costs_one_query_and_one_read_per_fifty_tokens(api, calls):
    original, _ = api.create(), calls.clear()
    record = table.get((f"TOKEN#{original['clientToken']['id']}", "RECORD"), at=None)
    for number in range(149):
        token_id = identifier.new("ct", datetime.now(UTC), lambda n, number=number: number.to_bytes(n))
        table.put(record | {"pk": f"TOKEN#{token_id}", "id": token_id})
        table.transact([memberships.add_write(api.tenant, token_id)])
    api.get("/v1/client-tokens?limit=1")
    calls.clear()
    assert len(names(api.get("/v1/client-tokens"))) == 150
    assert calls == ["UpdateItem", "Query"] + 3 * ["BatchGetItem"]
    calls.clear()
    assert len(names(api.get("/v1/client-tokens?limit=100"))) == 100
    assert calls == ["UpdateItem", "Query"] + 2 * ["BatchGetItem"]


def conversation(token_id, number, flow_id="flow_a", minutes=None):
    """The `number`th that began. It was last active so many `minutes` after the first."""
    at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=number if minutes is None else minutes)
    conversation_id = identifier.new("conv", datetime(2026, 11, 1, 0, number, tzinfo=UTC), bytes)
    table.put(
        {
            "pk": f"CONVERSATION#{conversation_id}",
            "sk": "RECORD",
            "listing_pk": f"TOKEN#{token_id}",
            "listing_sk": f"{timestamps.to_text(listed_at(at))}#{conversation_id}",
            "id": conversation_id,
            "name": f"Conversation {number}",
            "flow_id": flow_id,
            "origin": "https://app.example.com",
            "count_000000": number,
            "first_message": "Hello" if number else None,
            "created_at": timestamps.to_text(at),
            "updated_at": timestamps.to_text(at),
        }
    )


@pytest.fixture
def conversations(api):
    token_id = api.create(flowIds=["flow_a", "flow_b"])["clientToken"]["id"]
    for number in range(6):
        conversation(token_id, number, flow_id="flow_b" if number % 2 else "flow_a")
    return lambda query="": api.get(f"/v1/client-tokens/{token_id}/conversations{query}")


def test_conversations_have_every_field_and_are_newest_first(conversations):
    answer = conversations()
    assert [one["name"] for one in answer.json["conversations"]] == [f"Conversation {n}" for n in (5, 4, 3, 2, 1, 0)]
    assert answer.json["conversations"][-1] == {
        "id": answer.json["conversations"][-1]["id"],
        "name": "Conversation 0",
        "flowId": "flow_a",
        "origin": "https://app.example.com",
        "messageCount": 0,
        "firstMessage": None,
        "createdAt": "2026-11-01T00:00:00.000Z",
        "updatedAt": "2026-11-01T00:00:00.000Z",
    }
    assert answer.json["pagination"] == {"limit": 50, "offset": 0, "hasMore": False, "nextCursor": None}


@pytest.mark.parametrize(("flow", "total"), [("", 6), ("&flow_id=flow_b", 3), ("&flow_id=flow_c", 0)])
def test_conversations_are_the_same_with_any_page_size(conversations, flow, total):
    whole = conversations("?limit=200" + flow).json["conversations"]
    assert len(whole) == total
    for limit, offset in itertools.product((1, 4), (0, 1, 2, 5, 6)):
        answer = conversations(f"?limit={limit}&offset={offset}{flow}").json
        assert answer["conversations"] == whole[offset : offset + limit]
        assert answer["pagination"]["hasMore"] is (offset + limit < total)


@pytest.mark.parametrize("flow", ["", "&flow_id=flow_b"])
def test_conversations_are_ordered_exactly_across_pages(api, flow):
    """The index orders them by ten minutes, and within these by when they began."""
    token_id = api.create(flowIds=["flow_a", "flow_b"])["clientToken"]["id"]
    minutes = [3, 27, 9, 0, 15, 4, 21, 11, 1, 18]
    for number, last in enumerate(minutes):
        conversation(token_id, number, flow_id="flow_b" if number % 3 else "flow_a", minutes=last)
    path = f"/v1/client-tokens/{token_id}/conversations?"
    whole = api.get(f"{path}limit=200{flow}").json["conversations"]
    times = [one["updatedAt"] for one in whole]
    assert times == sorted(times, reverse=True)
    assert len(times) == (6 if flow else 10)
    for limit in (1, 2, 3, 7):
        pages = [api.get(f"{path}limit={limit}&offset={start}{flow}").json for start in range(0, len(times), limit)]
        assert [one for page in pages for one in page["conversations"]] == whole


def test_conversations_too_many_to_sort_are_listed_once_each(api, monkeypatch):
    monkeypatch.setattr(conversation_list, "_SORTED_MAX", 3)
    token_id = api.create(flowIds=["flow_a"])["clientToken"]["id"]
    for number in range(6):
        conversation(token_id, number, minutes=5 - number)
    path = f"/v1/client-tokens/{token_id}/conversations"
    pages = [api.get(f"{path}?limit=2&offset={start}").json["conversations"] for start in (0, 2, 4)]
    assert len({one["id"] for page in pages for one in page}) == 6


def test_conversations_cost_four_calls_once_admitted(conversations, calls):
    conversations()
    calls.clear()
    conversations()
    assert calls == ["GetItem", "UpdateItem", "BatchGetItem", "Query", "BatchGetItem", "PutItem"]


@pytest.mark.parametrize("query", ["?offset=4", "?offset=2&flow_id=flow_b"])
def test_400_offset_is_too_large(conversations, monkeypatch, query):
    monkeypatch.setattr(pagination, "_PAGES_MAX", 1)
    answer = conversations(query)
    assert (answer.status_code, answer.json["code"]) == (400, "too_far")
    assert "smaller offset" in answer.json["hint"]
    assert conversations().status_code == 200


def test_400_oversized_list_hints_at_pagination(api, monkeypatch):
    monkeypatch.setattr("shared.gateway.response._RESPONSE_MAX", 600_000)
    for _ in range(40):
        api.create(config={"text": "x" * 16_000})
    answer = api.get("/v1/client-tokens")
    assert answer.status_code == 400
    assert answer.json["code"] == "answer_too_large"
    assert len(names(api.get("/v1/client-tokens?limit=10"))) == 10


@pytest.mark.parametrize(
    ("tokens", "record_bytes", "config_bytes", "query", "batches"),
    [(300, 31_000, 0, "", 4), (200, 31_000, 16_000, "?limit=200", 4), (320, 13_000, 16_000, "", 7 + 2)],
    ids=["records", "a page", "configs"],
)
def test_list_reads_little_more_than_a_response_holds(api, calls, tokens, record_bytes, config_bytes, query, batches):
    original = api.create(config={"text": "x"})["clientToken"]["id"]
    record = table.get((f"TOKEN#{original}", "RECORD"), at=None) | {"flow_ids": ["x" * record_bytes]}
    config = table.get((f"TOKEN#{original}", "CONFIG"), at=None) | {"config": json.dumps({"text": "x" * config_bytes})}
    for number in range(tokens):
        token_id = identifier.new("ct", datetime.now(UTC), lambda n, number=number: number.to_bytes(n))
        table.put(record | {"pk": f"TOKEN#{token_id}", "id": token_id})
        table.put(config | {"pk": f"TOKEN#{token_id}"})
        table.transact([memberships.add_write(api.tenant, token_id)])
    api.get("/v1/client-tokens?limit=1")
    calls.clear()
    answer = api.get(f"/v1/client-tokens{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "answer_too_large")
    assert "lower limit" in answer.json["hint"]
    assert calls == ["UpdateItem", "Query", *["BatchGetItem"] * batches]


def test_200_list_that_nearly_fills_a_response(api, monkeypatch):
    """Fields that the response does not show, such as digests of previous values, don't count."""
    for number in range(20):
        token_id = api.create(name=str(number), config={"text": "x"})["clientToken"]["id"]
        for _ in range(3):
            api.post(f"/v1/client-tokens/{token_id}/regenerate", {"gracePeriodSeconds": 60})
    monkeypatch.setattr("shared.store.client_tokens._ANSWER_BYTES_MAX", len(api.get("/v1/client-tokens").text))
    assert len(names(api.get("/v1/client-tokens"))) == 20


def test_400_more_tokens_than_one_list_may_hold(seven, monkeypatch):
    monkeypatch.setattr("shared.store.client_tokens._UNPAGED_MAX", 6)
    answer = seven.get("/v1/client-tokens")
    assert answer.status_code == 400
    assert "limit" in answer.json["hint"]
    monkeypatch.setattr("shared.store.client_tokens._UNPAGED_MAX", 7)
    assert len(names(seven.get("/v1/client-tokens"))) == 7
