"""Suggestions for misspelled names."""

from shared.rules import suggestion

# Name, known names, and the one that is meant.
CASES = [
    ("flow_suport", ["flow_support", "agent_sales"], "flow_support"),
    ("Flow-Support", ["flow_support", "agent_sales"], "flow_support"),
    ("rate_limit_per_minute", ["rateLimitPerHour", "rateLimitPerMinute"], "rateLimitPerMinute"),
    ("tokens:raed", ["tokens:read", "tokens:write"], "tokens:read"),
    ("流程一", ["流程一号", "龍完全不同"], "流程一号"),
    ("flow-shop", ["flow_shop", "___"], "flow_shop"),
    ("f--l--o--w--i--d--s", ["flowIds", "name"], "flowIds"),
    ("---", ["___"], None),
    ("", ["name"], None),
    ("colour", ["name", "config"], None),
    ("name", [], None),
]


def test_misspelled_name_suggests_the_nearest_known_one():
    assert [(name, known, suggestion.nearest(name, known)) for name, known, _ in CASES] == CASES
