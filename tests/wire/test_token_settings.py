"""The bodies that create, update, and regenerate a client token as a whole; test_fields covers each field."""

import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.rules import token_settings
from shared.rules.client_token import Usage
from shared.rules.token_settings import TokenSettings
from shared.wire import client_tokens as responses
from shared.wire.regeneration import RegenerateClientToken
from shared.wire.token_settings import CreateClientToken, UpdateClientToken
from tests.rules.samples import AT, ORIGIN, SETTINGS, token
from tests.wire.samples import IDS, LEAST, LIMITS, given_of, read, reasons, to_camel

CLEARED_BY_NULL = {"dailyBudget", "defaultFlowId", "targetAlias", "targetVersionId", "expiresAt"}
NOT_EMPTIED_BY_NULL = {
    *("name", "allowedOrigins", "originEnforcement", "flowIds", "agentIds", "pinToVersion"),
    *("config", "visitorHistory", "isActive"),
    *LIMITS,
}


class TestCreate:
    def test_minimal_body_gets_the_documented_defaults(self):
        request = read(CreateClientToken)
        assert request.environment == "live"
        assert request.product_surface_id is None
        assert request.target_ids() == ()
        assert request.settings(at=AT) == TokenSettings(
            name="Shop",
            allowed_origins=(ORIGIN,),
            flow_ids=(),
            agent_ids=(),
            default_flow_id=None,
            pin_to_version="latest",
            target_alias=None,
            target_version_id=None,
            rate_limit_per_minute=10,
            rate_limit_per_hour=100,
            max_messages_per_session=100,
            session_idle_timeout_minutes=30,
            daily_budget=None,
            visitor_history=True,
            config={},
            is_active=True,
            expires_at=None,
            observe_until=None,
        )

    def test_every_field_is_read(self):
        request = read(
            CreateClientToken,
            flowIds=["flow_1", "flow_2"],
            agentIds=["agent_1"],
            defaultFlowId="flow_2",
            environment="test",
            pinToVersion="published",
            targetAlias="stable",
            targetVersionId="agentver_1",
            rateLimitPerMinute=1,
            rateLimitPerHour=2,
            maxMessagesPerSession=3,
            sessionIdleTimeoutMinutes=4,
            dailyBudget=0.5,
            visitorHistory=False,
            originEnforcement="observe",
            config={"theme": {"mode": "dark"}, "snake_case": [1, 2.5, None, True]},
            productSurfaceId="surface_1",
            expiresAt="2027-01-31T00:00:00Z",
        )
        assert (request.environment, request.product_surface_id) == ("test", "surface_1")
        assert request.target_ids() == ("flow_1", "flow_2", "agent_1")
        assert request.settings(at=AT) == replace(
            SETTINGS,
            allowed_origins=(ORIGIN,),
            default_flow_id="flow_2",
            pin_to_version="published",
            target_alias="stable",
            config={"theme": {"mode": "dark"}, "snake_case": [1, 2.5, None, True]},
            is_active=True,
        )

    @pytest.mark.parametrize("field", sorted({to_camel(name) for name in CreateClientToken.model_fields} - set(LEAST)))
    def test_null_means_not_given(self, field):
        request = read(CreateClientToken, **{field: None})
        assert request == read(CreateClientToken)
        assert request.settings(at=AT) == read(CreateClientToken).settings(at=AT)

    @pytest.mark.parametrize("field", LEAST)
    def test_name_and_origins_are_required_and_not_null(self, field):
        without = json.dumps({name: value for name, value in LEAST.items() if name != field})
        with pytest.raises(InvalidRequest) as caught:
            CreateClientToken.read(without)
        assert [(detail.path, detail.code) for detail in caught.value.details] == [(field, "required")]
        assert reasons(CreateClientToken, **{field: None}) == [(field, "required")]

    @pytest.mark.parametrize("environment", ["prod", "LIVE", "", 1, True, ["live"]])
    def test_an_environment_is_live_or_test(self, environment):
        assert reasons(CreateClientToken, environment=environment) == [("environment", "wrong_value")]

    def test_product_surface_is_an_id(self):
        assert read(CreateClientToken, productSurfaceId="x" * 128).product_surface_id == "x" * 128
        assert reasons(CreateClientToken, productSurfaceId="x" * 129) == [("productSurfaceId", "out_of_range")]
        assert reasons(CreateClientToken, productSurfaceId="a b") == [("productSurfaceId", "wrong_value")]

    def test_new_token_is_active(self):
        assert reasons(CreateClientToken, isActive=False) == [("isActive", "unknown_field")]


class TestUpdate:
    def test_no_field_changes_nothing(self):
        request = read(UpdateClientToken)
        assert request.changed_fields() == {}
        assert request.target_ids() == ()

    @pytest.mark.parametrize("is_active", [True, False])
    def test_only_given_fields_are_changed(self, is_active):
        request = read(UpdateClientToken, isActive=is_active, flowIds=["flow_1"], agentIds=[])
        assert request.changed_fields() == {"is_active": is_active, "flow_ids": ("flow_1",), "agent_ids": ()}
        assert request.target_ids() == ("flow_1",)

    def test_every_field_has_a_rule_for_null(self):
        known = {to_camel(name) for name in UpdateClientToken.model_fields}
        assert known == CLEARED_BY_NULL | NOT_EMPTIED_BY_NULL | {"environment", "productSurfaceId"}

    @pytest.mark.parametrize("field", sorted(CLEARED_BY_NULL))
    def test_null_clears_optional_fields(self, field):
        assert given_of(UpdateClientToken, **{field: None}) is None

    @pytest.mark.parametrize("field", sorted(NOT_EMPTIED_BY_NULL))
    def test_null_is_refused_for_required_fields(self, field):
        expected = "wrong_value" if field == "originEnforcement" else "wrong_type"
        assert reasons(UpdateClientToken, **{field: None}) == [(field, expected)]

    @pytest.mark.parametrize("field", ["environment", "productSurfaceId"])
    @pytest.mark.parametrize("value", ["live", "test", "surface_1", None, 5, {}])
    def test_environment_and_surface_are_immutable(self, field, value):
        assert reasons(UpdateClientToken, **{field: value}) == [(field, "immutable")]

    @pytest.mark.parametrize("value", [1, 0, "true", "false", 1.0, []])
    def test_is_active_is_true_or_false(self, value):
        assert reasons(UpdateClientToken, isActive=value) == [("isActive", "wrong_type")]


class TestRegenerate:
    @pytest.mark.parametrize("body", [None, "", "{}"])
    def test_missing_body_means_no_grace_period(self, body):
        assert RegenerateClientToken.read(body).grace() is None

    def test_zero_differs_from_no_grace_period(self):
        zero = RegenerateClientToken.read('{"gracePeriodSeconds": 0}')
        assert zero.grace() == timedelta(0)
        assert zero.canonical() != RegenerateClientToken.read("{}").canonical()

    def test_grace_period_is_read_in_seconds(self):
        assert RegenerateClientToken.read('{"gracePeriodSeconds": 3600.0}').grace() == timedelta(hours=1)

    @pytest.mark.parametrize("body", ["[]", "null", "oops"])
    def test_body_must_be_an_object(self, body):
        with pytest.raises(InvalidRequest):
            RegenerateClientToken.read(body)


NUMBERS = st.integers(1, 1000) | st.sampled_from([1, 10.0, 1000, 1440, 10_000, 10_001, 0])
TEXTS = st.sampled_from(["flow_1", "agent_1", "latest", "x" * 128, "2027-01-31T00:00:00Z", "published", "x" * 129])
ORIGINS = st.sampled_from([ORIGIN, "*", "native", "HTTP://A.example:80/", "https://*.b.example", "HTTPS://c.example"])
BODIES = st.fixed_dictionaries(
    {"name": TEXTS.map(" {} ".format), "allowedOrigins": st.lists(ORIGINS, min_size=1, max_size=4)},
    optional={
        **dict.fromkeys(LIMITS, NUMBERS),
        **dict.fromkeys(["flowIds", "agentIds"], st.lists(TEXTS, max_size=4)),
        **dict.fromkeys(IDS, TEXTS),
        "originEnforcement": st.sampled_from(["enforce", "observe", "ENFORCE"]),
        "config": st.dictionaries(st.text(max_size=3), st.recursive(NUMBERS, st.lists, max_leaves=3), max_size=3),
    },
)


@settings(max_examples=2 * settings.default.max_examples)
@given(BODIES)
def test_accepted_settings_are_in_bounds_and_round_trip(body):
    try:
        settings = CreateClientToken.read(json.dumps(body)).settings(at=AT)
    except InvalidRequest:
        return
    for field in fields(TokenSettings):
        if to_camel(field.name) in LIMITS:
            value = getattr(settings, field.name)
            assert type(value) is int
            assert 1 <= value <= LIMITS[to_camel(field.name)]
    assert 1 <= len(settings.name) <= 255
    assert settings.name == settings.name.strip()
    for entries, least in ((settings.allowed_origins, 1), (settings.flow_ids, 0), (settings.agent_ids, 0)):
        assert least <= len(entries) == len(set(entries))
    answered = json.loads(json.dumps(responses.found(token(settings), Usage(), at=AT)))["clientToken"]
    writable = {to_camel(name) for name in UpdateClientToken.model_fields} - {"environment", "productSurfaceId"}
    again = UpdateClientToken.read(json.dumps({name: answered[name] for name in writable}))
    assert token_settings.with_changes(settings, again.changed_fields(), at=AT) == settings
