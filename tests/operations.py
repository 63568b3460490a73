"""Every operation of the API, one row each.

Tests of what holds for every operation, or for every change, go over these rows. A new operation takes part in them
once it has its row, and tests/house/test_operations.py fails until it does.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest

READ, WRITE, REVEAL = "tokens:read", "tokens:write", "tokens:reveal"
# Actions of audit records that change nothing.
READS = {"reveal", "read_conversations", "read_conversation", "list_feedback", "read_feedback"}
READ_TEXT, DELETE_TEXT = "conversations:read", "conversations:write"
READ_AUDIT = "audit:read"
TOKENS = "/v1/client-tokens"
TARGETS, AUDIT = "/v1/targets", "/v1/audit"
TOKEN = f"{TOKENS}/{{id}}"
CONVERSATIONS, FEEDBACK = "/v1/conversations", "/v1/feedback"
CONVERSATION, RATING = f"{CONVERSATIONS}/{{conversation}}", f"{FEEDBACK}/{{feedback}}"
HISTORY = "/v1/client/conversations"
UNKNOWN_ID = "ct_00000000000000000000000000"
UNKNOWN = {"conversation": f"conv_{'0' * 26}", "feedback": f"fb_{'0' * 50}"}


@dataclass(frozen=True)
class Operation:
    """In `path` and `body`, `{id}`, `{value}`, `{session}`, `{execution}`, `{conversation}`, and `{feedback}` stand for
    what a caller has learned.

    `name`: its function in the template. `scope`: None for pages. `body`: one that succeeds; None where it takes none.
    `records`: the action of the audit record that it leaves. `takes_key`: an Idempotency-Key makes it happen once.
    `repeats`: sent again, it does the same again. `is_ours`: Runtype documents no such operation.
    `is_of_history`: a page sends its session's id in the query, and its visitor's secret in a header.
    """

    name: str
    method: str
    path: str
    scope: str | None
    body: dict[str, Any] | None = None
    records: str | None = None
    takes_key: bool = False
    repeats: bool = True
    is_ours: bool = False
    is_of_history: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def is_change(self) -> bool:
        return self.records is not None and self.records not in READS

    def request(self, **known: str) -> tuple[str, str, Any]:
        """Method, path, and body: `update.request(id="ct_1")`."""
        known = UNKNOWN | known
        body = json.dumps(self.body)
        for name, text in known.items():
            body = body.replace(f"{{{name}}}", text)
        path = self.path.format(**{"conversationId": "", "executionId": known.get("execution", "")} | known)
        if self.is_of_history:
            path += f"?sessionId={known.get('session', '')}"
        return self.method, path, json.loads(body)


SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"], "flowIds": ["flow_echo"]}
_RENAME = {"name": "New", "flowIds": ["flow_echo"]}
_MESSAGE = {"id": "usr_1", "role": "user", "content": "Hello"}
_SAY = {"sessionId": "{session}", "messages": [_MESSAGE], "assistantMessageId": "ast_1"}
_EXPLAIN = {"origin": "https://app.example.com", "address": "203.0.113.7", "flowId": "flow_echo"}
_RATE = {"sessionId": "{session}", "token": "{value}", "type": "upvote", "messageId": "ast_1"}

_GO_ON = {"sessionId": "{session}", "executionId": "{execution}", "toolOutputs": {"ask": "Green"}}

_CANCEL = f"{HISTORY}/{{conversationId}}/executions/{{executionId}}/cancel"

# fmt: off
MANAGEMENT = [
    Operation("ListClientTokens", "GET", TOKENS, READ),
    Operation("CreateClientToken", "POST", TOKENS, WRITE, SEED, "create", takes_key=True),
    Operation("CheckClientToken", "POST", f"{TOKENS}/check", WRITE, SEED, is_ours=True),
    Operation("GetClientToken", "GET", TOKEN, READ),
    Operation("UpdateClientToken", "PUT", TOKEN, WRITE, _RENAME, "update"),
    Operation("DeleteClientToken", "DELETE", TOKEN, WRITE, None, "delete", repeats=False),
    Operation("RegenerateClientToken", "POST", f"{TOKEN}/regenerate", WRITE, {}, "regenerate", takes_key=True),
    Operation("GetClientTokenValue", "GET", f"{TOKEN}/token", REVEAL, None, "reveal"),
    Operation("ListClientTokenConversations", "GET", f"{TOKEN}/conversations", READ, None, "read_conversations"),
    Operation("GetClientTokenUsage", "GET", f"{TOKEN}/usage", READ, is_ours=True),
    Operation("ListClientTokenRefusals", "GET", f"{TOKEN}/refusals", READ, is_ours=True),
    Operation("ExplainClientToken", "POST", f"{TOKEN}/explain", READ, _EXPLAIN, is_ours=True),
    Operation("ListTargets", "GET", TARGETS, READ, is_ours=True),
    Operation("ListAuditRecords", "GET", AUDIT, READ_AUDIT, is_ours=True),
    Operation("ListConversations", "GET", CONVERSATIONS, READ_TEXT),
    Operation("GetConversation", "GET", CONVERSATION, READ_TEXT, None, "read_conversation"),
    Operation("ListFeedback", "GET", FEEDBACK, READ_TEXT, None, "list_feedback"),
    Operation("GetFeedbackStatistics", "GET", f"{FEEDBACK}/stats", READ_TEXT),
    Operation("GetFeedback", "GET", RATING, READ_TEXT, None, "read_feedback"),
    Operation("DeleteFeedback", "DELETE", RATING, DELETE_TEXT, None, "delete_feedback", repeats=False),
    Operation("DeleteConversation", "DELETE", CONVERSATION, DELETE_TEXT, None, "delete_conversation", repeats=False),
]
BROWSER = [
    Operation("InitSession", "POST", "/v1/client/init", None, {"token": "{value}"}),
    Operation("Chat", "POST", "/v1/client/chat", None, _SAY, repeats=False),
    Operation("ResumeExecution", "POST", "/v1/client/resume", None, _GO_ON, repeats=False),
    Operation("LeaveFeedback", "POST", "/v1/client/feedback", None, _RATE),
    Operation("ListVisitorConversations", "GET", HISTORY, None, is_of_history=True),
    Operation("GetVisitorConversation", "GET", f"{HISTORY}/{{conversationId}}", None, is_of_history=True),
    Operation(
        "DeleteVisitorConversation", "DELETE", f"{HISTORY}/{{conversationId}}", None, repeats=False, is_of_history=True
    ),
    Operation("DeleteVisitorConversations", "DELETE", HISTORY, None, repeats=False, is_of_history=True),
    Operation(
        "UpdateDisplayProjections",
        "PATCH",
        f"{HISTORY}/{{conversationId}}/display-projections",
        None,
        {"messages": [{"id": "ast_shown", "displayContent": "Shown"}]},
        repeats=False,
        is_of_history=True,
    ),
    Operation("CancelExecution", "POST", _CANCEL, None, repeats=False, is_of_history=True),
    Operation("ResetVisitor", "POST", "/v1/client/visitor/reset", None, repeats=False, is_of_history=True),
]
# fmt: on
OPERATIONS = [*MANAGEMENT, *BROWSER]
WITHOUT_OPERATION = {"Authorize", "ConsolePage", "Tally"}
"""The functions that serve no operation."""
STREAMING = {"Chat", "ResumeExecution"}
"""The functions under our own runtime client."""
BY_NAME = {operation.name: operation for operation in OPERATIONS}
# Of client tokens. OF_VISITORS has those of conversations and feedback.
CHANGES = [operation for operation in MANAGEMENT if operation.is_change and operation.scope == WRITE]
OF_A_TOKEN = [operation for operation in MANAGEMENT if operation.path.startswith(TOKEN)]
OF_VISITORS = [operation for operation in MANAGEMENT if operation.scope in {READ_TEXT, DELETE_TEXT}]
OF_ONE_VISITOR = [operation for operation in OF_VISITORS if "{" in operation.path]
CHANGES_OF_A_TOKEN = [operation for operation in OF_A_TOKEN if operation.is_change]


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    """Gives a test each of them, as its argument `operation`."""
    return pytest.mark.parametrize("operation", operations, ids=str)
