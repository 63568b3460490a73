"""The limiter against a virtual clock: strict in every window, honest about the wait, and bounded in size."""

import ipaddress
import random
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.rules import rate_limit
from shared.rules.rate_limit import RateLimitStatus, Window

MANY = settings(max_examples=5 * settings.default.max_examples)
# A year, or less if the profile wants few examples.
DAYS = min(365, 5 * settings.default.max_examples)
EPOCH = 1_764_000_000_000
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
# How long an attempt may be in transit, and how far two machines' clocks may differ.
UNDER_WAY = 30 * SECOND
CLOCKS_DIFFER = SECOND // 2


def windows(per_minute, per_hour):
    return Window("m", 60, per_minute), Window("h", 3600, per_hour)


def attempt(counters, seen, limits, at):
    """Counts immediately, whatever happened to the counters since they were `seen`."""
    counters.update(rate_limit.counter_name(window, at / SECOND) for window in limits)
    for name in rate_limit.outdated_counters(limits, seen, at / SECOND):
        counters.pop(name, None)
    return rate_limit.evaluate(limits, counters, at / SECOND)


@dataclass
class Counted:
    """An attempt received `at` a time: its status, the counters after it, and when counted attempts were received."""

    at: int
    status: RateLimitStatus
    counters: Counter
    times: list

    @property
    def may_pass(self):
        return self.status.retry_after == 0

    def again(self, limits, milliseconds):
        """The status of one more attempt this much later, with no attempt in between."""
        return attempt(self.counters.copy(), self.counters, limits, self.at + milliseconds)


def play(limits, schedule):
    """Plays attempts in the order in which they are counted, which may differ from that in which they are received."""
    events = []
    received = EPOCH
    for number, (pause, clock, delay) in enumerate(schedule):
        received += pause
        events += [(received, number, received + clock), (received + delay, number, received + clock)]
    counters, times, seen, played = Counter(), [], {}, []
    for _, number, at in sorted(events):
        if number not in seen:
            seen[number] = counters.copy()
            continue
        times.append(at)
        status = attempt(counters, seen[number], limits, at)
        played.append(Counted(at, status, counters.copy(), times.copy()))
    return played


# Bursts, pauses of about a bucket or a window, and long ones.
PAUSES = st.one_of(
    st.integers(0, 2 * SECOND),
    st.integers(0, 10 * SECOND),
    st.integers(50 * SECOND, 70 * SECOND),
    st.integers(3500 * SECOND, 4000 * SECOND),
    st.integers(0, 2 * HOUR),
)
CLOCKS = st.integers(-CLOCKS_DIFFER // 2, CLOCKS_DIFFER // 2)
DELAYS = st.one_of(st.integers(0, 100), st.integers(0, UNDER_WAY))
SCHEDULES = st.lists(st.tuples(PAUSES, CLOCKS, DELAYS), min_size=1, max_size=40)
# Slow senders.
SLOW = DELAYS | st.integers(0, 5 * MINUTE) | st.integers(0, 2 * HOUR)
SLOW_SCHEDULES = st.lists(st.tuples(PAUSES, CLOCKS, SLOW), min_size=1, max_size=40)
BOTH = st.builds(windows, st.integers(1, 5), st.integers(1, 10))
ONE = st.builds(lambda both, which: (both[which],), BOTH, st.integers(0, 1))
LIMITS = BOTH | ONE


def most_within(milliseconds, times):
    """The most of `times` within any stretch of this length, both ends included."""
    return max((sum(start <= time <= start + milliseconds for time in times) for start in times), default=0)


class TestNeverMoreThanTheLimit:
    @MANY
    @given(LIMITS, SCHEDULES | SLOW_SCHEDULES)
    def test_in_any_window(self, limits, schedule):
        passed = [counted.at for counted in play(limits, schedule) if counted.may_pass]
        for window in limits:
            assert most_within(window.seconds * SECOND, passed) <= window.limit

    @MANY
    @given(st.integers(1, 5), st.data())
    def test_at_the_edge_of_a_window(self, limit, data):
        """A full burst, and more attempts just before it leaves the window, each counted with any delay."""
        start = data.draw(st.integers(0, 5 * SECOND))
        late = st.integers(MINUTE - 6 * SECOND, MINUTE + 6 * SECOND)
        times = [EPOCH + start] * limit + [EPOCH + start + time for time in data.draw(st.lists(late, min_size=1))]
        counters = Counter()
        passed = [
            at
            for at in times[:limit] + data.draw(st.permutations(times[limit:]))
            if attempt(counters, counters.copy(), windows(limit, 1000), at).retry_after == 0
        ]
        assert most_within(MINUTE, passed) == limit

    @pytest.mark.parametrize(
        ("limits", "first", "next_one", "late"),
        [
            pytest.param(windows(10, 1000), 0, 130, 5, id="a minute late"),
            pytest.param((Window("h", 3600, 10),), 299.5, 3961, 3899, id="a minute late, where buckets are long"),
        ],
    )
    def test_not_by_sending_slowly(self, limits, first, next_one, late):
        """Counters that a late attempt needs may be removed before it arrives."""
        counters = Counter()
        for at in [first] * 10 + [next_one]:
            assert attempt(counters, counters.copy(), limits, EPOCH + at * SECOND).retry_after == 0
        assert attempt(counters, counters.copy(), limits, EPOCH + late * SECOND).retry_after > 0

    @pytest.mark.parametrize(("late", "may_pass"), [(60, True), (65, False)])
    def test_attempt_may_be_counted_a_minute_late(self, late, may_pass):
        """After others that were received later. The bucket of those lasts five seconds."""
        counters = Counter()
        attempt(counters, counters.copy(), windows(10, 1000), EPOCH + late * SECOND)
        assert (attempt(counters, counters.copy(), windows(10, 1000), EPOCH).retry_after == 0) == may_pass

    def test_concurrent_attempts_pass_up_to_the_limit(self):
        counters = Counter()
        statuses = [attempt(counters, {}, windows(10, 100), EPOCH) for _ in range(12)]
        assert [status.retry_after == 0 for status in statuses] == [True] * 10 + [False] * 2

    def test_hourly_limit_holds_for_a_burst_of_ten_minutes(self):
        played = play(windows(1000, 100), [(3 * SECOND, 0, 0)] * 200)
        assert [counted.may_pass for counted in played] == [True] * 100 + [False] * 100

    def test_refused_attempts_are_counted(self):
        """Clients that do not wait stay refused."""
        played = play(windows(1, 1000), [(50 * SECOND, 0, 0)] * 20)
        assert [counted.may_pass for counted in played] == [True] + [False] * 19

    def test_windows_of_different_names_are_separate(self):
        """Even if one name is a prefix of another."""
        counters = Counter()
        for name in ("m", "mm", "m_m", "minute"):
            assert attempt(counters, counters.copy(), (Window(name, 60, 1),), EPOCH).retry_after == 0, name
            assert attempt(counters, counters.copy(), (Window(name, 60, 1),), EPOCH).retry_after > 0, name


@given(LIMITS, SCHEDULES)
def test_attempts_are_refused_at_most_one_bucket_early(limits, schedule):
    for counted in play(limits, schedule):
        if not counted.may_pass:
            assert any(
                sum(time > counted.at - (window.seconds + window.seconds / 12) * SECOND for time in counted.times)
                > window.limit
                for window in limits
            )


@pytest.mark.parametrize(("later", "may_pass"), [(65 * SECOND - 1, False), (65 * SECOND, True)])
def test_bucket_expires_one_window_after_its_end(later, may_pass):
    first, second = play(windows(1, 1000), [(0, 0, 0), (later, 0, 0)])
    assert first.may_pass
    assert second.may_pass == may_pass


class TestRetryAfter:
    @MANY
    @given(LIMITS, SCHEDULES, st.integers(-CLOCKS_DIFFER, 2 * HOUR))
    def test_attempt_passes_after_retry_after(self, limits, schedule, more):
        """Even on a machine whose clock is behind, and after a longer wait."""
        for counted in play(limits, schedule):
            wait = counted.status.retry_after
            if wait:
                assert counted.again(limits, wait * SECOND - CLOCKS_DIFFER).retry_after == 0
                assert counted.again(limits, wait * SECOND + more).retry_after == 0

    @given(LIMITS, SCHEDULES)
    def test_retry_after_is_at_most_one_bucket_too_long(self, limits, schedule):
        """Plus rounding up to whole seconds, which includes half a second for clock skew."""
        for counted in play(limits, schedule):
            if not counted.may_pass:
                needs = [self.needed(window, counted) for window in limits]
                longest = max(need + window.seconds / 12 for need, window in zip(needs, limits, strict=True))
                assert max(1, *needs) <= counted.status.retry_after <= longest + 1.5

    @staticmethod
    def needed(window, counted):
        """Seconds until the window holds fewer than the limit: until the limit-th latest attempt has left it."""
        if len(counted.times) < window.limit:
            return 0
        return (sorted(counted.times)[-window.limit] - counted.at) / SECOND + window.seconds

    def test_retry_after_of_the_minute_limit(self):
        *_, refused = play(windows(10, 1000), [(0, 0, 0)] * 11)
        assert refused.status == RateLimitStatus(limit=10, remaining=0, reset=66, retry_after=66)

    def test_retry_after_of_the_hour_limit(self):
        *_, refused = play(windows(100, 10), [(0, 0, 0)] * 11)
        assert refused.status == RateLimitStatus(limit=10, remaining=0, reset=3901, retry_after=3901)

    def test_retry_after_is_that_of_the_hour_if_it_is_used_up(self):
        """The minute limit refuses, the hour limit not yet, but the next attempt would exceed it."""
        *_, refused = play(windows(1, 2), [(0, 0, 0)] * 2)
        assert refused.status.limit == 2
        assert refused.status.retry_after > 3600


class TestRemainingAndReset:
    @given(LIMITS, SCHEDULES)
    def test_exactly_the_remaining_attempts_pass(self, limits, schedule):
        for counted in play(limits, schedule):
            counters = counted.counters.copy()
            fitting = counted.status.remaining
            statuses = [attempt(counters, counters.copy(), limits, counted.at) for _ in range(fitting + 1)]
            assert [status.retry_after == 0 for status in statuses] == [True] * fitting + [False]
            assert [status.remaining for status in statuses] == [*reversed(range(fitting)), 0]

    @given(ONE, SCHEDULES)
    def test_whole_limit_is_available_after_the_reset(self, limits, schedule):
        (window,) = limits
        for counted in play(limits, schedule):
            status = counted.status
            assert status.limit == window.limit
            assert counted.again(limits, status.reset * SECOND - CLOCKS_DIFFER).remaining == window.limit - 1
            latest = (max(counted.times) - counted.at) / SECOND
            assert max(window.seconds, status.retry_after) <= status.reset
            assert status.reset <= latest + window.seconds + window.seconds / 12 + 1.5

    @pytest.mark.parametrize(
        ("per_minute", "per_hour", "limit"), [(10, 100, 10), (100, 10, 10), (5, 6, 5), (6, 5, 5), (10, 10, 10)]
    )
    def test_status_is_that_of_the_tightest_window(self, per_minute, per_hour, limit):
        (first,) = play(windows(per_minute, per_hour), [(0, 0, 0)])
        assert (first.status.limit, first.status.remaining) == (limit, limit - 1)

    def test_status_is_that_of_the_longer_window_on_a_tie(self):
        (first,) = play(windows(10, 10), [(0, 0, 0)])
        assert first.status.reset > 3600


class TestOutdated:
    # With limits that are never reached, `remaining` shows exactly what a window has counted.
    ROOMY = windows(1000, 1000)
    AGES = st.lists(st.integers(0, 300 * SECOND) | st.integers(3500 * SECOND, 4300 * SECOND), max_size=60)

    @MANY
    @given(AGES, st.integers(0, 10 * SECOND), st.integers(-UNDER_WAY - CLOCKS_DIFFER, 0) | st.integers(0, 2 * HOUR))
    # Two buckets that an attempt from 30 seconds ago would only just count.
    @example([95 * SECOND, 3930 * SECOND], 30 * SECOND, -UNDER_WAY - CLOCKS_DIFFER)
    def test_removed_counters_change_no_result(self, ages, within_bucket, later):
        """Not even for an attempt that was received earlier and is still in transit."""
        now = EPOCH + within_bucket
        counters = Counter(
            rate_limit.counter_name(window, (now - age) / SECOND) for age in ages for window in self.ROOMY
        )
        kept = counters.copy()
        for name in rate_limit.outdated_counters(self.ROOMY, counters, now / SECOND):
            del kept[name]
        for window in self.ROOMY:
            statuses = [attempt(left.copy(), {}, (window,), now + later) for left in (counters, kept)]
            assert statuses[0] == statuses[1]

    @given(LIMITS, SCHEDULES)
    def test_number_of_counters_is_bounded(self, limits, schedule):
        assert all(len(counted.counters) <= 50 for counted in play(limits, schedule))

    def test_number_of_counters_stays_small_over_a_year(self):
        """An update that removes all of them stays far below the 4 KB limit of an expression."""
        chance = random.Random(1)  # noqa: S311 - no secret
        limits = windows(10, 100)
        counters, at, most = Counter(), EPOCH, 0
        while at < EPOCH + DAYS * 24 * HOUR:
            # Short visits, hours of constant use, and returns after days.
            pace = chance.choice([SECOND, 4 * SECOND, MINUTE, 5 * MINUTE, HOUR, 24 * HOUR])
            for _ in range(chance.randrange(100)):
                at += chance.randrange(2 * pace)
                dropped = rate_limit.outdated_counters(limits, counters, at / SECOND)
                assert len(", ".join(dropped)) < 1024
                attempt(counters, counters.copy(), limits, at)
                most = max(most, len(counters))
        # Enough that busy times are certainly among them.
        assert 30 < most <= 40

    def test_after_two_hours_nothing_is_left(self):
        *_, last = play(windows(10, 100), [(3 * SECOND, 0, 0)] * 100)
        gone = rate_limit.outdated_counters(windows(10, 100), last.counters, (last.at + 2 * HOUR) / SECOND)
        assert sorted(gone) == sorted(last.counters)

    @pytest.mark.parametrize(("later", "removed"), [(129, 0), (130, 1)])
    def test_counter_is_kept_for_attempts_that_come_a_minute_late(self, later, removed):
        """Its bucket, the window, the minute, and one bucket more."""
        minute = Window("m", 60, 10)
        counters = {rate_limit.counter_name(minute, EPOCH / SECOND): 1}
        assert len(rate_limit.outdated_counters((minute,), counters, EPOCH / SECOND + later)) == removed

    def test_other_attributes_are_not_removed(self):
        others = {"pk": "RATE#ct_1#192.0.2.1", "sk": "WINDOWS", "expires_at": 1, "i_1764000000": 1, "mm_1764000000": 1}
        assert rate_limit.outdated_counters(windows(10, 100), others, (EPOCH + 24 * HOUR) / SECOND) == []


class TestClient:
    @given(st.ip_addresses(v=4))
    def test_ipv4_address_is_its_own_key(self, address):
        assert rate_limit.client_key(str(address)) == str(address)

    @given(st.ip_addresses(v=4))
    def test_mapped_ipv4_address_has_the_same_key(self, address):
        mapped = ipaddress.IPv6Address(0xFFFF_0000_0000 + int(address))
        forms = {f"::ffff:{address}", f"::FFFF:{address}", str(mapped), mapped.exploded}
        assert {rate_limit.client_key(form) for form in forms} == {str(address)}

    @settings(max_examples=max(1, settings.default.max_examples // 5))
    @given(st.ip_addresses(v=6, network="2000::/3"))
    def test_ipv6_addresses_share_a_key_per_64_prefix(self, address):
        for bit in range(128):
            other = ipaddress.IPv6Address(int(address) ^ 1 << 127 - bit)
            assert (rate_limit.client_key(str(address)) == rate_limit.client_key(str(other))) == (bit >= 64)

    @given(st.ip_addresses(v=6, network="2000::/3"))
    def test_spellings_of_an_address_share_a_key(self, address):
        forms = {address.compressed, address.exploded, address.compressed.upper(), address.exploded.upper()}
        assert len({rate_limit.client_key(form) for form in forms}) == 1

    def test_different_clients_have_different_keys(self):
        addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1", "::c000:201", "64:ff9b::c000:201"]
        assert len({rate_limit.client_key(address) for address in addresses}) == len(addresses)
