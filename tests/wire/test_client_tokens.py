"""Responses about client tokens, with their exact keys."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.rules.client_token import PreviousValue, Usage
from shared.rules.security_warning import SecurityWarning
from shared.wire import client_tokens as responses
from shared.wire.listing import ListClientTokens
from shared.wire.token_settings import CreateClientToken
from tests.rules.samples import AT, KEY_ARN, ORIGIN, VALUE, token
from tests.wire.samples import LIMITS, read

USAGE = Usage(conversation_count=7, last_used_at=AT + timedelta(hours=1))
ON_THE_WIRE = {
    "id": "ct_1",
    "name": "Shop",
    "flowIds": ["flow_1", "flow_2"],
    "agentIds": ["agent_1"],
    "defaultFlowId": "flow_1",
    "allowedOrigins": [ORIGIN, "*"],
    "originEnforcement": "observe",
    "observeUntil": "2026-12-08T03:25:36.123Z",
    "environment": "test",
    "pinToVersion": "latest",
    "targetAlias": None,
    "targetVersionId": "agentver_1",
    "rateLimitPerMinute": 1,
    "rateLimitPerHour": 2,
    "maxMessagesPerSession": 3,
    "sessionIdleTimeoutMinutes": 4,
    "dailyBudget": 0.5,
    "visitorHistory": False,
    "config": {"theme": {"mode": "dark"}, "snake_case": 1},
    "isActive": False,
    "expiresAt": "2027-01-31T00:00:00.000Z",
    "productSurfaceId": "surface_1",
    "tokenPrefix": "eyJhbGci",
    "tokenHint": "dXJl",
    "lastUsedAt": "2026-11-24T04:25:36.123Z",
    "conversationCount": 7,
    "createdAt": "2026-11-24T03:25:36.123Z",
    "updatedAt": "2026-11-24T03:26:36.123Z",
}
UNUSED = {"lastUsedAt": None, "conversationCount": 0}


class TestAnswers:
    """Each is compared whole: a missing key breaks a client, and an extra key may reveal something."""

    WARNING = SecurityWarning("no_target", "This token has no flow.")
    WARNED = {"type": "no_target", "message": "This token has no flow."}  # noqa: RUF012 - never written to

    def test_created_holds_the_value(self):
        answer = json.loads(json.dumps(responses.created(token(), VALUE, [self.WARNING], at=AT)))
        issued = ON_THE_WIRE | UNUSED | {"tokenValue": VALUE}
        assert answer == {"clientToken": issued, "token": VALUE, "warnings": [self.WARNED]}

    def test_warnings_are_an_empty_list_if_there_are_none(self):
        assert json.loads(json.dumps(responses.created(token(), VALUE, [], at=AT)))["warnings"] == []
        assert json.loads(json.dumps(responses.updated(token(), USAGE, [], at=AT)))["warnings"] == []

    def test_regenerated_holds_the_new_value_and_the_end_of_the_old(self):
        answer = json.loads(json.dumps(responses.regenerated(token(), token(), USAGE, VALUE, at=AT)))
        message = answer.pop("message")
        issued = ON_THE_WIRE | {"tokenValue": VALUE}
        assert answer == {"clientToken": issued, "token": VALUE, "previousValueExpiresAt": None}
        assert "no longer works" in message

    def test_regenerated_states_when_the_old_value_ends(self):
        before = token()
        previous = PreviousValue(digest=before.issued_value.digest, jti="j", valid_until=AT + timedelta(days=1))
        answer = json.loads(
            json.dumps(responses.regenerated(before, token(previous_values=(previous,)), USAGE, VALUE, at=AT))
        )
        assert answer["previousValueExpiresAt"] == "2026-11-25T03:25:36.123Z"
        assert "2026-11-25T03:25:36.123Z" in answer["message"]

    @pytest.mark.parametrize("with_grace", [False, True])
    def test_regenerated_states_which_earlier_values_work(self, with_grace):
        before = token()
        earlier = tuple(PreviousValue(digest=str(n), jti=str(n), valid_until=AT + timedelta(days=n)) for n in (2, 3, 1))
        current = PreviousValue(digest=before.issued_value.digest, jti="j", valid_until=AT + timedelta(days=4))
        after = token(previous_values=(current, *earlier) if with_grace else earlier)
        answer = json.loads(json.dumps(responses.regenerated(before, after, USAGE, VALUE, at=AT)))
        assert answer["previousValueExpiresAt"] == ("2026-11-28T03:25:36.123Z" if with_grace else None)
        assert "the last one until 2026-11-27T03:25:36.123Z" in answer["message"]
        assert "gracePeriodSeconds 0" in answer["message"]

    def test_found_and_updated_and_listed_have_no_value(self):
        found = json.loads(json.dumps(responses.found(token(), USAGE, at=AT)))
        updated = json.loads(json.dumps(responses.updated(token(), USAGE, [self.WARNING], at=AT)))
        listed = json.loads(json.dumps(responses.listed([(token(), USAGE), (token(), Usage())], None, at=AT)))
        assert found == {"clientToken": ON_THE_WIRE}
        assert updated == {"clientToken": ON_THE_WIRE, "warnings": [self.WARNED]}
        assert listed == {"clientTokens": [ON_THE_WIRE, ON_THE_WIRE | UNUSED]}

    def test_deleted_and_revealed_have_their_documented_fields(self):
        deleted = json.loads(json.dumps(responses.deleted()))
        assert (deleted.pop("success"), bool(deleted.pop("message")), deleted) == (True, True, {})
        assert json.loads(json.dumps(responses.revealed(VALUE))) == {"token": VALUE}

    def test_no_response_shows_internal_fields(self):
        """The digests, the tenant, and the signing key stay internal."""
        secret = PreviousValue(digest="digest-of-the-previous", jti="id-of-the-previous", valid_until=AT)
        kept = token(previous_values=(secret,))
        sent = [
            responses.created(kept, VALUE, [], at=AT),
            responses.regenerated(token(), kept, USAGE, VALUE, at=AT),
            responses.found(kept, USAGE, at=AT),
            responses.updated(kept, USAGE, [], at=AT),
            responses.listed([(kept, USAGE)], None, at=AT),
        ]
        internal = [
            kept.issued_value.digest,
            kept.issued_value.claims.jti,
            KEY_ARN,
            "tenant-1",
            secret.digest,
            secret.jti,
        ]
        assert [word for answer in sent for word in internal if word in json.dumps(answer)] == []

    def test_floats_are_returned_as_integers(self):
        request = read(CreateClientToken, **dict.fromkeys(LIMITS, 10.0))
        answer = json.loads(
            json.dumps(responses.created(token(request.settings(at=AT)), VALUE, [], at=AT)), parse_float=Decimal
        )
        assert {field: type(answer["clientToken"][field]) for field in LIMITS} == dict.fromkeys(LIMITS, int)

    def test_config_is_returned_unchanged(self):
        config = {"snake_case": {"a_b": 1}, "n": [1, 1.0, 2.5, 1e22, 10**299, None, True], "\U0001f600": "\u2028\0"}
        request = read(CreateClientToken, config=config)
        answer = json.loads(json.dumps(responses.found(token(request.settings(at=AT)), USAGE, at=AT)))
        assert json.dumps(answer["clientToken"]["config"]) == json.dumps(config)

    def test_pagination_is_present_if_a_limit_was_sent(self):
        page = ListClientTokens.read_query({"limit": "20", "offset": "40"}).pagination(None, "acme")
        answer = json.loads(json.dumps(responses.listed([], page, at=AT)))
        assert answer == {
            "clientTokens": [],
            "pagination": {"limit": 20, "offset": 40, "hasMore": False, "nextCursor": None},
        }
