"""A visitor comes back in the same browser: what a session is opened for, and whose its conversation is."""

import re
from datetime import timedelta

import pytest

from shared.rules import returning_visitor
from shared.store import (
    client_tokens,
    conversation_deletion,
    conversations,
    returning_visitors,
    table,
)
from tests.functions.page import Page, assert_refused
from tests.functions.stored import record

MADE_UP = f"cvt_{'0' * 26}_{'0' * 32}"


@pytest.fixture
def first(page, token):
    """The answer to a new visitor's first init."""
    return page.init(token.value, visitorHistory=True).json


@pytest.fixture
def secret(first):
    return first["visitor"]["token"]


def _visitor_item(answer):
    return table.get(returning_visitors.key(answer["visitor"]["id"]))


def _owner(conversation_id):
    return table.get(conversations.record_key(conversation_id)).get("owner_pk")


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
        item = _visitor_item(first)
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
        assert not returning_visitors.exists(visitor.id, at=clock.held)


def _token(token):
    return client_tokens.from_item(table.get(client_tokens.key(token.id)))


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


class TestClaim:
    @pytest.fixture
    def spoken(self, page, token):
        """A session with a message, of no visitor."""
        session = page.open(token.value)
        assert page.say(session).status_code == 200
        return session

    def test_makes_a_conversation_the_visitors(self, page, token, spoken, secret, first):
        answer = page.init(token.value, visitorToken=secret, sessionId=spoken).json
        assert answer["sessionId"] == spoken
        assert _owner(answer["conversationId"]) == f"VISITOR#{first['visitor']['id']}"

    def test_is_made_for_a_new_visitor_too(self, page, token, spoken):
        answer = page.init(token.value, visitorHistory=True, sessionId=spoken).json
        assert answer["sessionId"] == spoken
        assert _owner(answer["conversationId"]) == f"VISITOR#{answer['visitor']['id']}"

    def test_before_the_first_message_is_kept_by_it(self, page, token, secret, first):
        session = page.open(token.value)
        answer = page.init(token.value, visitorToken=secret, sessionId=session).json
        assert answer["sessionId"] == session
        page.say(session)
        assert _owner(answer["conversationId"]) == f"VISITOR#{first['visitor']['id']}"

    @pytest.mark.parametrize("is_spoken", [True, False])
    def test_of_another_visitors_conversation_gets_a_new_one(self, page, token, first, is_spoken):
        if is_spoken:
            page.say(first["sessionId"])
        before = record(first["sessionId"])
        other = page.init(token.value, visitorHistory=True, sessionId=first["sessionId"]).json
        assert other["visitor"]["id"] != first["visitor"]["id"]
        assert other["conversationId"] != first["conversationId"]
        assert other["sessionId"] != first["sessionId"]
        assert record(first["sessionId"]) == before

    def test_of_two_visitors_at_once_makes_one_the_owner(self, page, token, spoken, at_call):
        """The other one gets a new conversation, not an error."""
        others = []

        def claim():
            others.append(page.init(token.value, visitorHistory=True, sessionId=spoken).json)

        at_call(6, claim)
        answer = page.init(token.value, visitorHistory=True, sessionId=spoken).json
        (other,) = others
        assert other["sessionId"] == spoken
        assert answer["sessionId"] != spoken
        assert answer["conversationId"] != other["conversationId"]
        assert _owner(other["conversationId"]) == f"VISITOR#{other['visitor']['id']}"

    def test_that_crashed_is_completed_by_the_next_message(self, page, token, spoken, crash_after):
        with crash_after(6):
            page.init(token.value, visitorHistory=True, sessionId=spoken)
        conversation_id = record(spoken)["conversation_id"]
        assert _owner(conversation_id) is None
        page.say(spoken)
        assert _owner(conversation_id) == f"VISITOR#{record(spoken)['visitor_id']}"

    def test_of_a_session_of_another_origin_gets_a_new_one(self, app, create, clock):
        token = create(allowedOrigins=["https://a.example.com", "https://b.example.com"])
        session = Page(app, "https://a.example.com").open(token.value)
        answer = Page(app, "https://b.example.com").init(token.value, visitorHistory=True, sessionId=session).json
        assert answer["sessionId"] != session


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


def test_session_id_alone_resumes_but_claims_nothing(page, token, first):
    page.say(first["sessionId"])
    answer = page.init(token.value, sessionId=first["sessionId"]).json
    assert answer["sessionId"] == first["sessionId"]
    assert "visitor" not in answer
    assert _owner(first["conversationId"]) == f"VISITOR#{first['visitor']['id']}"


def test_ordinary_init_makes_the_calls_it_made_before(page, token, clock, calls):
    page.open(token.value)
    calls.clear()
    session = page.open(token.value)
    page.open(token.value, sessionId=session)
    admitted = ["GetItem", "BatchGetItem", "UpdateItem"]
    assert calls == [*admitted, "BatchGetItem", "UpdateItem", *admitted, "UpdateItem"]


class TestForgottenVisitor:
    """Reset from another tab: what a session does whose visitor nobody is anymore."""

    @pytest.fixture
    def forget(self, first, clock, guard):
        visitor = returning_visitors.from_item(_visitor_item(first))

        def forget():
            with guard.acting_as("InitSession"):
                returning_visitors.forget(visitor, at=clock.held)

        return forget

    def test_session_goes_on_in_a_fresh_conversation(self, page, token, first, assistant, forget):
        page.say(first["sessionId"], "A secret of the former person")
        forget()
        assert page.say(first["sessionId"], "Hello").status_code == 200
        now = record(first["sessionId"])
        assert now["conversation_id"] != first["conversationId"]
        assert "visitor_id" not in now
        assert _owner(now["conversation_id"]) is None
        assert "A secret" not in str(assistant[-1])
        counts = {one["id"]: one["messageCount"] for one in token.conversations()}
        assert counts == {first["conversationId"]: 2, now["conversation_id"]: 2}
        assert token.record()["conversationCount"] == 2

    def test_budget_of_the_session_goes_on(self, page, create):
        token = create(maxMessagesPerSession=2)
        opened = page.init(token.value, visitorHistory=True).json
        page.say(opened["sessionId"])
        table.write(table.delete_write(returning_visitors.key(opened["visitor"]["id"])))
        assert page.say(opened["sessionId"]).status_code == 200
        assert_refused(page.say(opened["sessionId"]), 429, "message_limit_reached")

    def test_message_of_the_former_conversation_is_not_sent_again(self, page, token, first, assistant, forget):
        """It was paid for there. Here it would be answered for free, and its text would be kept."""
        page.say(first["sessionId"], message_id="usr_old")
        forget()
        asked = len(assistant)
        for _ in range(2):
            assert_refused(page.say(first["sessionId"], message_id="usr_old"), 409, "message_id_taken")
        assert page.say(first["sessionId"], message_id="usr_new").status_code == 200
        assert_refused(page.say(first["sessionId"], message_id="usr_old"), 409, "message_id_taken")
        assert len(assistant) == asked + 1

    def test_message_sent_during_the_reset_can_be_sent_again(self, page, first, at_call, forget):
        """It was admitted before the reset, and another message moved the session meanwhile."""
        page.say(first["sessionId"])
        said = []

        def reset():
            forget()
            said.append(page.say(first["sessionId"], "Other").status_code)

        at_call(5, reset)
        answer = page.say(first["sessionId"], "Mine", message_id="usr_mine")
        assert said == [200]
        assert_refused(answer, 409, "in_progress")
        assert page.say(first["sessionId"], "Mine", message_id="usr_mine").status_code == 200
        assert record(first["sessionId"])["conversation_id"] != first["conversationId"]

    def test_two_messages_at_once_go_to_one_fresh_conversation(self, page, token, first, at_call, forget):
        page.say(first["sessionId"])
        forget()
        said = []
        at_call(4, lambda: said.append(page.say(first["sessionId"], "Other").status_code))
        assert page.say(first["sessionId"], "Mine").status_code == 200
        assert said == [200]
        assert len(token.conversations()) == 2

    def test_plain_init_gets_another_session(self, page, token, first, forget):
        forget()
        assert page.open(token.value, sessionId=first["sessionId"]) != first["sessionId"]

    def test_next_visitor_gets_another_conversation(self, page, token, first, secret, forget):
        page.say(first["sessionId"])
        forget()
        other = page.init(token.value, visitorToken=secret, sessionId=first["sessionId"]).json
        assert other["visitor"]["token"]
        assert other["conversationId"] != first["conversationId"]

    def test_fresh_conversation_can_be_claimed(self, page, token, first, forget):
        page.say(first["sessionId"])
        forget()
        page.say(first["sessionId"])
        other = page.init(token.value, visitorHistory=True, sessionId=first["sessionId"]).json
        assert other["sessionId"] == first["sessionId"]
        assert _owner(other["conversationId"]) == f"VISITOR#{other['visitor']['id']}"
        page.say(first["sessionId"])
        assert record(first["sessionId"])["conversation_id"] == other["conversationId"]

    def test_resuming_does_not_bring_the_session_back(self, page, token, first, at_call, forget):
        """An init that has read the session before it moved must not write the former conversation again."""
        page.say(first["sessionId"])

        def reset():
            forget()
            page.say(first["sessionId"])

        at_call(5, reset)
        answer = page.init(token.value, sessionId=first["sessionId"]).json
        assert answer["conversationId"] != first["conversationId"]
        assert record(first["sessionId"])["conversation_id"] != first["conversationId"]

    def test_expired_visitor_counts_as_forgotten(self, page, create, clock):
        token = create(sessionIdleTimeoutMinutes=1440)
        opened = page.init(token.value, visitorHistory=True).json
        page.say(opened["sessionId"])
        item = _visitor_item(opened)
        table.put(item | {"expires_at": int((clock.held - timedelta(seconds=1)).timestamp())})
        page.say(opened["sessionId"])
        assert record(opened["sessionId"])["conversation_id"] != opened["conversationId"]


def test_session_of_no_visitor_makes_no_more_calls_in_chat(page, token, first, calls):
    ordinary = page.open(token.value)
    made = []
    for session in (ordinary, first["sessionId"]):
        page.say(session)
        calls.clear()
        page.say(session)
        made.append(list(calls))
    assert made[0] == made[1]


def test_conversation_deleted_meanwhile_is_not_resumed_with_history(page, token, api, first, secret, clock):
    page.say(first["sessionId"])
    conversation_deletion.delete(api.tenant, first["conversationId"], at=clock.held)
    again = page.init(token.value, visitorToken=secret, sessionId=first["sessionId"]).json
    assert again["conversationId"] != first["conversationId"]
