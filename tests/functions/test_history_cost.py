"""What one page of a visitor's list costs: a bounded number of entries, however many conversations there are."""

import pytest

from shared.store import table, visitor_conversations
from tests.aws.network import NETWORK
from tests.functions.returning_visitors import Browser

AT_ONCE = 10


@pytest.fixture
def browser(page, create, register, monkeypatch):
    monkeypatch.setattr(visitor_conversations, "_ENTRIES_MAX", AT_ONCE)
    register("flow_other")
    return Browser(page, create(flowIds=["flow_echo", "flow_other"], sessionIdleTimeoutMinutes=1440).value)


@pytest.fixture
def talks(browser, clock):
    """Old and new conversations with one flow, and many with another between them."""

    def talk(flow_id):
        clock.forward(minutes=10)
        return browser.talk("Hello", flowId=flow_id)

    return [talk("flow_other"), *(talk("flow_echo") for _ in range(2 * AT_ONCE + 3)), talk("flow_other")]


def pages(browser, query):
    found, cursor = [], ""
    while cursor is not None:
        page = browser.list(f"{query}{cursor and f'&cursor={cursor}'}")
        found.append([one["id"] for one in page["data"]])
        cursor = page["nextCursor"]
        assert len(found) < 20
    return found


@pytest.mark.parametrize("limit", [1, 2, 25])
def test_rare_target_is_found_by_following_the_cursor(browser, talks, limit):
    oldest, newest = talks[0], talks[-1]
    found = pages(browser, f"&targetId=flow_other&limit={limit}")
    assert [one for page in found for one in page] == [newest, oldest]


def test_page_looks_at_a_bounded_number_of_entries(browser, talks):
    made = []
    with NETWORK.hooked(made.append):
        browser.list("&targetId=flow_none")
    (query,) = [one.parameters for one in made if one.operation == "Query"]
    assert query["Limit"] <= AT_ONCE
    assert all(page == [] for page in pages(browser, "&targetId=flow_none"))


def test_long_last_messages_are_read_until_a_megabyte(page, create, register, clock):
    """The other conversations of the page are listed without a preview."""
    token = create(sessionIdleTimeoutMinutes=1440)
    register("flow_echo", max_message_bytes=64_000, max_input_bytes=100_000)
    browser, told = Browser(page, token.value), []
    for _ in range(30):
        clock.forward(minutes=10)
        told.append(browser.talk("x" * 64_000))
    made = []
    with NETWORK.hooked(made.append):
        listed = browser.list("&limit=100")["data"]
    read = [
        (key["pk"]["S"], one.parameters["RequestItems"][table.name()]["ConsistentRead"])
        for one in made
        if one.operation == "BatchGetItem"
        for key in one.parameters["RequestItems"][table.name()]["Keys"]
    ]
    assert [one["id"] for one in listed] == told[::-1]
    previews = [one["preview"] is not None for one in listed]
    assert previews == [True] * AT_ONCE + [False] * 20
    assert sum(not is_consistent for _, is_consistent in read) == AT_ONCE


def test_pages_without_a_target_are_full(browser, talks):
    found = pages(browser, "&limit=4")
    assert [len(page) for page in found[:-1]] == [4] * (len(found) - 1)
    assert [one for page in found for one in page] == talks[::-1]


def test_no_empty_page_follows_the_last_of_a_target(browser, talks):
    found = pages(browser, "&targetId=flow_echo&limit=5")
    assert [one for page in found for one in page] == talks[-2:0:-1]
