"""The audit trail from the command line."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from infra.local import cloud
from shared.rules.audit import AuditContext, AuditRecord
from shared.store import audit, table

TOKEN = "ct_01kav7t0d3p9s8x2m4n6q8r0vw"
OTHER = "ct_01kav7t0d3p9s8x2m4n6q8r0vx"
# Yesterday at noon, because records expire.
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
DAY, NEXT_DAY = f"{NOON:%Y-%m-%d}", f"{NOON + timedelta(days=1):%Y-%m-%d}"


def note(tenant, action, token_id=TOKEN, at=NOON, **changes):
    context = AuditContext(tenant=tenant, actor="key_1", address="203.0.113.7", request_id=f"r-{action}", at=at)
    table.transact([audit.record_write(AuditRecord(context=context, action=action, subject=token_id, changes=changes))])


@pytest.fixture
def show(run):
    return lambda tenant, *words: run("audit", "--stack", cloud.STACK_NAME, "--tenant", tenant, *words)


def test_line_shows_who_did_what_to_which_token(show):
    note("audit-lines", "update", name=["A", "B\n"], rate_limit_per_hour=[100, 200], config=None)
    shown = show("audit-lines")
    head, line = shown.out.splitlines()
    assert (shown.status, shown.err) == (0, "")
    assert head.split() == ["AT", "ACTION", "SUBJECT", "WHO", "ADDRESS", "CHANGES"]
    assert line.split("  ") == [
        f"{DAY}T12:00:00.000Z",
        "update",
        TOKEN,
        "key_1",
        "203.0.113.7",
        r'name: "A" -> "B\n"; rateLimitPerHour: 100 -> 200; config',
    ]


def test_long_lists_are_shown_as_added_and_removed(show):
    difference = {"added": ["flow_1"], "more_added": 3, "removed": ["flow_2"]}
    note("audit-long", "update", flow_ids=difference, agent_ids={"reordered": True})
    line = show("audit-long").out.splitlines()[1]
    assert line.endswith('flowIds: +"flow_1", -"flow_2", +3 more; agentIds: reordered')
    (record,) = json.loads(show("audit-long", "--json").out)
    assert record["changes"]["flowIds"] == {"added": ["flow_1"], "moreAdded": 3, "removed": ["flow_2"]}


def test_json_uses_the_names_of_the_api(show):
    note("audit-json", "update", rate_limit_per_hour=[100, 200], config=None)
    assert json.loads(show("audit-json", "--json").out) == [
        {
            "at": f"{DAY}T12:00:00.000Z",
            "action": "update",
            "subject": TOKEN,
            "actor": "key_1",
            "address": "203.0.113.7",
            "requestId": "r-update",
            "changes": {"rateLimitPerHour": [100, 200], "config": None},
        }
    ]
    assert show("audit-nobody", "--json").out == "[]\n"


def test_records_are_filtered_by_token_and_time(show):
    note("audit-find", "create")
    note("audit-find", "delete", at=NOON + timedelta(hours=1))
    note("audit-find", "reveal", OTHER, at=NOON + timedelta(hours=2))

    def found(*words):
        return [one["action"] for one in json.loads(show("audit-find", "--json", *words).out)]

    assert found() == ["create", "delete", "reveal"]
    assert found("--token", TOKEN) == ["create", "delete"]
    assert found("--since", f"{DAY}T14:00:00+01:00") == ["delete", "reveal"]
    assert found("--until", f"{DAY}T14:00:00Z") == ["create", "delete"]
    assert found("--token", OTHER, "--since", DAY, "--until", NEXT_DAY) == ["reveal"]
    assert found("--since", NEXT_DAY) == found("--until", DAY) == []


def test_empty_result_prints_nothing_to_standard_output(show):
    shown = show("audit-nobody", "--token", TOKEN)
    assert (shown.status, shown.out, shown.err) == (0, "", "Tenant audit-nobody has no such audit records.\n")
