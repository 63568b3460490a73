"""The SDK's generated client as an owner: it reads and deletes conversations and feedback, and gets its own types."""

import pytest
from runtype._generated.errors import ForbiddenError, NotFoundError

ORIGIN = "https://app.example.com"
FROM_THE_PAGE = {"additional_headers": {"Origin": ORIGIN}, "max_retries": 0}
SCOPES = "conversations:read,conversations:write"


@pytest.fixture
def key(operate):
    return operate("keys", "create", "--tenant", "demo", "--name", "owner", "--scopes", SCOPES)


@pytest.fixture
def conversations(sdk_for, key):
    return sdk_for(key, "conversations")


@pytest.fixture
def feedback(sdk_for, key):
    return sdk_for(key, "feedback")


@pytest.fixture
def said(sdk, runtime, stack):
    """A visitor's conversation: the ids of the token, the conversation, and the feedback."""
    created = sdk.create_client_token(
        name="Web", allowed_origins=[ORIGIN], flow_ids=[stack.flow_id], product_surface_id="surface_sdk"
    )
    session = runtime.initialize_a_client_session(request={"token": created.token}, request_options=FROM_THE_PAGE)
    list(
        runtime.send_a_client_chat_message(
            session_id=session.session_id,
            messages=[{"id": "usr_1", "role": "user", "content": "Hello"}],
            assistant_message_id="ast_1",
            request_options=FROM_THE_PAGE,
        )
    )
    left = runtime.submit_feedback_on_a_message(
        session_id=session.session_id,
        token=created.token,
        type="csat",
        rating=5,
        comment="Good",
        request_options=FROM_THE_PAGE,
    )
    return created.client_token.id, session.conversation_id, left.feedback_id


def test_conversations_are_listed_read_and_deleted(conversations, said):
    token_id, conversation_id, feedback_id = said
    listed = conversations.list_conversations(client_token_id=token_id, source="client_token", limit=5)
    assert [one.id for one in listed.conversations] == [conversation_id]
    assert (listed.pagination.limit, listed.pagination.has_more, listed.pagination.next_cursor) == (5, False, None)
    assert (listed.conversations[0].message_count, listed.conversations[0].source) == (2, "client_token")
    found = conversations.get_conversation_with_messages(conversation_id)
    assert [(one.role, one.content) for one in found.messages] == [("user", "Hello"), ("assistant", "You said: Hello")]
    assert (found.title, found.metadata, found.owner_id) == (listed.conversations[0].title, {}, None)
    assert [one["id"] for one in found.feedback] == [feedback_id]
    assert conversations.delete_a_conversation(conversation_id) is None
    for use in (conversations.get_conversation_with_messages, conversations.delete_a_conversation):
        with pytest.raises(NotFoundError):
            use(conversation_id)


def test_conversations_of_all_tokens_are_paged_by_cursor(conversations, said):
    _, conversation_id, _ = said
    found, cursor = [], None
    while True:
        page = conversations.list_conversations(limit=1, cursor=cursor)
        found += [one.id for one in page.conversations]
        cursor = page.pagination.next_cursor
        if not page.pagination.has_more:
            break
    assert conversation_id in found
    assert len(set(found)) == len(found)
    by_surface = conversations.list_conversations(surface_id="surface_sdk", limit=200)
    assert conversation_id in [one.id for one in by_surface.conversations]
    assert conversations.list_conversations(source="app").conversations == []


def test_feedback_is_listed_counted_read_and_deleted(feedback, said, stack):
    token_id, conversation_id, feedback_id = said
    filters = {"record_id": conversation_id, "flow_id": stack.flow_id, "surface_id": "surface_sdk"}
    listed = feedback.list_feedback_with_filters(limit="5", offset="0", type="csat", **filters)
    assert [(one.id, one.rating, one.comment) for one in listed.feedback] == [(feedback_id, 5, "Good")]
    assert (listed.pagination.limit, listed.pagination.offset, listed.pagination.has_more) == (5, 0, False)
    assert feedback_id in [one.id for one in feedback.list_feedback_with_filters().feedback]
    stats = feedback.get_feedback_statistics(**filters).stats
    assert (stats.total, stats.upvotes, stats.net_score, stats.csat.average, stats.nps.count) == (1, 0, 0, 5, 0)
    assert feedback.get_feedback_statistics().stats.total >= 1
    found = feedback.get_specific_feedback_record(feedback_id).feedback
    assert (found.client_token_id, found.record_id, found.feedback_type) == (token_id, conversation_id, "csat")
    assert feedback.delete_feedback_record(feedback_id).success is True
    for use in (feedback.get_specific_feedback_record, feedback.delete_feedback_record):
        with pytest.raises(NotFoundError):
            use(feedback_id)


def test_a_key_without_these_scopes_raises_forbidden_error(sdk_for, operate, said):
    _, conversation_id, feedback_id = said
    usual = operate("keys", "create", "--tenant", "demo", "--name", "usual")
    for part, method, arguments in (
        ("conversations", "list_conversations", ()),
        ("conversations", "get_conversation_with_messages", (conversation_id,)),
        ("conversations", "delete_a_conversation", (conversation_id,)),
        ("feedback", "list_feedback_with_filters", ()),
        ("feedback", "get_feedback_statistics", ()),
        ("feedback", "get_specific_feedback_record", (feedback_id,)),
        ("feedback", "delete_feedback_record", (feedback_id,)),
    ):
        with pytest.raises(ForbiddenError):
            getattr(sdk_for(usual, part), method)(*arguments)
