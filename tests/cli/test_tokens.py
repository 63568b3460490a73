"""`tokens usage`, `refusals`, `top`, and `explain`: how client tokens are used, as operators see it."""

import json
from datetime import UTC, datetime

import pytest

from infra.local import cloud, subscription
from shared.rules import tally_line
from shared.store import tallied_batches
from tests.cli.test_taking_back import make_token
from tests.functions.test_tallies import line, refused

UNKNOWN = f"ct_{'0' * 26}"


@pytest.fixture
def used():
    """`used("tenant", line(...), ...)`: a token with these lines, in which `{}` is its id. Returns the id."""

    def used(tenant, *lines):
        at, token = datetime.now(UTC), make_token(tenant)
        read = [tally_line.parse(one.replace("{}", token.id), at) for one in lines]
        batch_id = json.dumps(subscription.event([(at.timestamp(), token.id)]))
        assert tallied_batches.record(batch_id, "stream", read, at=at) == len(lines)
        return token.id

    return used


def test_usage_shows_hours_with_requests(operate, used):
    token_id = used("use-hours", line("{}", cost=1_500_000_000_000), refused("{}"))
    done = operate("tokens", "usage", "--tenant", "use-hours", token_id)
    head, row = done.out.splitlines()
    assert head.split() == ["START", "SESSIONS", "MESSAGES", "REFUSED", "FAILED", "COST"]
    assert row.split()[1:] == ["0", "1", "1", "0", "$1.50"]
    days = json.loads(operate("tokens", "usage", "--tenant", "use-hours", token_id, "--days", "--json").out)
    assert (days["period"], len(days["parts"]), days["total"]["messages"]) == ("day", 30, 1)


def test_refusals_shows_code_origin_and_a_request_id(operate, used):
    token_id = used("use-refusals", refused("{}", request_id="JKJaXmPLvHcESHA="), refused("{}", ""))
    done = operate("tokens", "refusals", "--tenant", "use-refusals", token_id)
    assert {"origin_not_allowed", "https://evil.example", "JKJaXmPLvHcESHA=", "-"} <= {*done.out.split()}
    listed = json.loads(operate("tokens", "refusals", "--tenant", "use-refusals", token_id, "--json").out)
    assert [one["count"] for one in listed] == [1, 1]


def test_top_names_the_token_behind_a_flood_of_any_tenant(run, operate, used):
    quiet = used("top-one", line("{}"))
    flooded = used("top-two", *[refused("{}")] * 500)
    used("top-three")
    found = json.loads(run("tokens", "top", "--stack", cloud.STACK_NAME, "--json").out)
    ids = [one["id"] for one in found]
    assert (ids[0], found[0]["tenant"], found[0]["refused"]) == (flooded, "top-two", 500)
    assert quiet in ids
    assert "top-three" not in {one["tenant"] for one in found}
    of_one = operate("tokens", "top", "--tenant", "top-one", "--hours", "24").out
    assert quiet in of_one
    assert flooded not in of_one


def test_top_shows_the_busiest_first_or_the_most_refused(operate, used):
    busy = used("top-both", *[line("{}")] * 9, refused("{}"))
    flooded = used("top-both", *[refused("{}")] * 3)
    for options, order in (((), [busy, flooded]), (("--refused",), [flooded, busy])):
        found = json.loads(operate("tokens", "top", "--tenant", "top-both", *options, "--json").out)
        assert [one["id"] for one in found] == order


def test_unused_token_is_said_to_be_unused(operate, used):
    token_id = used("use-nothing")
    for command in ("usage", "refusals"):
        done = operate("tokens", command, "--tenant", "use-nothing", token_id)
        assert (done.status, done.out, done.err.startswith("Nobody ")) == (0, "", True)
    assert operate("tokens", "top", "--tenant", "use-nothing").err.startswith("Nobody ")


@pytest.mark.parametrize("command", ["usage", "refusals", "explain"])
def test_token_of_another_tenant_is_not_found(operate, used, command):
    token_id = used("use-mine", line("{}"))
    for tenant, one in (("use-other", token_id), ("use-mine", UNKNOWN)):
        done = operate("tokens", command, "--tenant", tenant, one)
        assert (done.status, done.out) == (1, "")


@pytest.mark.parametrize("more", [("--since", "2027-02-01", "--until", "2027-01-01"), ("--since", "2020-01-01")])
def test_span_that_is_too_long_or_none_is_an_error(operate, used, more):
    token_id = used("use-span", line("{}"))
    done = operate("tokens", "usage", "--tenant", "use-span", token_id, *more)
    assert done.status == 1
    assert "before until" in done.err


def test_explain_shows_the_question_that_fails_and_its_fix(operate, used):
    token_id = used("use-explain")
    ask = ("tokens", "explain", "--tenant", "use-explain", token_id)
    done = operate(*ask)
    (row,) = [line for line in done.out.splitlines() if line.startswith("origin_allowed")]
    assert "no" in row.split()
    assert "Add native to allowedOrigins." in row
    assert (done.status, done.err) == (0, "The visitor is refused.\n")
    answer = json.loads(operate(*ask, "--address", "203.0.113.7", "--json").out)
    (failed,) = [one for one in answer["questions"] if one["question"] == "origin_allowed"]
    assert failed["update"] == {"allowedOrigins": ["*", "native"]}
    of_page = json.loads(operate(*ask, "--origin", "https://shop.example", "--json").out)
    assert [one["question"] for one in of_page["questions"] if one["passes"] is False] == ["target_allowed"]


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        (("--address", "fe80::1%eth0"), 2, "This is not an IPv4 or IPv6 address."),
        (("--origin", ""), 2, "An Origin header has 1 to 300 characters."),
        (("--flow", "a b"), 2, "The id of a target has"),
        (("--flow", "flow_a", "--agent", "agent_b"), 1, "Name a flow or an agent, not both."),
    ],
)
def test_explain_rejects_what_no_visitor_can_send(operate, used, more, status, message):
    done = operate("tokens", "explain", "--tenant", "use-explain", used("use-explain"), *more)
    assert (done.status, done.out) == (status, "")
    assert message in done.err
