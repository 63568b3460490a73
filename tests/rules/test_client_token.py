"""A client token: consistent settings, updates that change nothing else, and warnings about risky settings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Conflict, InvalidRequest
from shared.rules import client_token, token_settings, token_value, token_warnings
from shared.rules.client_token import ClientToken
from shared.rules.token_settings import TokenSettings

AT = datetime(2026, 11, 24, 3, 25, 36, 123_000, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SETTINGS = TokenSettings(name="Shop", allowed_origins=("https://app.example.com",), flow_ids=("flow_1", "flow_2"))


def issued_value(value, at=AT):
    claims = token_value.claims(
        issuer="i", subject="ct_1", environment="live", at=at, random_bytes=lambda n: value.encode().ljust(n, b".")
    )
    return token_value.issued_value(value, claims, "arn")


def token(settings=SETTINGS, **more):
    made = {
        "id": "ct_1",
        "tenant": "tenant-1",
        "environment": "live",
        "product_surface_id": "surface_1",
        "issued_value": issued_value("first"),
        "created_at": AT - DAY,
        "updated_at": AT - DAY,
    }
    return ClientToken(settings=settings, **made | more)


def reasons(check, *arguments, **more):
    """(path, code) of everything that is refused."""
    with pytest.raises(InvalidRequest) as caught:
        check(*arguments, **more)
    return [(detail.path, detail.code) for detail in caught.value.details]


class TestCheck:
    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"flow_ids": ()},
            {"default_flow_id": "flow_1"},
            {"default_flow_id": "flow_2"},
            {"agent_ids": ("agent_1",), "target_alias": "stable"},
            {"agent_ids": ("agent_1",), "target_version_id": "agentver_1"},
            {"agent_ids": ("agent_1", "agent_2")},
            {"pin_to_version": "published"},
            {"pin_to_version": "v1"},
            {"expires_at": AT + MOMENT},
            {"rate_limit_per_minute": 20, "rate_limit_per_hour": 10},
        ],
        ids=str,
    )
    def test_consistent_settings_are_accepted(self, settings):
        wanted = replace(SETTINGS, **settings)
        assert token_settings.validate(wanted, at=AT) == wanted

    @pytest.mark.parametrize(
        ("settings", "path", "code"),
        [
            ({"default_flow_id": "flow_3"}, "defaultFlowId", "not_a_flow_of_the_token"),
            ({"default_flow_id": "flow"}, "defaultFlowId", "not_a_flow_of_the_token"),
            (
                {"default_flow_id": "agent_1", "agent_ids": ("agent_1",)},
                "defaultFlowId",
                "not_a_flow_of_the_token",
            ),
            ({"target_alias": "stable"}, "targetAlias", "needs_one_agent"),
            ({"target_alias": "stable", "agent_ids": ("agent_1", "agent_2")}, "targetAlias", "needs_one_agent"),
            ({"target_version_id": "agentver_1"}, "targetVersionId", "needs_one_agent"),
            (
                {"target_version_id": "agentver_1", "agent_ids": ("agent_1", "agent_2")},
                "targetVersionId",
                "needs_one_agent",
            ),
            (
                {"target_alias": "stable", "target_version_id": "agentver_1", "agent_ids": ("agent_1",)},
                "targetAlias",
                "exclusive",
            ),
            ({"pin_to_version": "agentver_1"}, "pinToVersion", "agent_version"),
            ({"expires_at": AT}, "expiresAt", "in_the_past"),
            ({"expires_at": AT - DAY}, "expiresAt", "in_the_past"),
            ({"allowed_origins": ("https://a.example", "http://localhost:*")}, "allowedOrigins", "needs_test_token"),
        ],
        ids=str,
    )
    def test_contradiction_is_reported_at_the_field_of_the_caller(self, settings, path, code):
        assert reasons(token_settings.validate, replace(SETTINGS, **settings), at=AT) == [(path, code)]

    def test_all_violations_are_reported_at_once(self):
        settings = replace(
            SETTINGS,
            default_flow_id="flow_3",
            target_alias="stable",
            target_version_id="agentver_1",
            pin_to_version="agentver_1",
            expires_at=AT,
        )
        assert reasons(token_settings.validate, settings, at=AT) == [
            ("defaultFlowId", "not_a_flow_of_the_token"),
            ("targetAlias", "exclusive"),
            ("targetAlias", "needs_one_agent"),
            ("targetVersionId", "needs_one_agent"),
            ("pinToVersion", "agent_version"),
            ("expiresAt", "in_the_past"),
        ]


class TestUpdate:
    def test_update_changes_exactly_the_given_fields(self):
        before = token(replace(SETTINGS, default_flow_id="flow_1", config={"theme": {"mode": "dark"}}, is_active=False))
        after = client_token.update(before, {"name": "Till", "default_flow_id": None}, at=AT)
        assert after.settings == replace(before.settings, name="Till", default_flow_id=None)
        assert (
            replace(after, settings=before.settings, updated_at=before.updated_at, revision=before.revision) == before
        )

    def test_update_without_changes_increments_the_revision(self):
        before = token()
        after = client_token.update(before, {}, at=AT)
        assert (after.settings, after.revision, after.updated_at) == (before.settings, before.revision + 1, AT)

    @pytest.mark.parametrize(
        ("settings", "changes", "path", "code"),
        [
            ({"default_flow_id": "flow_1"}, {"flow_ids": ("flow_2",)}, "defaultFlowId", "not_a_flow_of_the_token"),
            ({"default_flow_id": "flow_1"}, {"flow_ids": ()}, "defaultFlowId", "not_a_flow_of_the_token"),
            ({}, {"default_flow_id": "flow_3"}, "defaultFlowId", "not_a_flow_of_the_token"),
            (
                {"agent_ids": ("agent_1",), "target_alias": "stable"},
                {"target_version_id": "agentver_1"},
                "targetAlias",
                "exclusive",
            ),
            (
                {"agent_ids": ("agent_1",), "target_alias": "stable"},
                {"agent_ids": ()},
                "targetAlias",
                "needs_one_agent",
            ),
            (
                {"agent_ids": ("agent_1",), "target_version_id": "agentver_1"},
                {"agent_ids": ("agent_1", "agent_2")},
                "targetVersionId",
                "needs_one_agent",
            ),
            ({}, {"pin_to_version": "agentver_1"}, "pinToVersion", "agent_version"),
            ({"pin_to_version": "agentver_1"}, {"pin_to_version": "agentver_2"}, "pinToVersion", "agent_version"),
            ({}, {"expires_at": AT}, "expiresAt", "in_the_past"),
            ({"expires_at": AT - DAY}, {"expires_at": AT - HOUR}, "expiresAt", "in_the_past"),
        ],
        ids=str,
    )
    def test_update_is_validated_with_the_stored_settings(self, settings, changes, path, code):
        before = token(replace(SETTINGS, **settings))
        assert reasons(client_token.update, before, changes, at=AT) == [(path, code)]

    @pytest.mark.parametrize(
        ("settings", "changes"),
        [
            ({"default_flow_id": "flow_1"}, {"flow_ids": ("flow_2",), "default_flow_id": "flow_2"}),
            ({"default_flow_id": "flow_1"}, {"flow_ids": (), "default_flow_id": None}),
            (
                {"agent_ids": ("agent_1",), "target_alias": "stable"},
                {"target_alias": None, "target_version_id": "agentver_1"},
            ),
            ({"agent_ids": ("agent_1",), "target_alias": "stable"}, {"target_alias": None, "agent_ids": ()}),
            # A client that writes back what it read.
            ({"pin_to_version": "agentver_1"}, {"pin_to_version": "agentver_1", "name": "Till"}),
            ({"pin_to_version": "agentver_1"}, {"pin_to_version": "latest"}),
        ],
        ids=str,
    )
    def test_update_may_change_dependent_fields_together(self, settings, changes):
        after = client_token.update(token(replace(SETTINGS, **settings)), changes, at=AT)
        assert after.settings == replace(SETTINGS, **settings | changes)

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "Till"},
            {"is_active": False},
            {"name": "Till", "expires_at": AT - DAY},
            {"expires_at": None},
            {"expires_at": AT + MOMENT},
        ],
        ids=str,
    )
    def test_expired_token_can_be_changed_and_extended(self, changes):
        expired = token(replace(SETTINGS, expires_at=AT - DAY))
        assert client_token.update(expired, changes, at=AT).settings == replace(expired.settings, **changes)


class TestRegenerate:
    def test_regenerate_changes_only_the_value(self):
        before = token()
        after = client_token.regenerate(before, issued_value("second"), grace=timedelta(0), at=AT)
        assert after.issued_value == issued_value("second")
        assert (after.updated_at, after.revision) == (AT, before.revision + 1)
        assert (
            replace(after, issued_value=before.issued_value, updated_at=before.updated_at, revision=before.revision)
            == before
        )

    @pytest.mark.parametrize("grace", [timedelta(0), None])
    def test_current_value_ends_without_a_grace_period(self, grace):
        assert client_token.regenerate(token(), issued_value("second"), grace=grace, at=AT).previous_values == ()

    def test_grace_period_keeps_the_current_value_until_its_end(self):
        before = token()
        (previous,) = client_token.regenerate(before, issued_value("second"), grace=HOUR, at=AT).previous_values
        assert (previous.digest, previous.jti) == (before.issued_value.digest, before.issued_value.claims.jti)
        assert previous.valid_until == AT + HOUR

    def test_earlier_grace_periods_last_unless_zero_is_given(self):
        first = client_token.regenerate(token(), issued_value("second"), grace=DAY, at=AT)
        ends = {
            grace: [
                one.valid_until - AT
                for one in client_token.regenerate(first, issued_value("3"), grace=grace, at=AT).previous_values
            ]
            for grace in (None, HOUR, timedelta(0))
        }
        assert ends == {None: [DAY], HOUR: [HOUR, DAY], timedelta(0): []}

    def test_ended_grace_period_is_removed(self):
        first = client_token.regenerate(token(), issued_value("second"), grace=HOUR, at=AT)
        assert client_token.regenerate(first, issued_value("third"), grace=None, at=AT + HOUR).previous_values == ()

    def test_sixth_running_grace_period_is_refused(self):
        full = token()
        for number in range(client_token.PREVIOUS_VALUES_MAX):
            full = client_token.regenerate(full, issued_value(str(number)), grace=DAY - number * HOUR, at=AT)
        with pytest.raises(Conflict) as caught:
            client_token.regenerate(full, issued_value("last"), grace=HOUR, at=AT)
        assert caught.value.code == "too_many_previous_values"
        assert "2026-11-24T23:25:36.123Z" in caught.value.hint
        # Once the next one has ended there is room; without a grace period there always is.
        assert (
            len(client_token.regenerate(full, issued_value("last"), grace=HOUR, at=AT + DAY - 4 * HOUR).previous_values)
            == 5
        )
        assert len(client_token.regenerate(full, issued_value("last"), grace=None, at=AT).previous_values) == 5

    def test_update_ends_no_grace_period(self):
        regenerated = client_token.regenerate(token(), issued_value("second"), grace=DAY, at=AT)
        assert client_token.update(regenerated, {"name": "Till"}, at=AT).previous_values == regenerated.previous_values


@pytest.mark.parametrize(
    "write",
    [
        lambda token, at: client_token.update(token, {"name": "Till"}, at=at),
        lambda token, at: client_token.regenerate(token, issued_value("second"), grace=HOUR, at=at),
    ],
    ids=["update", "regenerate"],
)
@pytest.mark.parametrize(("at", "updated_at"), [(AT - HOUR, AT), (AT, AT), (AT + MOMENT, AT + MOMENT)])
def test_updated_at_never_decreases(write, at, updated_at):
    """Two requests may be received in one order and written in the other."""
    assert write(token(updated_at=AT), at).updated_at == updated_at


class TestWarnings:
    @staticmethod
    def of(environment="live", **settings):
        made = token(replace(SETTINGS, **settings), environment=environment)
        found = token_warnings.warnings(made, is_public_suffix={"vercel.app"}.__contains__, at=AT)
        return [(warning.type, warning.message) for warning in found]

    def test_sound_settings_have_none(self):
        assert self.of() == []

    @pytest.mark.parametrize(
        ("settings", "types"),
        [
            ({"allowed_origins": ("*",)}, ["wildcard_origin"]),
            ({"allowed_origins": ("native",)}, ["native_origin"]),
            ({"allowed_origins": ("http://app.example.com",)}, ["insecure_origin"]),
            ({"allowed_origins": ("https://*.vercel.app",)}, ["public_suffix_wildcard"]),
            ({"allowed_origins": ("http://localhost:3000",)}, ["loopback_origin"]),
            ({"allowed_origins": ("http://localhost:3000",), "environment": "test"}, []),
            ({"flow_ids": ()}, ["no_target"]),
            ({"flow_ids": (), "agent_ids": ("agent_1",)}, []),
            ({"expires_at": AT + DAY}, ["info"]),
            ({"rate_limit_per_minute": 11, "rate_limit_per_hour": 10}, ["info"]),
            ({"rate_limit_per_minute": 10, "rate_limit_per_hour": 10}, []),
        ],
        ids=str,
    )
    def test_each_risk_has_its_type(self, settings, types):
        assert [found for found, _ in self.of(**settings)] == types

    @pytest.mark.parametrize(
        ("lifetime", "message"),
        [
            (MOMENT, "Token will expire in 1 day."),
            (DAY, "Token will expire in 1 day."),
            (DAY + MOMENT, "Token will expire in 2 days."),
            (30 * DAY - MOMENT, "Token will expire in 30 days."),
            (30 * DAY, "Token will expire in 30 days."),
            (timedelta(0), "Token has expired."),
            (-30 * DAY, "Token has expired."),
        ],
        ids=str,
    )
    def test_expiry_warning_rounds_days_up(self, lifetime, message):
        assert self.of(expires_at=AT + lifetime) == [("info", message)]

    def test_hourly_limit_below_the_minute_limit_is_a_warning(self):
        [(_, message)] = self.of(rate_limit_per_minute=60, rate_limit_per_hour=59)
        assert "limit per hour decides" in message

    def test_all_warnings_are_returned_at_once(self):
        found = self.of(
            allowed_origins=("*", "native", "http://a.example", "https://*.vercel.app", "http://localhost"),
            flow_ids=(),
            expires_at=AT + DAY,
            rate_limit_per_minute=2,
            rate_limit_per_hour=1,
        )
        assert [found for found, _ in found] == [
            "wildcard_origin",
            "native_origin",
            "insecure_origin",
            "public_suffix_wildcard",
            "loopback_origin",
            "no_target",
            "info",
            "info",
        ]
