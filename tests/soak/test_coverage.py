"""The soak detects an operation that no caller has used, for each row of the table of operations."""

import re

from infra.tools.soak import coverage
from infra.tools.soak.ledger import Ledger
from tests.operations import OPERATIONS, each


def faults(operations):
    ledger = Ledger()
    ledger.calls = {one.name: f"{one.method} {re.sub(r'{.+?}', 'id_1', one.path)}" for one in operations}
    return coverage.faults(ledger)


def test_no_fault_if_every_operation_was_used():
    assert faults(OPERATIONS) == []


@each(OPERATIONS)
def test_fault_for_an_operation_that_was_not_used(operation):
    others = [one for one in OPERATIONS if one is not operation]
    name = operation.name[0].lower() + operation.name[1:]
    assert faults(others) == [f"{name}: no call has succeeded"]
