"""The simulated limits hold, and bend where a mend says so."""

import pytest

from infra.scale import ceilings, limits, mends, scenarios, simulation
from infra.scale.load import Crowd, Setting
from infra.scale.operations import recorded
from shared.store import table
from shared.wire import terms

OPERATIONS = recorded()
PLENTY = {"throttle": 20_000, "account_throttle": 20_000, "concurrency": 20_000}
BUSY = Crowd(1_500, range(1))


@pytest.fixture(scope="module")
def busy():
    return simulation.run(Setting(OPERATIONS, **PLENTY), BUSY)


def test_it_waits_as_long_as_the_store_and_its_configs_are_as_large_as_they_may_be():
    """Copied, for `make scale` runs on bare Python; a copy that stays behind simulates another system."""
    assert simulation._COUNTING_ATTEMPTS == table._ATTEMPTS
    assert simulation._PAUSE_SECONDS == table._PAUSE_SECONDS
    assert ceilings._CONFIG_BYTES == scenarios._CONFIG_BYTES == terms.CONFIG_BYTES_MAX


def test_a_quiet_deployment_answers_everybody():
    outcome = simulation.run(Setting(OPERATIONS, partitions=4), Crowd(50, range(1_000)))
    assert (outcome.answered(Crowd(50, range(1_000))), outcome.lost, outcome.uncounted) == (1, 0, 0)


def test_the_same_arguments_give_the_same_outcome(busy):
    assert simulation.run(Setting(OPERATIONS, **PLENTY), BUSY) == busy


def test_no_partition_gives_more_than_it_has(busy):
    """What it spends in the second, and at most what it has saved for one."""
    rates = {"reads": limits.PARTITION_READS.value, "writes": limits.PARTITION_WRITES.value}
    assert busy.heat
    assert [spot for spot, units in busy.heat.items() if units > 2 * rates[spot[0]]] == []


def test_the_index_refuses_a_busy_token_and_loses_answers(busy):
    refusals = busy.shares(BUSY)
    assert max(refusals, key=refusals.get) == "503 TOKEN in the index, writes"
    assert busy.lost > 0


def test_an_index_of_keys_loses_no_answer_and_rare_moves_relieve_it():
    operations = mends.entries_move_rarely(mends.entries_of_keys_only(OPERATIONS))
    outcome = simulation.run(Setting(operations, **PLENTY), BUSY)
    assert (outcome.answered(BUSY), outcome.lost) == (1, 0)


def test_use_counted_apart_misses_no_conversation(busy):
    outcome = simulation.run(Setting(mends.use_counted_apart(OPERATIONS), **PLENTY), BUSY)
    assert busy.uncounted > 0
    assert outcome.uncounted == 0


@pytest.mark.parametrize(
    ("few", "refused"),
    [
        ({"throttle": 100}, "429 stage throttle"),
        ({"account_throttle": 100}, "429 account throttle"),
        ({"concurrency": 10}, "500 no function free"),
        ({"firewall": 100}, "403 firewall"),
    ],
)
def test_whoever_finds_no_room_hears_why(few, refused):
    crowd = Crowd(500, range(1))
    assert simulation.run(Setting(OPERATIONS, **PLENTY | few), crowd).shares(crowd)[refused] > 0.5
