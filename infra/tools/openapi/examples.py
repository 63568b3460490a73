"""Example responses, built by the service's own code for a made-up client token, session, and conversation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.errors import TargetFailed
from shared.rules import (
    client_token,
    cursor,
    execution_id,
    identifier,
    message_log,
    returning_visitor,
    session,
    tally,
    tally_report,
    timestamps,
    token_value,
    token_warnings,
    turn,
    visitor_conversation,
)
from shared.rules.answer import Ending, SuggestedReply, ToolCall, ToolCalls
from shared.rules.client_token import ClientToken, Usage
from shared.rules.conversation import Conversation
from shared.rules.feedback import Feedback, FeedbackRecord, Statistics
from shared.rules.feedback import new_id as new_feedback_id
from shared.rules.message_log import Entry
from shared.rules.returning_visitor import AdmittedVisitor
from shared.rules.tally_line import Line
from shared.rules.target_request import Message
from shared.rules.token_settings import TokenSettings
from shared.rules.visitor_conversation import VisitorConversation
from shared.wire import (
    client_tokens,
    conversations,
    executions,
    feedback,
    feedback_records,
    history,
    resumes,
    sessions,
    transcripts,
    usage,
)
from shared.wire.chat_events import ChatEvents
from shared.wire.page import Page

AT = datetime(2027, 1, 31, 12, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)
ORIGIN = "https://app.example.com"
FLOW = "flow_support"
TEXT = "Yes, we sell tea. Green or black?"
# Query parameters, by name. The reference page would send an example of a cursor, which no list would take.
CURSOR = cursor.encode("ct_01kav7t0d3p9s8x2m4n6q8r0vw", "example")
PARAMETERS = {
    "limit": 20,
    "offset": 0,
    "flow_id": FLOW,
    "source": "client_token",
    "surface_id": "surface_shop",
    "surfaceId": "surface_shop",
    "ownerId": "cvis_4nQd0uQ1xkzB6sVbq2YtXe",
    "client_token_id": identifier.new("ct", AT, bytes),
    "record_id": identifier.new("conv", AT, bytes),
    "type": "csat",
    "messageLimit": 25,
    "flowId": FLOW,
    "targetId": FLOW,
    "period": "hour",
    "since": timestamps.to_text(AT.replace(hour=0, minute=0, second=0, microsecond=0)),
    "token": identifier.new("ct", AT, bytes),
    "until": timestamps.to_text(AT.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=3)),
}
# Three parts like a real value, but not signed.
VALUE = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.RVhBTVBMRQ.bm90LWEtc2lnbmF0dXJl"

_TOKEN_ID = identifier.new("ct", AT, bytes)
_CLAIMS = token_value.claims(issuer="example", subject=_TOKEN_ID, environment="live", at=AT, random_bytes=bytes)
TOKEN = ClientToken(
    id=_TOKEN_ID,
    tenant="example",
    environment="live",
    product_surface_id=None,
    settings=TokenSettings(
        name="Shop",
        allowed_origins=(ORIGIN, "https://*.example.com"),
        flow_ids=(FLOW,),
        default_flow_id=FLOW,
        config={"welcomeMessage": "Hello! What are you looking for?", "theme": {"mode": "light"}},
        expires_at=AT + timedelta(days=90),
    ),
    issued_value=token_value.issued_value(VALUE, _CLAIMS, "example"),
    created_at=AT,
    updated_at=AT,
)
_USAGE = Usage(conversation_count=3, last_used_at=LATER)
_CHANGED = client_token.update(TOKEN, {"rate_limit_per_minute": 20}, at=LATER)
_REGENERATED = client_token.regenerate(TOKEN, TOKEN.issued_value, grace=timedelta(hours=1), at=LATER)
_WARNINGS = token_warnings.warnings(TOKEN, is_public_suffix=lambda _: False, at=AT)
_PAGE: Page = {"limit": 1, "offset": 0, "hasMore": True, "nextCursor": CURSOR}

SESSION_ID, _SESSION = session.mint(TOKEN, jti=_CLAIMS.jti, target_id=FLOW, origin=ORIGIN, at=AT, random_bytes=bytes)
PARAMETERS["sessionId"] = SESSION_ID
MESSAGE_ID, REPLY_ID = "usr_m6k2q1c0_x7f3", "ast_m6k2q1c1_9dpa"
_CONVERSATION = Conversation(
    id=_SESSION.conversation_id,
    token_id=TOKEN.id,
    name="Conversation 2027-01-31 12:00",
    flow_id=FLOW,
    origin=ORIGIN,
    message_count=2,
    first_message="Do you sell tea?",
    created_at=AT,
    updated_at=AT,
)

CREATED = client_tokens.created(TOKEN, VALUE, _WARNINGS, at=AT)
CHECKED = client_tokens.checked(_WARNINGS)
FOUND = client_tokens.found(TOKEN, _USAGE, at=LATER)
LISTED = client_tokens.listed([(TOKEN, _USAGE)], _PAGE, at=LATER)
UPDATED = client_tokens.updated(_CHANGED, _USAGE, _WARNINGS, at=LATER)
REGENERATED = client_tokens.regenerated(TOKEN, _REGENERATED, _USAGE, VALUE, at=LATER)
DELETED = client_tokens.deleted()
REVEALED = client_tokens.revealed(VALUE)
_MESSAGE = Message(id=MESSAGE_ID, role="user", text="Do you sell tea?", at=AT)
_TURN = turn.answered(
    turn.begin(_SESSION, _MESSAGE, Entry(1, AT), turn.lease("", AT)),
    REPLY_ID,
    TEXT,
    Ending(suggestions=(SuggestedReply(label="Which teas?"),)),
)
_GIVEN = Feedback(type="csat", message_id=None, rating=5, comment="Quick and kind.")
FEEDBACK_ID = new_feedback_id(_CONVERSATION.id, _GIVEN)
CONVERSATION_ID = _CONVERSATION.id
_FEEDBACK = FeedbackRecord(
    id=FEEDBACK_ID,
    tenant="example",
    token_id=TOKEN.id,
    conversation_id=_CONVERSATION.id,
    flow_id=FLOW,
    surface_id=None,
    given=_GIVEN,
    at=LATER,
)
TENANT_CONVERSATIONS = transcripts.listed([_CONVERSATION], {"limit": 50, "hasMore": False, "nextCursor": None})
CONVERSATION = transcripts.found(_CONVERSATION, [_TURN], None, [_FEEDBACK])
CONVERSATION_DELETED = transcripts.deleted()
FEEDBACK_LISTED = feedback_records.listed([_FEEDBACK], _PAGE)
FEEDBACK_FOUND = feedback_records.found(_FEEDBACK)
FEEDBACK_STATISTICS = feedback_records.statistics(Statistics.of([("upvote", None), ("csat", 5), ("nps", 10)]))
FEEDBACK_DELETED = feedback_records.deleted()
CONVERSATIONS = conversations.listed([_CONVERSATION], _PAGE, shows_text=True)
SECRET, _VISITOR = returning_visitor.mint(TOKEN, at=AT, random_bytes=bytes)
_ADMITTED = AdmittedVisitor(visitor=_VISITOR, secret=SECRET, identity_status="not_provided")
OPENED = sessions.opened(SESSION_ID, _SESSION, TOKEN, "0.0")
_OF_VISITOR = VisitorConversation(
    id=CONVERSATION_ID,
    title="Do you sell tea?",
    target_id=FLOW,
    preview=TEXT,
    message_count=2,
    created_at=AT,
    updated_at=AT,
    revision="1.0",
)
VISITOR_CONVERSATIONS = history.listed([_OF_VISITOR], CURSOR)
VISITOR_CONVERSATION = history.found(
    _OF_VISITOR, visitor_conversation.in_order(visitor_conversation.newest_first(_TURN)), None
)
VISITOR_CONVERSATIONS_DELETED = history.deleted(1)
VISITOR_FORGOTTEN = history.forgotten()
DISPLAYED = history.displayed("1.1")
OPENED_WITH_HISTORY = sessions.opened(SESSION_ID, _SESSION, TOKEN, "0.0", _ADMITTED)


_EXECUTION = execution_id.ExecutionId(AT, message_log.short_digest(_SESSION.digest), execution_id.new_secret(bytes))
EXECUTION_ID = str(_EXECUTION)
CALL = ToolCall("ask_user_question", {"questions": [{"question": "Green or black?"}]}, id="call_00000000_0_0")
TOOL = {
    "name": CALL.name,
    "description": "Asks the visitor a question.",
    "parametersSchema": {"type": "object", "properties": {"questions": {"type": "array"}}},
}
_seconds = [0.0]


def _answer() -> Iterator[str | Ending]:
    yield TEXT
    _seconds.append(1.0)
    yield Ending(suggestions=(SuggestedReply(label="Which teas?"),))


def _events(iteration: int = 1) -> ChatEvents:
    return ChatEvents(EXECUTION_ID, FLOW, started_at=AT, clock=lambda: _seconds[-1], iteration=iteration)


EVENTS = "".join(_events().stream(_answer()))
_FAILING = _events()
FAILED_EVENTS = next(_FAILING.stream(iter([TEXT]))) + _FAILING.failed(TargetFailed())
PAUSED_EVENTS = "".join(_events().stream(iter(["Let me ask. ", ToolCalls((CALL,))])))
RESUMED_EVENTS = "".join(_events(2).stream(iter([TEXT, Ending()])))
CANCELED = executions.cancellation(EXECUTION_ID, is_accepted=True)
RESUMED = resumes.resumed(EXECUTION_ID, [RESUMED_EVENTS])
LEFT = feedback.stored(FEEDBACK_ID)

_ANSWERED = Line(
    token_id=TOKEN.id,
    at=AT,
    request_id="JKJaXmPLvHcESHA=",
    status=200,
    milliseconds=1800,
    first_byte_milliseconds=420,
    code="",
    observed="",
    origin="",
    outcome="answered",
    input_tokens=1200,
    output_tokens=90,
    cost=1_500_000_000,
    previous_value="",
)
_REFUSED = replace(
    _ANSWERED,
    status=403,
    code="origin_not_allowed",
    origin="https://staging.example.com",
    outcome="",
    input_tokens=0,
    output_tokens=0,
    cost=0,
)
_TALLY = tally.of_lines([_ANSWERED, _ANSWERED, _REFUSED])
_SPAN = tally_report.span("hour", AT, AT + timedelta(hours=1), AT)
_HOURS = [(tally.hour_of(AT), _TALLY)]
TOKEN_USAGE = usage.usage(TOKEN, tally_report.report(_SPAN, _HOURS), None)
TOKEN_REFUSALS = usage.refusals(_SPAN, tally_report.refusals(_HOURS))
