"""The SDK's generated client as a visitor: it opens a session, chats, rates, and gets its own types."""

import pytest
from runtype._generated.errors import ForbiddenError, TooManyRequestsError, UnauthorizedError

ORIGIN = "https://app.example.com"
FROM_THE_PAGE = {"additional_headers": {"Origin": ORIGIN}, "max_retries": 0}
SEQUENCE = [
    "execution_start", "turn_start", "text_start", "text_delta", "text_complete", "turn_complete",
    "execution_complete",
]  # fmt: skip


@pytest.fixture
def create(sdk, stack):
    """`create(**settings)` creates a client token and returns its value."""

    def create(**settings):
        body = {"name": "Web", "allowed_origins": [ORIGIN], "flow_ids": [stack.flow_id]}
        return sdk.create_client_token(**body | settings).token

    return create


@pytest.fixture
def init(runtime):
    return lambda token, **beside: runtime.initialize_a_client_session(
        request={"token": token} | beside, request_options=FROM_THE_PAGE
    )


@pytest.fixture
def say(runtime):
    def say(session, text, options=FROM_THE_PAGE, **beside):
        messages = [{"id": f"usr_{text}", "role": "user", "content": text}]
        return runtime.send_a_client_chat_message(
            session_id=session.session_id, messages=messages, request_options=options, **beside
        )

    return say


def test_init_returns_every_field_the_client_reads(create, init, stack):
    session = init(create(config={"welcomeMessage": "Hello", "placeholder": "Ask", "theme": {"mode": "dark"}}))
    assert session.session_id.startswith("cs_")
    assert session.conversation_id.startswith("conv_")
    assert session.conversation_revision == "0.0"
    assert (session.flow.id, session.target_id) == (stack.flow_id, stack.flow_id)
    config = session.config
    assert (config.welcome_message, config.placeholder, config.theme) == ("Hello", "Ask", {"mode": "dark"})


def test_session_is_resumed(create, init, say):
    token = create()
    session = init(token)
    say(session, "One")
    again = init(token, sessionId=session.session_id)
    assert (again.session_id, again.conversation_id) == (session.session_id, session.conversation_id)
    assert again.conversation_revision == "1.0"


def test_client_parses_every_event_of_a_reply(create, init, say, stack):
    session = init(create())
    events = say(session, "One", assistant_message_id="ast_1")
    assert [event.type for event in events] == SEQUENCE
    assert [event.seq for event in events] == list(range(1, len(SEQUENCE) + 1))
    assert len({event.execution_id for event in events}) == 1
    start, _, _, delta, complete, turn, end = events
    assert (start.kind, start.agent_id) == ("agent", stack.flow_id)
    assert delta.delta == complete.text == "You said: One"
    assert (turn.stop_reason, end.success) == ("end_turn", True)


@pytest.mark.parametrize(
    "given",
    [
        {"type": "upvote", "message_id": "ast_1"},
        {"type": "downvote", "message_id": "ast_1", "comment": "No."},
        {"type": "copy", "message_id": "ast_1"},
        {"type": "csat", "rating": 5.0},
        {"type": "nps", "rating": 0.0},
    ],
    ids=lambda given: given["type"],
)
def test_feedback_is_stored_once(runtime, create, init, say, given):
    token = create()
    session = init(token)
    say(session, "One", assistant_message_id="ast_1")
    known = {"session_id": session.session_id, "token": token, "request_options": FROM_THE_PAGE}
    answer = runtime.submit_feedback_on_a_message(**known, **given)
    assert answer.success is True
    assert runtime.submit_feedback_on_a_message(**known, **given).feedback_id == answer.feedback_id


def test_request_without_an_origin_needs_native(runtime, create, init, say):
    refused = {"token": create()}
    with pytest.raises(ForbiddenError):
        runtime.initialize_a_client_session(request=refused)
    session = runtime.initialize_a_client_session(request={"token": create(allowed_origins=["native"])})
    assert [event.type for event in say(session, "One", options=None)] == SEQUENCE


def test_errors_map_to_the_exceptions_of_the_client(runtime, create, init, say):
    with pytest.raises(UnauthorizedError) as refused:
        init("garbage")
    assert refused.value.body["code"] == "invalid_token"
    session = init(create(max_messages_per_session=1))
    say(session, "One")
    with pytest.raises(TooManyRequestsError) as refused:
        say(session, "Two")
    assert refused.value.body["code"] == "message_limit_reached"
