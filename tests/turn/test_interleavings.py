"""Whatever happens between two functions, a message is paid for, stored, and answered once."""

import pytest

from tests.turn.scenarios import DEEP, SCENARIOS
from tests.turn.search import Search


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_interleaving_keeps_every_guarantee(name, monkeypatch):
    assert Search(SCENARIOS[name]).run(monkeypatch) > 50


@pytest.mark.parametrize("name", DEEP)
def test_every_interleaving_of_more_faults_keeps_them(name, monkeypatch, request):
    if not request.config.getoption("--deep"):
        pytest.skip("takes minutes: make test-deep")
    assert Search(DEEP[name]).run(monkeypatch) > 50
