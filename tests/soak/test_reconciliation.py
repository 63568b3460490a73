"""The soak detects what a service has lost or stored twice."""

import pytest

from infra.tools.soak import reconciliation
from infra.tools.soak.ledger import ClientToken, Ledger

TOKEN = {"id": "ct_1", "name": "Renamed", "conversationCount": 1}
RECORD = {"pk": "CONVERSATION#conv_1", "sk": "RECORD", "count_000000": 2}
FEEDBACK = {"pk": "FEEDBACK#conv_1", "sk": "0123", "message_id": "ast_1"}
MESSAGES = [
    {"pk": "CONVERSATION#conv_1", "sk": f"MESSAGE#{number}", "text": "Hello", "reply": "Hi"} for number in range(2)
]
UNANSWERED = {"pk": "CONVERSATION#conv_1", "sk": "MESSAGE#3", "text": "Hello"}
OTHERS = [{"pk": "TOKEN#ct_1", "sk": "RECORD"}, {"pk": "SESSION#1", "sk": "RECORD"}]
WHOLE = [RECORD, FEEDBACK, *MESSAGES, *OTHERS]


@pytest.fixture
def ledger():
    """Two messages were answered, one answer was rated, and the token was renamed."""
    ledger = Ledger()
    ledger.keep(ClientToken("ct_1", "v", "Soak"))
    ledger.keep(ClientToken("ct_1", "v", "Renamed"))
    ledger.keep(ClientToken("ct_2", "v", "Deleted"))
    ledger.remove("ct_2")
    for _ in range(2):
        ledger.message("ct_1", "conv_1")
    ledger.rate("conv_1", "ast_1")
    ledger.rate("conv_1", "ast_1")
    return ledger


def noticed(ledger, items, tokens=(TOKEN,), limits=None):
    return list(reconciliation.differences(ledger, reconciliation.read(items, tokens), limits or {}))


def test_no_fault_if_everything_matches(ledger):
    assert noticed(ledger, WHOLE, limits={"conv_1": 2}) == []


DELETED = [{"pk": one["pk"], "sk": one["sk"], "is_gone": True} for one in (RECORD, *MESSAGES)]


def test_no_fault_for_a_conversation_that_was_deleted(ledger):
    ledger.forget("conv_1")
    assert noticed(ledger, [*DELETED, *OTHERS]) == []


def test_fault_for_what_is_left_of_a_conversation_that_was_deleted(ledger):
    ledger.forget("conv_1")
    left = [*DELETED, *OTHERS, FEEDBACK, MESSAGES[0] | {"sk": "MESSAGE#9"}]
    assert noticed(ledger, left) == [
        "conv_1: of 0 messages 1 are stored, and 1 answers",
        "0 ratings were acknowledged, 1 are stored, or others",
    ]


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([RECORD, FEEDBACK, *MESSAGES[1:]], "conv_1: of 2 messages 1 are stored, and 1 answers"),
        ([RECORD, FEEDBACK, MESSAGES[0], UNANSWERED], "conv_1: of 2 messages 2 are stored, and 1 answers"),
        ([*WHOLE, MESSAGES[1]], "conv_1: of 2 messages 3 are stored, and 3 answers"),
        ([RECORD | {"count_000000": 3}, FEEDBACK, *MESSAGES], "conv_1: counts 6 instead of 4 messages"),
        ([RECORD | {"count_111111": 1}, FEEDBACK, *MESSAGES], "conv_1: counts 6 instead of 4 messages"),
        ([FEEDBACK, *MESSAGES], "conv_1: counts 0 instead of 4 messages"),
        ([RECORD, *MESSAGES], "1 ratings were acknowledged, 0 are stored, or others"),
        (
            [*WHOLE, RECORD | {"pk": "CONVERSATION#conv_2"}],
            "conv_2: counts 4 instead of 0 messages",
        ),
    ],
)
def test_fault_for_a_missing_or_extra_item(ledger, items, sentence):
    assert noticed(ledger, items) == [sentence]


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        ([], "ct_1: lost"),
        ([TOKEN, TOKEN | {"id": "ct_2"}], "ct_2: is there, though nobody has it"),
        (
            [TOKEN | {"name": "Soak"}],
            "ct_1: name and number of conversations are ('Soak', 1) instead of ('Renamed', 1)",
        ),
        (
            [TOKEN | {"conversationCount": 0}],
            "ct_1: name and number of conversations are ('Renamed', 0) instead of ('Renamed', 1)",
        ),
    ],
)
def test_fault_for_a_token_that_differs_from_the_acknowledged_one(ledger, tokens, sentence):
    assert noticed(ledger, WHOLE, tokens) == [sentence]


def test_fault_for_a_limit_that_was_exceeded(ledger):
    assert noticed(ledger, WHOLE, limits={"conv_1": 1}) == ["conv_1: 2 messages passed a limit of 1"]


def test_fault_for_an_unexpected_response():
    ledger = Ledger()
    ledger.answer("say", 200, 0.1, {200, 409}, "")
    ledger.answer("say", 503, 0.1, {200, 409}, '{"code": "unavailable"}')
    assert ledger.requests == 2
    assert ledger.statuses["say"] == {200: 1, 503: 1}
    assert ledger.faults == ['say: 503 instead of 200 or 409: {"code": "unavailable"}']


def test_tallies_that_match_are_no_fault(ledger):
    for result in ("sessions", "messages", "messages", "paused", "rate_limited"):
        ledger.tally("ct_1", result)
    hours = [
        {"pk": "TALLY#ct_1", "sk": "HOUR#2027-01-31T12#0", "sessions": 1, "messages": 1, "paused": 1, "cost": 5},
        {"pk": "TALLY#ct_1", "sk": "HOUR#2027-01-31T12#3", "messages": 1, "refused": [["rate_limited", 1]]},
        {"pk": "TALLY#ct_1", "sk": "PREVIOUS", "uses": []},
        # Callers do not know which of their ended sessions the service still knew.
        {"pk": "TALLY#ct_1", "sk": "HOUR#2027-01-31T13#0", "refused": [["session_ended", 7]]},
    ]
    assert noticed(ledger, [*WHOLE, *hours]) == []


@pytest.mark.parametrize("number", [1, 3])
def test_fault_for_tallies_that_lack_a_message_or_count_it_twice(ledger, number):
    for _ in range(2):
        ledger.tally("ct_1", "messages")
    hour = {"pk": "TALLY#ct_1", "sk": "HOUR#2027-01-31T12#0", "messages": number}
    assert noticed(ledger, [*WHOLE, hour]) == [f"ct_1: tallied {{'messages': {number}}} instead of {{'messages': 2}}"]


def test_fault_for_a_token_that_nobody_used(ledger):
    hour = {"pk": "TALLY#ct_9", "sk": "HOUR#2027-01-31T12#0", "sessions": 1}
    assert noticed(ledger, [*WHOLE, hour]) == ["ct_9: tallied {'sessions': 1} instead of {}"]
