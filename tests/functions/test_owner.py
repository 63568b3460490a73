"""What owners read and delete of what visitors wrote: a conversation with its messages, and feedback."""

from datetime import UTC, datetime

import pytest

from shared.rules import cursor
from shared.store import audit, conversation_deletion, transcripts
from tests.aws.event_stream import function_answer
from tests.aws.network import NETWORK, Answer
from tests.functions.owner import CONVERSATIONS, FEEDBACK, WORDS, conversation_of
from tests.functions.page import ORIGIN, assert_refused
from tests.functions.stored import left, record
from tests.operations import OF_ONE_VISITOR, OF_VISITORS, UNKNOWN, each

AT = datetime(2027, 1, 31, 12, tzinfo=UTC)
ASSISTANT = "arn:aws:lambda:us-east-1:123456789012:function:assistant"


class TestReading:
    def test_200_conversation_with_messages_and_feedback(self, api, page, token, talk):
        session = talk(token, WORDS, "Tea?")
        assert page.rate(session, token.value, "csat", rating=4, comment="Fine").status_code == 200
        conversation_id = conversation_of(session)
        answer = api.get(f"{CONVERSATIONS}/{conversation_id}")
        assert answer.status_code == 200
        (left_behind,) = answer.json["feedback"]
        assert answer.json == {
            "id": conversation_id,
            "title": "Conversation 2027-01-31 12:00",
            "source": "client_token",
            "messageCount": 4,
            "clientTokenId": token.id,
            "flowId": "flow_echo",
            "origin": ORIGIN,
            "ownerId": None,
            "modelId": None,
            "createdAt": "2027-01-31T12:00:00.250Z",
            "updatedAt": "2027-01-31T12:01:00.250Z",
            "messages": [
                {"id": "usr_0", "role": "user", "content": WORDS, "createdAt": "2027-01-31T12:00:00.250Z"},
                {
                    "id": "ast_0",
                    "role": "assistant",
                    "content": f"You said: {WORDS}",
                    "createdAt": "2027-01-31T12:00:00.251Z",
                },
                {"id": "usr_1", "role": "user", "content": "Tea?", "createdAt": "2027-01-31T12:01:00.250Z"},
                {
                    "id": "ast_1",
                    "role": "assistant",
                    "content": "You said: Tea?",
                    "createdAt": "2027-01-31T12:01:00.251Z",
                },
            ],
            "nextMessageCursor": None,
            "feedback": [left_behind],
            "metadata": {},
        }
        assert left_behind == {
            "id": left_behind["id"],
            "feedbackType": "csat",
            "rating": 4,
            "comment": "Fine",
            "messageId": None,
            "recordId": conversation_id,
            "clientTokenId": token.id,
            "flowId": "flow_echo",
            "createdAt": "2027-01-31T12:02:00.250Z",
        }
        assert api.get(f"{FEEDBACK}/{left_behind['id']}").json == {"feedback": left_behind}
        assert api.get(FEEDBACK).json["feedback"] == [left_behind]

    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_older_messages_follow_by_cursor(self, api, token, talk, limit):
        path = f"{CONVERSATIONS}/{conversation_of(talk(token, *'abcde'))}"
        found, following = [], ""
        while following is not None:
            answer = api.get(f"{path}?messageLimit={limit}" + (f"&messageCursor={following}" if following else "")).json
            assert len(answer["messages"]) <= 2 * limit
            found = answer["messages"] + found
            following = answer["nextMessageCursor"]
        assert found == api.get(path).json["messages"]
        assert [one["content"][-1] for one in found] == list("aabbccddee")

    def test_messages_that_no_response_can_hold_follow_by_cursor(self, api, token, talk, monkeypatch):
        monkeypatch.setattr(transcripts, "_BYTES_MAX", 100)
        path = f"{CONVERSATIONS}/{conversation_of(talk(token, *(one * 40 for one in 'abc')))}"
        first = api.get(path).json
        second = api.get(f"{path}?messageCursor={first['nextMessageCursor']}").json
        assert [one["content"][-1] for one in first["messages"] + second["messages"]] == list("ccbb")
        # A message alone is shown however long it is.
        monkeypatch.setattr(transcripts, "_BYTES_MAX", 1)
        assert [one["content"][-1] for one in api.get(path).json["messages"]] == list("cc")

    def test_message_has_what_the_visitor_saw_instead_and_below(self, api, page, token, register):
        register("flow_echo", "aws_lambda", function_arn=ASSISTANT)
        suggested = [{"label": "Green"}, {"label": "Black", "prompt": "Black, please", "description": "Strong"}]
        said = function_answer({"text": "Which tea?", "suggestions": ["Green", suggested[1]]})
        message = {"id": "usr_1", "role": "user", "content": "Tell me about @tea {expanded}", "displayContent": "@tea?"}
        session = page.open(token.value)
        with NETWORK.hooked(lambda one: Answer(200, said) if one.service == "lambda" else None):
            page.post("chat", {"sessionId": session, "messages": [message], "assistantMessageId": "ast_1"})
        path = f"{CONVERSATIONS}/{conversation_of(session)}"
        read = [{name: one[name] for name in one if name != "createdAt"} for one in api.get(path).json["messages"]]
        assert read == [
            message,
            {"id": "ast_1", "role": "assistant", "content": "Which tea?", "suggestions": suggested},
        ]

    def test_displayed_texts_count_for_what_a_response_can_hold(self, api, page, token, monkeypatch):
        monkeypatch.setattr(transcripts, "_BYTES_MAX", 100)
        session = page.open(token.value)
        for name in "ab":
            message = {"id": f"usr_{name}", "role": "user", "content": name, "displayContent": name * 60}
            assert page.post("chat", {"sessionId": session, "messages": [message]}).status_code == 200
        answer = api.get(f"{CONVERSATIONS}/{conversation_of(session)}").json
        assert [one.get("displayContent") for one in answer["messages"]] == ["b" * 60, None]
        assert answer["nextMessageCursor"]

    def test_no_visitor_can_write_too_much_for_one_response(self, api, page, token, clock):
        """A control character takes seven bytes of a response. Visitors choose the ids of messages, too."""
        session, wild = page.open(token.value), "\x01"
        for number in range(18):
            text = {"content": wild * 8000, "displayContent": wild * 32_000}
            message = {"id": f"{wild * 126}{number:02}", "role": "user"} | text
            assert page.post("chat", {"sessionId": session, "messages": [message]}).status_code == 200
            clock.forward(minutes=1)
        for number in range(100):
            rated = {"messageId": f"{wild * 126}{number:02}", "comment": wild * 2000}
            assert page.rate(session, token.value, **rated).status_code == 200
            clock.forward(seconds=2)
        answer = api.get(f"{CONVERSATIONS}/{conversation_of(session)}")
        assert answer.status_code == 200, answer.text
        assert (len(answer.json["feedback"]), answer.json["nextMessageCursor"] is None) == (100, False)

    def test_400_message_cursor_of_another_conversation(self, api, token, talk):
        one, other = (conversation_of(talk(token, "a", "b")) for _ in range(2))
        own = api.get(f"{CONVERSATIONS}/{one}?messageLimit=1").json["nextMessageCursor"]
        made_up = cursor.encode("RECORD", "messages", one)
        for path in (f"{other}?messageCursor={own}", f"{one}?messageCursor=x", f"{one}?messageCursor={made_up}"):
            assert_refused(api.get(f"{CONVERSATIONS}/{path}"), 400, "invalid_cursor")

    def test_conversation_of_a_deleted_token_is_still_its_tenants(self, api, caller, token, talk):
        conversation_id = conversation_of(talk(token, WORDS))
        token.delete()
        assert api.get(f"{CONVERSATIONS}/{conversation_id}").json["messages"][0]["content"] == WORDS
        assert_refused(caller().get(f"{CONVERSATIONS}/{conversation_id}"), 404, "not_found")
        assert api.delete(f"{CONVERSATIONS}/{conversation_id}").status_code == 200

    def test_expired_conversation_is_not_found(self, api, token, talk, clock):
        conversation_id = conversation_of(talk(token, WORDS))
        clock.forward(days=91)
        assert_refused(api.get(f"{CONVERSATIONS}/{conversation_id}"), 404, "not_found")
        assert api.get(CONVERSATIONS).json["conversations"] == []

    def test_expired_conversation_can_be_deleted_before_dynamodb_does(self, api, token, talk, clock):
        conversation_id = conversation_of(talk(token, WORDS))
        clock.forward(days=91)
        assert api.delete(f"{CONVERSATIONS}/{conversation_id}").status_code == 200
        assert left(conversation_id) == []


class TestScopes:
    @each(OF_VISITORS)
    def test_403_without_its_own_scope(self, api, caller, token, operation):
        api.said(token.id)
        others = {"tokens:read", "tokens:write", "tokens:reveal", "conversations:read", "conversations:write"}
        limited = caller(api.tenant, tuple(others - {operation.scope}))
        body = assert_refused(limited.do(operation, token.id), 403, "forbidden")
        assert operation.scope in body["hint"]

    @each(OF_ONE_VISITOR)
    def test_404_foreign_and_unknown_are_alike(self, api, caller, token, calls, operation):
        api.said(token.id)
        stranger = caller()
        stranger.get("/v1/client-tokens")
        answers = []
        for of in (api, stranger):
            calls.clear()
            answer = stranger.do(operation, of=of)
            answers.append((answer.status_code, answer.json | {"requestId": ""}, set(answer.headers.keys()), [*calls]))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
        assert api.do(operation).status_code == 200

    @each(OF_ONE_VISITOR)
    @pytest.mark.parametrize("odd", ["x", "conv_x", "..", "%00", "%C3%A9", "CONVERSATION%231", "*", "fb_" + "0" * 1200])
    def test_404_malformed_id(self, api, calls, operation, odd):
        expected = api.do(operation).json
        method, path, _ = operation.request(conversation=odd, feedback=odd)
        body = assert_refused(api.request(method, path), 404, "not_found")
        assert body | {"requestId": ""} == expected | {"requestId": ""}

    @each(OF_ONE_VISITOR)
    def test_503_nothing_is_shown_or_deleted_without_its_audit_record(self, api, token, aws_answers, operation):
        known = api.said(token.id)
        with (
            aws_answers("PutItem", "AccessDeniedException"),
            aws_answers("TransactWriteItems", "AccessDeniedException"),
        ):
            answer = api.do(operation)
        assert_refused(answer, 503, "unavailable")
        assert "Ada" not in answer.text
        assert api.get(f"{FEEDBACK}/{known['feedback']}").status_code == 200
        assert len(api.get(f"{CONVERSATIONS}/{known['conversation']}").json["messages"]) == 2

    @each([operation for operation in OF_ONE_VISITOR if operation.is_change])
    @pytest.mark.parametrize("call", range(1, 9))
    def test_crash_leaves_no_deletion_without_its_audit_record(self, api, token, crash_after, operation, call):
        known = api.said(token.id)
        with crash_after(call):
            api.do(operation)
        trail = audit.query(api.tenant, None, since=None, until=None, at=datetime.now(UTC))
        recorded = [one.subject for one in trail if one.action == operation.records]
        subject = known["feedback" if operation.name == "DeleteFeedback" else "conversation"]
        shown = api.get(operation.path.replace("{conversation}", subject).replace("{feedback}", subject))
        assert (shown.status_code == 404) is bool(recorded)
        # A second deletion removes the rest.
        assert api.do(operation).status_code in {200, 404}
        if operation.name == "DeleteConversation":
            assert left(subject) == []


class TestDeletion:
    def test_deleted_conversation_is_nowhere(self, api, page, token, talk):
        session = talk(token, WORDS, "b")
        feedback_id = page.rate(session, token.value, comment=WORDS).json["feedbackId"]
        conversation_id = conversation_of(session)
        answer = api.delete(f"{CONVERSATIONS}/{conversation_id}")
        assert (answer.status_code, answer.json["success"]) == (200, True)
        assert left(conversation_id) == []
        for path in (f"{CONVERSATIONS}/{conversation_id}", f"{FEEDBACK}/{feedback_id}"):
            assert_refused(api.get(path), 404, "not_found")
            assert_refused(api.delete(path), 404, "not_found")
        assert api.get(CONVERSATIONS).json["conversations"] == token.conversations() == []
        assert api.get(FEEDBACK).json["feedback"] == []
        assert api.get(f"{FEEDBACK}/stats").json["stats"]["total"] == 0
        assert_refused(page.rate(session, token.value, comment=WORDS), 404, "session_not_found")
        assert left(conversation_id) == []

    @pytest.mark.parametrize(("number", "status"), [(3, 200), (4, 404), (5, 404), (6, 404)])
    def test_feedback_left_during_the_deletion_is_deleted(self, page, token, talk, at_call, number, status):
        """By the deletion, which reads it after the mark, or by itself, as it finds the mark."""
        session = talk(token, WORDS)
        conversation_id, tenant = conversation_of(session), record(session)["tenant"]
        rated = []
        at_call(number, lambda: rated.append(page.rate(session, token.value, comment=WORDS).status_code))
        conversation_deletion.delete(tenant, conversation_id, at=AT)
        assert (rated, left(conversation_id)) == ([status], [])

    def test_deleted_feedback_leaves_the_conversation(self, api, page, token, talk):
        session = talk(token, WORDS)
        kept = page.rate(session, token.value, "csat", rating=1).json["feedbackId"]
        gone = page.rate(session, token.value, "nps", rating=1).json["feedbackId"]
        assert api.delete(f"{FEEDBACK}/{gone}").json["success"] is True
        assert [one["id"] for one in api.get(FEEDBACK).json["feedback"]] == [kept]
        shown = api.get(f"{CONVERSATIONS}/{conversation_of(session)}").json
        assert ([one["id"] for one in shown["feedback"]], len(shown["messages"])) == ([kept], 2)

    def test_deletions_have_a_limit_of_their_own(self, api, token, monkeypatch, clock):
        """A key that may only delete conversations must not keep the owner from switching a token off."""
        monkeypatch.setenv("MANAGEMENT_WRITES_PER_MINUTE", "1")
        clock.forward(minutes=2)
        path = f"{CONVERSATIONS}/{UNKNOWN['conversation']}"
        assert [api.delete(path).status_code for _ in range(2)] == [404, 429]
        token.change(isActive=False)
