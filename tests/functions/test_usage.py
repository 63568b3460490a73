"""Owners read what visitors did with a client token, and what they were refused for."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from shared.rules import tally
from tests.functions.page import Page
from tests.functions.test_tallies import line, refused


@pytest.fixture
def clock(clock):
    """Batches arrive now."""
    clock.held = datetime.now(UTC)
    return clock


@pytest.fixture
def read(api, token):
    """`read("usage", period="day")`"""

    def read(what, **query):
        pairs = "&".join(f"{name}={value}" for name, value in query.items()).replace("+", "%2B")
        answer = api.get(f"/v1/client-tokens/{token.id}/{what}?{pairs}")
        assert answer.status_code == 200, answer.text
        return answer.json["usage"] if what == "usage" else answer.json["refusals"]

    return read


def test_usage_sums_what_visitors_did(app, page, token, read, log_group):
    log_group.lines()
    session = page.open(token.value)
    for message_id in ("usr_a", "usr_a", "usr_b"):
        page.say(session, message_id=message_id)
    Page(app, "https://evil.example").init(token.value)
    log_group.deliver()
    usage = read("usage")
    expected = {"sessions": 1, "messages": 2, "repeated": 1, "paused": 0, "refused": 1, "failed": 0, "observed": 0}
    assert {name: usage["total"][name] for name in expected} == expected
    assert {name: usage["parts"][-1][name] for name in expected} == expected
    assert usage["refused"] == [{"code": "origin_not_allowed", "count": 1}]
    assert sum(one["count"] for one in usage["answerTimes"]["histogram"]) == 2
    assert usage["answerTimes"]["p50"] >= 100
    assert (usage["dailyBudget"], usage["spentToday"]) == (None, None)


def test_usage_of_an_unused_token_is_zero(read):
    usage = read("usage")
    assert [set(part.values()) - {part["start"]} for part in usage["parts"]] == [{0}] * 24
    assert (usage["answerTimes"]["p50"], usage["answerTimes"]["p95"], usage["refused"]) == (None, None, [])
    assert read("refusals") == []


def test_usage_shows_todays_budget(page, create, api, register):
    register("flow_echo", call_price="0.1")
    token = create(dailyBudget=5)
    page.say(page.open(token.value))
    usage = api.get(f"/v1/client-tokens/{token.id}/usage").json["usage"]
    assert (usage["dailyBudget"], usage["spentToday"]) == (5, 0.1)


def test_costs_are_in_dollars(token, read, log_group):
    log_group.deliver([line(token.id, cost=1_500_000_000_000, input_tokens=30, output_tokens=4)] * 2)
    total = read("usage")["total"]
    assert (total["cost"], total["inputTokens"], total["outputTokens"]) == (3.0, 60, 8)


def test_hours_and_days_have_the_same_sums(token, read, log_group, clock):
    """Also over midnight. Empty parts are there, and shards add up."""
    now = clock.held
    for number, ago in enumerate((0, 1, 7, 26, 40)):
        lines = [line(token.id)] * (number + 1)
        log_group.deliver(lines, at=now - timedelta(hours=ago), stream=f"stream {number}")
    hours = read("usage", since=(now - timedelta(hours=60)).isoformat())
    days = read("usage", period="day")
    assert hours["total"] == days["total"]
    assert (hours["total"]["messages"], len(hours["parts"]), len(days["parts"])) == (15, 61, 30)
    by_day = {}
    for part in hours["parts"]:
        by_day[part["start"][:10]] = by_day.get(part["start"][:10], 0) + part["messages"]
    assert {part["start"][:10]: part["messages"] for part in days["parts"] if part["messages"]} == {
        day: number for day, number in by_day.items() if number
    }
    assert hours["parts"][-1]["messages"] == 1


def test_limits_are_whole_hours_and_the_end_is_not_included(token, read, log_group, clock):
    hour = clock.held.replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    log_group.deliver([line(token.id)], at=hour - timedelta(milliseconds=1), stream="a")
    log_group.deliver([line(token.id)] * 2, at=hour, stream="b")
    log_group.deliver([line(token.id)] * 4, at=hour + timedelta(hours=1), stream="c")
    ask = partial(read, "usage", since=(hour + timedelta(minutes=59)).isoformat())
    assert ask(until=(hour + timedelta(hours=1)).isoformat())["total"]["messages"] == 2
    later = ask(until=(hour + timedelta(hours=1, milliseconds=1)).isoformat())
    assert (later["total"]["messages"], len(later["parts"])) == (6, 2)


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("period=week", "period"), ("since=yesterday", "since"), ("since=2027-01-31T00:00:00", "since"),
        ("since=2027-01-31T02:00:00Z&until=2027-01-31T02:00:00Z", "since"),
        ("since=2027-01-31T03:00:00Z&until=2027-01-31T02:00:00Z", "since"),
        ("since=2027-01-01T00:00:00Z&until=2027-01-08T01:00:00Z", "since"),
        ("period=day&since=2027-01-01T00:00:00Z&until=2027-02-01T00:00:01Z", "since"),
        ("since=0001-01-01T00:00:00Z", "since"), ("until=9999-12-31T23:59:59Z", "until"),
        ("until=0001-01-01T00:00:00Z", "until"), ("from=1", "from"),
    ],
)  # fmt: skip
def test_400_for_a_span_that_is_none_or_too_long(api, token, query, path):
    answer = api.get(f"/v1/client-tokens/{token.id}/usage?{query}")
    assert (answer.status_code, answer.json["details"][0]["path"]) == (400, path), answer.text


def test_longest_spans_are_read(read):
    assert len(read("usage", since="2026-01-01T00:00:00Z", until="2026-01-08T00:00:00Z")["parts"]) == 168
    days = read("usage", period="day", since="2026-01-01T00:00:00Z", until="2026-02-01T00:00:00Z")["parts"]
    assert len(days) == 31


@pytest.mark.parametrize("year", [10, 100, 1000])
@pytest.mark.parametrize("what", ["usage", "refusals"])
def test_span_over_the_turn_of_an_early_year_is_read(api, token, what, year):
    """Texts of years sort only if each has four digits."""
    span = f"since={year - 1:04}-12-31T23:00:00Z&until={year:04}-01-01T01:00:00Z"
    answer = api.get(f"/v1/client-tokens/{token.id}/{what}?{span}")
    assert answer.status_code == 200, answer.text


def test_refusals_are_by_code_and_origin_most_frequent_first(token, read, log_group, clock):
    hour = clock.held - timedelta(hours=2)
    log_group.deliver([refused(token.id, "https://a.example", request_id="first")], at=hour, stream="a")
    log_group.deliver([refused(token.id, "https://a.example", request_id="last")], stream="b")
    log_group.deliver([refused(token.id, "", code="rate_limited", status=429)] * 3)
    most, second = read("refusals")
    assert (most["code"], most["origin"], most["count"]) == ("rate_limited", None, 3)
    assert (second["origin"], second["count"], second["requestId"]) == ("https://a.example", 2, "last")
    assert second["firstAt"] < second["lastAt"]
    assert not second["isObserved"]


def test_observed_requests_are_marked(token, read, log_group):
    log_group.deliver([line(token.id, observed="origin_not_allowed", origin="https://new.example")])
    (one,) = read("refusals")
    assert (one["code"], one["origin"], one["isObserved"]) == ("origin_not_allowed", "https://new.example", True)
    usage = read("usage")
    assert (usage["total"]["messages"], usage["total"]["observed"], usage["total"]["refused"]) == (1, 1, 0)


def test_flood_of_origins_leaves_the_busiest_named(token, read, log_group):
    log_group.deliver([refused(token.id, f"https://{number}.example") for number in range(200)])
    log_group.deliver([refused(token.id, "https://shop.example")] * 5)
    found = read("refusals")
    assert (found[0]["origin"], found[1]["origin"]) == ("other", "https://shop.example")
    assert sum(one["count"] for one in found) == 205
    assert len(found) <= tally.ORIGINS_MAX + 1


@pytest.mark.parametrize("what", ["usage", "refusals"])
def test_404_for_another_tenants_token_as_for_an_unknown_one(caller, token, what):
    other = caller()
    answers = [other.get(f"/v1/client-tokens/{one}/{what}") for one in (token.id, "ct_unknown", f"ct_{'0' * 26}")]
    assert {(answer.status_code, answer.json["error"]) for answer in answers} == {
        (404, answers[0].json["error"])
    }  # fmt: skip


@pytest.mark.parametrize("what", ["usage", "refusals"])
def test_reading_costs_one_query(api, token, calls, what):
    calls.clear()
    api.get(f"/v1/client-tokens/{token.id}/{what}")
    assert calls.count("Query") == 1
    assert len(calls) <= 4


class TestPreviousValue:
    """After a rotation, the token says whether somebody still uses the old value."""

    @pytest.fixture
    def last_used(self, api, token):
        """When it was, None if it was not, and `...` if there is no such value."""

        def last_used():
            used = api.get(f"/v1/client-tokens/{token.id}").json["clientToken"].get("previousValueLastUsedAt", ...)
            return used if used in {None, ...} else datetime.fromisoformat(used)

        return last_used

    def test_is_not_mentioned_before_a_rotation(self, page, token, last_used, log_group):
        page.open(token.value)
        log_group.deliver()
        assert last_used() is ...

    def test_use_is_shown_while_the_value_works(self, page, token, last_used, log_group, clock):
        session = page.open(token.value)
        new = token.regenerate(gracePeriodSeconds=600)
        page.open(new)
        log_group.deliver()
        assert last_used() is None
        page.say(session)
        log_group.deliver()
        assert abs(last_used() - clock.held) < timedelta(minutes=1)
        clock.forward(seconds=600)
        assert last_used() is ...

    def test_use_of_the_value_before_is_not_that_of_the_next(self, page, token, last_used, log_group):
        """An old use must not hide that nobody uses the value that was replaced last."""
        token.regenerate(gracePeriodSeconds=600)
        page.open(token.value)
        log_group.deliver()
        assert last_used() is not None
        token.regenerate()
        token.regenerate(gracePeriodSeconds=0)
        token.regenerate(gracePeriodSeconds=600)
        assert last_used() is None

    def test_use_of_a_value_counts_until_the_value_ends(self, page, token, last_used, log_group, clock):
        token.regenerate(gracePeriodSeconds=600)
        page.open(token.value)
        log_group.deliver()
        clock.forward(seconds=300)
        token.regenerate(gracePeriodSeconds=600)
        clock.forward(seconds=299)
        assert last_used() is not None
        clock.forward(seconds=1)
        assert last_used() is None

    def test_reading_it_costs_a_call_only_while_there_is_one(self, api, token, calls):
        def costs():
            calls.clear()
            api.get(f"/v1/client-tokens/{token.id}")
            return len(calls)

        before = costs()
        token.regenerate(gracePeriodSeconds=600)
        assert costs() == before + 1
