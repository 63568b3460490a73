"""Flows and agents: plain labels until a tenant registers its first target."""

from datetime import UTC, datetime

import pytest

from shared.rules.target import Target
from shared.store import targets


def register(api, target_id):
    targets.register(Target(id=target_id, tenant=api.tenant, kind="echo", settings={}, created_at=datetime.now(UTC)))


def test_201_without_registered_targets_any_id_is_a_label(api):
    assert api.create(flowIds=["flow_any"], agentIds=["agent_any"])["clientToken"]["flowIds"] == ["flow_any"]


@pytest.mark.parametrize("field", ["flowIds", "agentIds"])
def test_404_once_one_is_registered_an_unknown_id_is_named(api, calls, field):
    register(api, "flow_known")
    token = api.create(flowIds=["flow_known"])["clientToken"]
    calls.clear()
    for answer in (
        api.post("/v1/client-tokens", {"name": "x", "allowedOrigins": ["*"], field: ["flow_known", "flow_unknown"]}),
        api.put(f"/v1/client-tokens/{token['id']}", {field: ["flow_unknown"]}),
    ):
        assert answer.status_code == 404
        assert "flow_unknown" in answer.json["error"]
    assert calls.writes() == []


def test_200_an_update_that_names_no_target_does_not_ask_for_them(api, calls):
    token = api.create(flowIds=["flow_label"])["clientToken"]
    register(api, "flow_known")
    assert api.put(f"/v1/client-tokens/{token['id']}", {"name": "Renamed"}).status_code == 200


def test_one_tenants_targets_say_nothing_about_anothers(api, caller):
    register(api, "flow_known")
    assert caller().create(flowIds=["flow_unknown"])
