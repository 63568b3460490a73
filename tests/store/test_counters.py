"""Counting attempts in the table: each is counted once, in one call, in an item that stays small."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from shared.errors import Unavailable
from shared.rules.rate_limit import RateLimitStatus, Window
from shared.store import counters, table
from tests.aws.network import NETWORK

AT = datetime(2026, 11, 24, 3, 25, 36, tzinfo=UTC)
WINDOWS = Window("m", 60, 10), Window("h", 3600, 100)
THREADS = 16
_tokens = (f"ct_{number:026}" for number in itertools.count(1))


@pytest.fixture
def token():
    return next(_tokens)


@pytest.fixture
def visit(token):
    """`visit()` is an attempt."""

    def attempt(address="192.0.2.1", at=AT, windows=WINDOWS):
        return counters.hit(counters.key(token, address), windows, at)

    return attempt


def names(key):
    """The names of the item's counters."""
    return table.get(key, at=None).keys() - {"pk", "sk", "expires_at"}


def test_attempt_leaves_one_less(visit):
    assert [visit().remaining for _ in range(3)] == [9, 8, 7]


def test_first_refused_attempt_gets_retry_after(visit):
    statuses = [visit() for _ in range(11)]
    assert [status.retry_after == 0 for status in statuses] == [True] * 10 + [False]
    # Its bucket began one second earlier.
    assert statuses[-1] == RateLimitStatus(limit=10, remaining=0, reset=65, retry_after=65)
    assert visit(at=AT + timedelta(seconds=65)).retry_after == 0


def test_each_window_holds(visit):
    """Reaches the minute limit repeatedly, until the hour limit is reached."""
    windows = Window("m", 60, 2), Window("h", 3600, 6)
    statuses = [visit(at=AT + timedelta(seconds=66 * turn), windows=windows) for turn in range(4) for _ in range(2)]
    assert [status.retry_after == 0 for status in statuses] == [True] * 6 + [False] * 2
    assert statuses[-1].retry_after > 3000


@pytest.mark.parametrize(("per_minute", "per_hour"), [(30, 1000), (1000, 30)])
def test_sixteen_threads_never_exceed_the_limit(token, per_minute, per_hour):
    """All of them count at the same time, again and again; their clocks differ."""
    rounds = 4
    windows = Window("m", 60, per_minute), Window("h", 3600, per_hour)
    key = counters.key(token, "192.0.2.1")
    everybody_is_there = threading.Barrier(THREADS, timeout=30)

    def work(thread):
        statuses = []
        for turn in range(rounds):
            everybody_is_there.wait()
            at = AT + timedelta(seconds=2 * turn, milliseconds=20 * thread)
            statuses.append(counters.hit(key, windows, at))
        return statuses

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = [status for done in pool.map(work, range(THREADS)) for status in done]
    assert len(statuses) == THREADS * rounds
    assert sum(status.retry_after == 0 for status in statuses) == 30
    assert sorted(status.remaining for status in statuses) == [0] * (len(statuses) - 30) + list(range(30))


ALONE = Window("m", 60, 1), Window("h", 3600, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [("192.0.2.1", "192.0.2.2"), ("2001:db8:0:1::1", "2001:db8:0:2::1"), ("192.0.2.1", "2001:db8::c000:201")],
)
def test_two_addresses_do_not_share_a_limit(visit, one, other):
    assert visit(one, windows=ALONE).retry_after == 0
    assert visit(other, windows=ALONE).retry_after == 0
    assert visit(one, windows=ALONE).retry_after > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"),
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
    ],
)
def test_ipv6_addresses_of_one_prefix_share_a_limit(visit, one, other):
    assert visit(one, windows=ALONE).retry_after == 0
    assert visit(other, windows=ALONE).retry_after > 0


def test_two_tokens_do_not_share_a_limit():
    for token in (next(_tokens), next(_tokens)):
        assert counters.hit(counters.key(token, "192.0.2.1"), ALONE, AT).retry_after == 0


def test_operations_with_separate_windows_have_separate_limits(visit):
    assert visit(windows=ALONE).retry_after == 0
    assert visit(windows=(Window("i", 60, 1),)).retry_after == 0
    assert visit(windows=ALONE).retry_after > 0


def test_item_expires_two_hours_after_the_last_attempt(token, visit):
    described = boto3.client("dynamodb").describe_time_to_live(TableName=table.name())["TimeToLiveDescription"]
    assert described["TimeToLiveStatus"] == "ENABLED"
    for at in (AT, AT + timedelta(minutes=5)):
        visit(at=at)
        item = table.get(counters.key(token, "192.0.2.1"), at=None)
        assert item[described["AttributeName"]] == (at + timedelta(hours=2)).timestamp()


def test_outdated_counters_are_removed_sixteen_at_once(token, visit, calls):
    key = counters.key(token, "192.0.2.1")
    first = None
    for attempt in range(1, 20):
        visit(at=AT + timedelta(minutes=attempt))
        first = first or names(key)
    # 17 of the minute are outdated by then, and were 16 an attempt before.
    assert calls.count("UpdateItem") == 19 + 1
    assert len(names(key) & first) == 1, "the hour's is still needed"


def test_removal_of_counters_can_wait_while_they_are_few(token, calls):
    key = counters.key(token, "192.0.2.1")
    for attempt in range(1, 40):
        counters.hit(key, WINDOWS, AT + timedelta(minutes=attempt), is_drop_deferred=True)
    assert calls.count("UpdateItem") == 39 + 1


def test_removed_counters_change_no_count(token, visit):
    """Of a visitor who comes back after hours, and whose old counters go."""
    key = counters.key(token, "192.0.2.1")
    for minute in range(17):
        visit(at=AT + timedelta(minutes=minute))
    later = AT + timedelta(hours=3)
    statuses = [visit(at=later) for _ in range(11)]
    assert len(names(key)) == 2
    assert [status.remaining for status in statuses] == [*reversed(range(10)), 0]
    assert statuses[-1].retry_after > 0


def test_failed_removal_of_counters_refuses_nobody(token, visit):
    def fail(request):
        if request.parameters.get("UpdateExpression", "").startswith("REMOVE"):
            raise ConnectionRefusedError

    for minute in range(17):
        visit(at=AT + timedelta(minutes=minute))
    with NETWORK.hooked(fail):
        assert visit(at=AT + timedelta(hours=3)).retry_after == 0
    assert len(names(counters.key(token, "192.0.2.1"))) > 2
    visit(at=AT + timedelta(hours=3))
    assert len(names(counters.key(token, "192.0.2.1"))) == 2


def test_item_of_a_constant_sender_stays_below_1_kb(token, visit):
    """Then an attempt costs one write unit."""
    address = "2001:db8:1234:5678::1"
    most = 0
    for age in [*range(5000, 200, -300), *range(200, 0, -5)]:
        visit(address, at=AT - timedelta(seconds=age))
        item = table.get(counters.key(token, address), at=None)
        # DynamoDB's rules: names and texts by their bytes, a number by half its digits plus one byte.
        most = max(most, sum(len(name) + len(str(value)) + 1 for name, value in item.items()))
    assert len(item) > 35
    assert most < 1024


def test_an_attempt_is_one_call(visit, calls):
    visit()
    calls.clear()
    visit(at=AT + timedelta(days=1))
    assert calls == ["UpdateItem"]


class TestCountingFails:
    @pytest.fixture(
        params=[
            ("ProvisionedThroughputExceededException", 400),
            ("ThrottlingException", 400),
            ("InternalServerError", 500),
            None,
        ]
    )
    def failing(self, request, aws_answers, aws_unreachable):
        """Within `failing()`, counting fails."""
        return lambda: aws_answers("UpdateItem", *request.param) if request.param else aws_unreachable("UpdateItem")

    def test_table_failure_refuses_and_counts_one_metric(self, token, visit, failing, output):
        with failing(), pytest.raises(Unavailable):
            visit()
        assert output().count('"LimiterFailedClosed":[1.0]') == 1
        assert table.get(counters.key(token, "192.0.2.1"), at=None) is None

    def test_counting_recovers_with_the_table(self, visit, failing):
        visit()
        with failing(), pytest.raises(Unavailable):
            visit()
        assert visit().remaining == 8

    def test_exceeded_limit_is_not_a_failure(self, visit, output):
        assert [visit().retry_after > 0 for _ in range(11)][-1]
        assert "LimiterFailedClosed" not in output()
