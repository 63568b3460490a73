"""What operations cost, from their recordings, and the limits that this has beside the usual build."""

import pytest

from infra.tools.bench import cost, programs, report
from infra.tools.bench.aws import Exchange
from infra.tools.bench.cost import Prices
from infra.tools.bench.units import Change
from infra.tools.bench.workload import TALLIED
from infra.tools.bench.world import Recording
from tests.aws.in_memory import STACK

ITEM = {"pk": {"S": "p"}, "sk": {"S": "s"}}
PUT = Exchange("dynamodb", "PutItem", b"{}", 200, b"{}", (Change(None, ITEM),))
GET = Exchange("dynamodb", "GetItem", b'{"ConsistentRead": true}', 200, b"{}")
SIGN = Exchange("kms", "GenerateMac", b"{}", 200, b"{}")


def recorded(*exchanges, logged=0):
    program = programs.Program("x", STACK.functions["GetClientToken"], programs.BASELINES)
    return Recording(program, {}, list(exchanges), logged)


def section(ours, usual, name="Chat"):
    """With as much CPU time for both."""
    names = (name, f"fastapi_mangum {name}")
    return cost.section(dict(zip(names, (ours, usual), strict=True)), dict.fromkeys(names, 5.0), Prices())


def test_cost_of_an_operation_adds_up_calls_items_and_duration():
    recording = recorded(PUT, GET, SIGN, logged=200)
    found = cost.of("GetClientToken", [recording], 5.12, Prices())
    # 5.12 ms of a whole CPU, at 512 of 1,769 MB, plus three round trips.
    assert found.duration == pytest.approx(5.12 * 1769 / 512 + 4 + 4 + 8)
    assert (found.writes, found.reads) == (1, 1)
    assert found.table == pytest.approx(0.625 + 0.125)
    assert found.key == 3
    assert found.logs == pytest.approx(0.1)
    assert found.total == pytest.approx(3.5 + found.compute + 0.75 + 3 + 0.1)
    for name in ("Authorize", *TALLIED):
        assert cost.of(name, [recording], 5.12, Prices()).gateway == 0


def test_cost_is_the_average_of_several_recordings():
    found = cost.of("Chat", [recorded(PUT, GET, logged=100), recorded(PUT), recorded(PUT), recorded(PUT)], 1, Prices())
    assert (found.writes, found.reads) == (1, 0.25)
    assert found.duration == pytest.approx(1769 / 512 + 4 * 5 / 4)
    assert found.logs == pytest.approx(0.0125)


def test_ratio_to_fastapi_mangum_is_shown_with_its_limit():
    cheap, usual = recorded(*[PUT] * 5), recorded(*[PUT] * 7)
    costs, *_ = section([cheap], [usual]).tables
    row, beside = costs.rows
    assert costs.head[-1] == "ratio to fastapi_mangum"
    assert row[-1] == f"{float(row[1]) / float(beside[1]):.3f}, at most 0.95"
    assert beside[-1] == ""


@pytest.mark.parametrize(
    ("name", "ours", "usual", "exceeded"),
    [
        ("Chat", [PUT] * 6 + [GET] * 4, [PUT] * 9, []),
        ("Chat", [PUT] * 6, [PUT] * 6, ["Cost: Chat, ratio to fastapi_mangum: 1.000, more than 0.95"]),
        ("Chat", [PUT] * 7, [PUT] * 9, ["Cost: Chat, write units: 7, more than 6"]),
        ("Chat", [GET] * 5, [PUT] * 9, ["Cost: Chat, read units: 5, more than 4"]),
        ("InitSession", [PUT] * 2 + [GET] * 3, [PUT] * 3 + [GET] * 2, []),
        ("InitSession", [PUT] * 3, [PUT] * 3, ["Cost: InitSession, write units: 3, more than 2"]),
        ("InitSession", [GET] * 4, [PUT] * 3, ["Cost: InitSession, read units: 4, more than 3"]),
        (
            "InitSession",
            [PUT] * 2 + [GET] * 3,
            [PUT],
            ["Cost: InitSession, ratio to fastapi_mangum: 1.248, more than 1.07"],
        ),
        ("CreateClientToken", [PUT] * 9, [PUT], []),
    ],
)
def test_exceeded_limits_are_listed(name, ours, usual, exceeded):
    assert report.exceeded([section([recorded(*ours)], [recorded(*usual)], name)]) == exceeded
