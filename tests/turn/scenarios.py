"""Scenarios of concurrent functions, and how much may go wrong in each."""

from datetime import timedelta

from tests.turn.world import COSTS, NOON, Faults, Scenario

ANY = tuple(COSTS)
# A function that begins now may end on the next day, and one that begins after a lease has ended is on the next day.
MIDNIGHT = NOON.replace(hour=0) + timedelta(days=1, seconds=-10)

SCENARIOS = {
    "twice": Scenario(("a", "a"), Faults(crashes=1, copies=1)),
    "twice, lapse": Scenario(("a", "a"), Faults(crashes=1, lapses=1)),
    "twice, fails": Scenario(("a", "a"), Faults(copies=1, lapses=1), target=("fails",)),
    "twice, cut": Scenario(("a", "a"), Faults(lapses=1), target=("answers", "is cut")),
    "failed before": Scenario(("a", "a"), Faults(copies=1), before=("a",), target=("fails",)),
    "two": Scenario(("a", "b"), Faults(copies=1)),
    "two, budget of one": Scenario(("a", "b"), Faults(crashes=1, copies=1), max_messages=1),
    "two sessions": Scenario(("a", "a2"), Faults(copies=1)),
    "deletion": Scenario(("a", "delete"), Faults(copies=1), before=("b",)),
    "answered, deletion": Scenario(("a", "delete"), Faults(crashes=1, copies=1), before=("a",)),
    "first, deletion": Scenario(("a", "a", "delete"), Faults(crashes=1)),
    "dollars": Scenario(("a", "b"), Faults(copies=1), daily_budget=4),
    "dollars, twice": Scenario(("a", "a"), Faults(crashes=1, lapses=1), daily_budget=5),
    "dollars, any answer": Scenario(("a",), Faults(crashes=1, copies=1), target=ANY, daily_budget=6),
    "dollars, failures": Scenario(("a", "b"), Faults(), target=("answers", "refuses", "fails"), daily_budget=5),
    "dollars, midnight": Scenario(("a", "b"), Faults(lapses=1), daily_budget=4, start=MIDNIGHT),
}
SCENARIOS |= {
    "pause": Scenario(("a", "a"), Faults(crashes=1, copies=1), pauses=1),
    "resumed in two tabs": Scenario(("a>", "a>"), Faults(copies=1), before=("a",), pauses=1),
    "resumed twice, crash": Scenario(("a>", "a>"), Faults(crashes=1, lapses=1), before=("a",), pauses=1),
    "resumed, fails": Scenario(("a>", "a>"), Faults(lapses=1), before=("a",), target=("answers", "fails"), pauses=1),
    "resumed and sent again": Scenario(("a>", "a"), Faults(copies=1, lapses=1), before=("a",), pauses=1),
    "resumed, pauses again": Scenario(("a>", "a"), Faults(copies=1), before=("a",), pauses=2),
    "resumed, deletion": Scenario(("a>", "delete"), Faults(crashes=1, copies=1), before=("a",), pauses=1),
    "pause, deletion": Scenario(("a", "delete"), Faults(copies=1), before=("b",), pauses=1),
    "canceled in two tabs": Scenario(("a!", "a!"), Faults(crashes=1, copies=1), before=("a",), pauses=1),
    "canceled, resumed": Scenario(("a!", "a>"), Faults(copies=1), before=("a",), pauses=1),
    "canceled, sent again": Scenario(("a!", "a"), Faults(copies=1, lapses=1), before=("a",), pauses=1),
    "canceled, deletion": Scenario(("a!", "delete"), Faults(crashes=1, copies=1), before=("a",), pauses=1),
    "dollars, resumed": Scenario(("a>", "a>"), Faults(crashes=1, copies=1), before=("a",), daily_budget=6, pauses=1),
}
# They take four minutes: make test-deep.
DEEP = {
    "twice": Scenario(("a", "a"), Faults(crashes=1, copies=1, lapses=1)),
    "twice, two crashes": Scenario(("a", "a"), Faults(crashes=2, lapses=2)),
    "twice, fails": Scenario(("a", "a"), Faults(crashes=1, copies=1, lapses=1), target=("fails",)),
    "twice, cut": Scenario(("a", "a"), Faults(crashes=1, lapses=1), target=("answers", "is cut")),
    "three times, fails": Scenario(("a", "a", "a"), Faults(copies=1), target=("fails",)),
    "three times": Scenario(("a", "a", "a"), Faults(crashes=1, lapses=1)),
    "two": Scenario(("a", "b"), Faults(crashes=1, copies=1)),
    "two, one twice": Scenario(("a", "a", "b"), Faults(crashes=1)),
    "two sessions": Scenario(("a", "a2"), Faults(crashes=1, copies=1)),
    "two sessions, deletion": Scenario(("a", "a2", "delete"), Faults(crashes=1)),
    "deletion": Scenario(("a", "delete"), Faults(crashes=1, copies=1, lapses=1), before=("b",)),
    "twice, deletion": Scenario(("a", "a", "delete"), Faults(crashes=1, lapses=1), before=("b",)),
    "dollars": Scenario(("a", "b"), Faults(crashes=1, copies=1), daily_budget=6),
    "dollars, twice": Scenario(("a", "a"), Faults(crashes=1, copies=1, lapses=1), daily_budget=6),
    "dollars, any answer": Scenario(("a", "b"), Faults(crashes=1), target=ANY, daily_budget=7),
    "dollars, failures": Scenario(("a", "b"), Faults(copies=1), target=("answers", "refuses", "fails"), daily_budget=7),
    "dollars, deletion": Scenario(
        ("a", "delete"), Faults(crashes=1, copies=1), before=("b",), target=("answers", "fails"), daily_budget=6
    ),
    "dollars, midnight": Scenario(
        ("a", "b"), Faults(crashes=1, lapses=1), target=("answers", "fails"), daily_budget=4, start=MIDNIGHT
    ),
}
