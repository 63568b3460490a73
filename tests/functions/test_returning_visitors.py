"""A visitor comes back in the same browser: what a session is opened for, and what it continues."""

import re

import pytest

from shared.rules import returning_visitor
from shared.store import client_tokens, known_visitors, returning_visitors, table
from tests.functions.page import Page, assert_refused
from tests.functions.returning_visitors import MADE_UP, visitor_item


class TestNewVisitor:
    def test_gets_a_secret_once(self, page, token, first, secret):
        assert re.fullmatch(r"cvt_[0-9a-z]{26}_[0-9A-Za-z]{32}", secret)
        assert first["visitor"] == {
            "id": first["visitor"]["id"],
            "token": secret,
            "expiresAt": "2027-05-01T12:00:00.000Z",
            "endUserId": None,
            "identityStatus": "not_provided",
        }
        again = page.init(token.value, visitorToken=secret, sessionId=first["sessionId"]).json
        assert again["visitor"] == {name: value for name, value in first["visitor"].items() if name != "token"}
        assert (again["sessionId"], again["conversationId"]) == (first["sessionId"], first["conversationId"])

    def test_secret_is_stored_nowhere(self, first, secret):
        item = visitor_item(first)
        assert secret not in str(item)
        assert secret.rpartition("_")[2] not in str(item)
        assert set(item) == {"pk", "sk", "tenant", "token_id", "digest", "created_at", "expires_at"}

    @pytest.mark.parametrize(
        "shown", ["", "x", MADE_UP, "cvt_" + "0" * 5000, "\u0000", "cvt_" + "🙂" * 30], ids=lambda shown: shown[:8]
    )
    def test_is_made_for_an_unknown_secret(self, page, token, shown):
        answer = page.init(token.value, visitorToken=shown)
        assert answer.status_code == 200
        assert answer.json["visitor"]["token"] not in {"", shown}

    def test_is_made_for_another_tokens_secret(self, page, create, secret):
        other = page.init(create().value, visitorToken=secret).json
        assert other["visitor"]["token"] != secret

    @pytest.mark.parametrize("field", ["visitorHistory", "visitorToken", "identityProof"])
    def test_is_asked_for_by_each_of_the_fields(self, page, token, field):
        assert page.init(token.value, **{field: field == "visitorHistory" or "x"}).json["visitor"]["token"]

    def test_is_absent_unless_asked_for(self, page, token):
        assert "visitor" not in page.init(token.value).json

    def test_costs_one_more_call(self, page, token, calls):
        page.open(token.value)
        calls.clear()
        page.init(token.value, visitorHistory=True)
        assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "PutItem", "BatchGetItem", "UpdateItem"]

    def test_late_copy_of_its_write_revives_no_forgotten_visitor(self, token, page, clock):
        _, visitor = returning_visitor.mint(_token(token), at=clock.held, random_bytes=lambda size: b"1" * size)
        returning_visitors.add(visitor)
        returning_visitors.forget(visitor, at=clock.held)
        returning_visitors.add(visitor)
        assert not known_visitors.exists(visitor.id, at=clock.held)


def _token(token):
    return client_tokens.from_item(table.get(client_tokens.key(token.id), at=None))


class TestKnownVisitor:
    def test_gets_a_new_conversation_without_a_session(self, page, token, first, secret):
        again = page.init(token.value, visitorToken=secret).json
        assert again["visitor"]["id"] == first["visitor"]["id"]
        assert "token" not in again["visitor"]
        assert again["conversationId"] != first["conversationId"]
        assert again["sessionId"] != first["sessionId"]

    def test_is_the_same_on_every_origin_of_the_token(self, app, create, clock):
        token = create(allowedOrigins=["https://a.example.com", "https://b.example.com"])
        here, there = Page(app, "https://a.example.com"), Page(app, "https://b.example.com")
        secret = here.init(token.value, visitorHistory=True).json["visitor"]["token"]
        assert "token" not in there.init(token.value, visitorToken=secret).json["visitor"]

    def test_outlives_a_regeneration(self, page, token, first, secret):
        value = token.regenerate()
        assert page.init(value, visitorToken=secret).json["visitor"]["id"] == first["visitor"]["id"]

    def test_expires_ninety_days_after_the_last_visit(self, page, token, clock, secret):
        clock.forward(days=60)
        assert page.init(token.value, visitorToken=secret).json["visitor"]["expiresAt"] == "2027-06-30T12:00:00.000Z"
        clock.forward(days=90, seconds=-1)
        assert "token" not in page.init(token.value, visitorToken=secret).json["visitor"]
        clock.forward(days=91)
        assert "token" in page.init(token.value, visitorToken=secret).json["visitor"]

    def test_one_visit_per_day_is_recorded(self, page, token, clock, secret, calls):
        clock.forward(hours=23)
        page.open(token.value)
        for hours, writes in ((0, 2), (2, 3), (1, 2)):
            clock.forward(hours=hours)
            page.open(token.value)
            calls.clear()
            page.init(token.value, visitorToken=secret)
            assert calls.count("UpdateItem") == writes

    def test_continues_a_conversation_in_a_new_session(self, page, token, first, secret):
        page.say(first["sessionId"])
        answer = page.init(token.value, visitorToken=secret, conversationId=first["conversationId"]).json
        assert answer["conversationId"] == first["conversationId"]
        assert answer["sessionId"] != first["sessionId"]
        assert answer["conversationRevision"] == "1.0"
        assert page.say(answer["sessionId"]).status_code == 200
        (listed,) = token.conversations()
        assert (listed["id"], listed["messageCount"]) == (first["conversationId"], 4)
        assert token.record()["conversationCount"] == 1

    @pytest.mark.parametrize("flow_id", ["flow_other", None])
    def test_continues_with_the_flow_of_the_conversation(self, page, create, register, flow_id):
        register("flow_other")
        token = create(flowIds=["flow_echo", "flow_other"], defaultFlowId="flow_other")
        opened = page.init(token.value, visitorHistory=True, flowId="flow_echo").json
        page.say(opened["sessionId"])
        fields = {"visitorToken": opened["visitor"]["token"], "conversationId": opened["conversationId"]}
        if flow_id:
            assert_refused(page.init(token.value, flowId=flow_id, **fields), 404, "conversation_not_found")
        else:
            assert page.init(token.value, **fields).json["targetId"] == "flow_echo"

    def test_cannot_continue_once_the_token_has_lost_the_flow(self, page, create, register):
        register("flow_other")
        token = create(flowIds=["flow_echo", "flow_other"])
        opened = page.init(token.value, visitorHistory=True, flowId="flow_echo").json
        page.say(opened["sessionId"])
        token.change(flowIds=["flow_other"])
        fields = {"visitorToken": opened["visitor"]["token"], "conversationId": opened["conversationId"]}
        assert_refused(page.init(token.value, **fields), 404, "conversation_not_found")


class TestRefusals:
    def test_400_conversation_with_a_session(self, page, token, first, secret):
        fields = {"conversationId": first["conversationId"], "sessionId": first["sessionId"], "visitorToken": secret}
        body = assert_refused(page.init(token.value, **fields), 400, "invalid_request")
        assert body["details"] == [
            {"path": "conversationId", "message": "cannot be combined with sessionId", "code": "exclusive"}
        ]

    def test_400_conversation_without_a_secret(self, page, token, first):
        answer = page.init(token.value, conversationId=first["conversationId"], visitorHistory=True)
        assert assert_refused(answer, 400, "invalid_request")["details"][0]["path"] == "conversationId"

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("visitorHistory", [1, 0, "", "true", [], {}]),
            ("visitorToken", [5, {}, False]),
            ("conversationId", [5, []]),
            ("identityProof", [{"provider": "clerk", "token": "x"}, 1]),
        ],
    )
    def test_400_field_of_the_wrong_type(self, page, token, calls, field, values):
        calls.clear()
        for value in values:
            body = assert_refused(page.init(token.value, **{field: value}), 400, "invalid_request")
            assert body["details"][0]["path"] == field
        assert calls == []

    @pytest.mark.parametrize("shown", [MADE_UP, "x", None])
    def test_401_conversation_with_an_unknown_secret(self, page, token, first, shown):
        proof = {"identityProof": "rt_eu_x"} if shown is None else {}
        answer = page.init(token.value, visitorToken=shown, conversationId=first["conversationId"], **proof)
        assert_refused(answer, 401, "visitor_required")
        assert set(answer.json) == {"error", "code", "requestId"}

    def test_404_is_the_same_for_every_conversation_of_others(self, page, token, create, first, secret, calls):
        """Status, body, and calls are equal, so nobody learns whether a conversation exists."""
        page.say(first["sessionId"])
        other = page.init(token.value, visitorHistory=True).json
        elsewhere = page.init(create().value, visitorHistory=True).json
        nobodys = page.init(token.value).json
        for opened in (other, elsewhere, nobodys):
            page.say(opened["sessionId"])
        never_spoken = page.init(token.value, visitorToken=secret).json
        seen = set()
        for conversation_id in [
            "conv_00000000000000000000000000",
            *[one["conversationId"] for one in (other, elsewhere, nobodys, never_spoken)],
        ]:
            calls.clear()
            answer = page.init(token.value, visitorToken=secret, conversationId=conversation_id)
            body = assert_refused(answer, 404, "conversation_not_found")
            seen.add((*calls, *(f"{name}={value}" for name, value in body.items() if name != "requestId")))
        assert len(seen) == 1

    @pytest.mark.parametrize("conversation_id", ["", "x", "conv_", "\u0000", "9" * 5000, "🙂"])
    def test_404_malformed_conversation_id(self, page, token, secret, conversation_id):
        answer = page.init(token.value, visitorToken=secret, conversationId=conversation_id)
        assert_refused(answer, 404, "conversation_not_found")

    def test_403_when_the_token_keeps_no_history(self, page, create, calls):
        token = create(visitorHistory=False)
        for fields in ({"visitorHistory": True}, {"visitorToken": MADE_UP}, {"identityProof": "x"}):
            calls.clear()
            answer = page.init(token.value, **fields)
            assert_refused(answer, 403, "visitor_history_disabled")
            # Widgets compare `error` with this word, and would show a hint instead of it.
            assert set(answer.json) == {"error", "code", "requestId"}
            assert calls == ["GetItem", "BatchGetItem"]
        assert page.init(token.value).status_code == 200

    def test_401_precedes_403_for_an_unknown_token(self, page):
        assert_refused(page.init("garbage", visitorHistory=True), 401, "invalid_token")


def test_proof_of_identity_is_ignored(page, token):
    answer = page.init(token.value, visitorHistory=True, identityProof="rt_eu_x")
    assert answer.json["visitor"]["identityStatus"] == "ignored"
    assert answer.json["visitor"]["endUserId"] is None


def test_ordinary_init_makes_the_calls_it_made_before(page, token, clock, calls):
    page.open(token.value)
    calls.clear()
    session = page.open(token.value)
    page.open(token.value, sessionId=session)
    admitted = ["GetItem", "BatchGetItem", "UpdateItem"]
    assert calls == [*admitted, "BatchGetItem", "UpdateItem", *admitted, "UpdateItem"]
