"""Explain says yes exactly when a visitor gets a session and an answer, and names the error that they get otherwise."""

import string
from collections import ChainMap
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.admission.rates import SESSIONS
from shared.rules import daily_budget, rate_limit, timestamps
from shared.rules.rate_limit import client_key
from shared.rules.target import Target
from shared.store import counters, daily_budgets, table, targets
from tests.functions.page import Page
from tests.rules.origins import DOMAINS, LABELS, NEARLY_ORIGINS, ORIGINS, stored

# As a page's address, and as an owner may write it: another of its /64, or the same in other digits.
ADDRESSES = [
    ("203.0.113.7", "203.0.113.7"),
    ("203.0.113.7", "198.51.100.9"),
    ("203.0.113.7", "::ffff:203.0.113.7"),
    ("2001:db8::1", "2001:DB8:0:0:ffff::2"),
    ("2001:db8::1", "2001:db8:0:1::1"),
]
# Allowed origins, and the page's.
LISTED = (["https://app.example.com"], "https://app.example.com")
# A visitor who is admitted, and what may refuse one or make no difference.
ADMITTED = {
    "flow": None,
    "addresses": ADDRESSES[0],
    "is_active": True,
    "expires_in": None,
    "observes": False,
    "passed": {},
    "sessions": 0,
    "messages": 0,
    "limits": (10, 100),
    "budget": None,
    "spent": 0,
    "flow_ids": ["flow_echo", "flow_priced"],
    "agent_ids": [],
}
PRICED = {"flow": "flow_priced", "budget": 0.05}
CHANGES = [
    *({"flow": one} for one in ("flow_echo", "flow_priced", "flow_other", "flow_removed", "flow_unknown", "agent_one")),
    *({"addresses": one} for one in ADDRESSES),
    {"is_active": False},
    *({"expires_in": timedelta(seconds=1), "passed": {"milliseconds": one}} for one in (999, 1000)),
    {"observes": True},
    *({"observes": True, "passed": {"days": 14, "milliseconds": one}} for one in (-1, 0)),
    *({"sessions": one} for one in (59, 60)),
    *({"messages": one, "limits": limits} for one in (1, 2) for limits in ((2, 100), (1000, 2))),
    *({"budget": one} for one in (0.02, 0.03)),
    *(PRICED | {"budget": one} for one in (0.02, 0.03)),
    *(PRICED | {"spent": one} for one in (0.02, 0.020001)),
    *({"flow_ids": one} for one in (["flow_priced"], ["flow_removed"], ["flow_echo", "flow_removed"], [])),
    # Allowing the one names the other again, which the API refuses.
    {"flow": "flow_other", "flow_ids": ["flow_echo", "flow_removed"]},
    {"agent_ids": ["agent_one"]},
    {"flow_ids": [], "agent_ids": ["agent_one"]},
]
VISIBLE = set(string.printable) - set(string.whitespace)


def entries_for(domain, label):
    return [
        f"https://{domain}",
        f"http://{domain}",
        f"https://*.{domain}",
        f"https://{domain}:8443",
        f"https://shop-*-acme.{domain}",
        f"https://{label}.{domain}",
        "http://localhost:*",
        "native",
        "*",
    ]


def headers_for(domain, label):
    hosts = [domain, f"{label}.{domain}", f"a.{label}.{domain}", f"shop-{label}-acme.{domain}", f"{domain}.example"]
    sent = [f"{scheme}://{host}{port}" for scheme in ("https", "http") for host in hosts for port in ("", ":8443")]
    odd = [f"https://{domain}/", f"HTTPS://{domain.upper()}", f"https://{domain}:443", f"https://x{domain}"]
    return [*sent, *odd, "http://localhost:5173", "http://localhost", "null", "native", "*", None]


@st.composite
def origins(draw):
    """Allowed origins, and an Origin header that often is nearly one of them."""
    domain, label = draw(DOMAINS), draw(LABELS)
    known = [entry for entry in entries_for(domain, label) if stored(entry)]
    entries = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3) if known else st.just(["*"]))
    # Only what HTTP carries as it is.
    odd = NEARLY_ORIGINS.filter(lambda text: text and VISIBLE.issuperset(text))
    return entries, draw(st.sampled_from([*entries, *headers_for(domain, label)]) | ORIGINS | odd)


def case_of(pair, changes):
    return dict(ChainMap(*changes, {"origins": pair}, ADMITTED))


@pytest.fixture
def owner(caller, clock):
    """`owner(case)`: a new tenant's token, at the moment of the case, with what was counted and spent before."""
    noon = clock.held

    def owner(case):
        clock.held = noon
        owner = caller()
        for one in ("flow_echo", "flow_other", "flow_removed", "agent_one", "flow_priced"):
            prices = {"call_price": "0.03"} if one == "flow_priced" else {}
            targets.register(Target(id=one, tenant=owner.tenant, kind="echo", settings=prices, created_at=noon))
        created = owner.create(
            allowedOrigins=case["origins"][0],
            environment="test",
            flowIds=case["flow_ids"],
            agentIds=case["agent_ids"],
            expiresAt=case["expires_in"] and timestamps.to_text(noon + case["expires_in"]),
            originEnforcement="observe" if case["observes"] else "enforce",
            rateLimitPerMinute=case["limits"][0],
            rateLimitPerHour=case["limits"][1],
            dailyBudget=case["budget"],
        )
        token_id = created["clientToken"]["id"]
        owner.path = f"/v1/client-tokens/{token_id}"
        assert owner.put(owner.path, {"isActive": case["is_active"]}).status_code == 200
        targets.remove(targets.get(owner.tenant, "flow_removed"))
        clock.forward(**case["passed"])
        spend(token_id, case, clock.held)
        return owner, created["token"]

    return owner


def spend(token_id, case, at):
    """In this minute and today."""
    pk, sk = counters.key(token_id, case["addresses"][0])
    name = rate_limit.counter_name
    counted = {name(SESSIONS[0], at.timestamp()): case["sessions"]}
    counted |= {
        name(rate_limit.Window(*one), at.timestamp()): case["messages"] for one in (("m", 60, 1), ("h", 3600, 1))
    }
    table.put({"pk": pk, "sk": sk} | counted)
    pk, sk = daily_budgets.key(token_id, at)
    table.put({"pk": pk, "sk": sk, "held": daily_budget.to_microdollars(case["spent"]) * 1_000_000})


def explain(owner, case):
    flow = case["flow"]
    asked = {"origin": case["origins"][1], "address": case["addresses"][1]}
    if flow:
        asked["agentId" if flow.startswith("agent") else "flowId"] = flow
    answer = owner.post(f"{owner.path}/explain", asked)
    assert answer.status_code == 200, answer.text
    return answer


def refusal(page, value, flow):
    """The code that a new visitor gets for a session or a first message. None if both are answered."""
    answer = page.init(value, **({"flowId": flow} if flow else {}))
    if answer.status_code == 200:
        answer = page.say(answer.json["sessionId"])
    return None if answer.status_code == 200 else answer.json["code"]


@pytest.mark.parametrize("change", CHANGES)
def test_explain_names_the_error_of_each_rule(app, owner, change):
    assert_explained(app, owner, case_of(LISTED, [change]))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(pair=st.just(LISTED) | origins(), changes=st.lists(st.sampled_from(CHANGES), max_size=3))
def test_explain_says_yes_exactly_when_admission_does(app, owner, pair, changes):
    assert_explained(app, owner, case_of(pair, changes))


def assert_explained(app, owner, case):
    """The first question that fails has the code that the visitor gets. Each offered update makes its question pass."""
    owner, value = owner(case)
    explained = explain(owner, case).json
    failed = [one["code"] for one in explained["questions"] if one["passes"] is False]
    assert explained["accepted"] == (not failed)
    sent, written = case["addresses"]
    address = sent if client_key(sent) == client_key(written) else written
    refused = refusal(Page(app, case["origins"][1], address), value, case["flow"])
    assert refused == (failed[0] if failed else None)
    for one in explained["questions"]:
        if one["update"] is not None:
            assert_fixed(owner, case, one["question"])


def assert_fixed(owner, case, question):
    """The update is accepted as it is, under the ETag of the explanation that offers it."""
    before = explain(owner, case)
    (offered,) = (one["update"] for one in before.json["questions"] if one["question"] == question)
    saved = owner.put(owner.path, offered, **{"If-Match": before.headers["ETag"]})
    assert saved.status_code == 200, (offered, saved.text)
    (after,) = (one for one in explain(owner, case).json["questions"] if one["question"] == question)
    assert (after["passes"], after["fix"], after["update"]) == (True, None, None)
