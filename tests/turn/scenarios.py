"""Scenarios of concurrent functions, and how much may go wrong in each."""

from tests.turn.world import Faults, Scenario

SCENARIOS = {
    "twice": Scenario(("a", "a"), Faults(crashes=1, copies=1)),
    "twice, lapse": Scenario(("a", "a"), Faults(crashes=1, lapses=1)),
    "twice, fails": Scenario(("a", "a"), Faults(copies=1, lapses=1), target="fails"),
    "failed before": Scenario(("a", "a"), Faults(copies=1), before=("a",), target="fails"),
    "two": Scenario(("a", "b"), Faults(copies=1)),
    "two, budget of one": Scenario(("a", "b"), Faults(crashes=1, copies=1), max_messages=1),
    "two sessions": Scenario(("a", "a2"), Faults(copies=1)),
    "deletion": Scenario(("a", "delete"), Faults(copies=1), before=("b",)),
    "answered, deletion": Scenario(("a", "delete"), Faults(crashes=1, copies=1), before=("a",)),
    "dollars": Scenario(("a", "b"), Faults(copies=1), daily_budget=4),
    "dollars, twice": Scenario(("a", "a"), Faults(crashes=1, lapses=1), daily_budget=5),
    "first, deletion": Scenario(("a", "a", "delete"), Faults(crashes=1)),
}
# pytest --deep. They take minutes.
DEEP = {
    "twice": Scenario(("a", "a"), Faults(crashes=1, copies=1, lapses=1)),
    "twice, two crashes": Scenario(("a", "a"), Faults(crashes=2, lapses=2)),
    "twice, fails": Scenario(("a", "a"), Faults(crashes=1, copies=1, lapses=1), target="fails"),
    "three times, fails": Scenario(("a", "a", "a"), Faults(copies=1), target="fails"),
    "three times": Scenario(("a", "a", "a"), Faults(crashes=1, lapses=1)),
    "two": Scenario(("a", "b"), Faults(crashes=1, copies=1)),
    "two, one twice": Scenario(("a", "a", "b"), Faults(crashes=1)),
    "two sessions": Scenario(("a", "a2"), Faults(crashes=1, copies=1)),
    "two sessions, deletion": Scenario(("a", "a2", "delete"), Faults(crashes=1)),
    "deletion": Scenario(("a", "delete"), Faults(crashes=1, copies=1, lapses=1), before=("b",)),
    "twice, deletion": Scenario(("a", "a", "delete"), Faults(crashes=1, lapses=1), before=("b",)),
    "dollars": Scenario(("a", "b"), Faults(crashes=1, copies=1), daily_budget=6),
    "dollars, twice": Scenario(("a", "a"), Faults(crashes=1, copies=1, lapses=1), daily_budget=6),
}
