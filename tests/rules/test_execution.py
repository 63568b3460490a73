"""An execution that pauses and goes on: whose it is, how long it waits, and how often."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import Conflict, Gone, InvalidRequest, NotFound, TooManyRequests
from shared.rules import execution, execution_id, turn
from shared.rules.answer import Ending, ToolCall, ToolCalls, Usage
from shared.rules.client_tools import ClientTool
from shared.rules.execution_id import ExecutionId
from shared.rules.message_log import Entry
from shared.rules.target_request import Attachment, PageInput
from tests.rules.test_turn import AT, GONE, MESSAGE, SECOND, SESSION, refused

SECRET = execution_id.new_secret(lambda count: bytes(range(count)))
OTHER = execution_id.new_secret(bytes)
FIRST, SECOND_HOLDER = turn.lease(SECRET, AT + 25 * SECOND), turn.lease("second", AT + 60 * SECOND)
BEGUN = turn.begin(SESSION, MESSAGE, Entry(1, AT), FIRST)
ID = execution_id.parse(BEGUN.execution_id)
INPUT = PageInput(
    message=BEGUN.message,
    attachments=[Attachment(media_type="image/png", data=b"x")],
    inputs={"user": "Zoë"},
    tools=[ClientTool("ask", "", {})],
)
CALLED = ToolCalls((ToolCall("ask", {}), ToolCall("look", {})), Usage(input_tokens=2, output_tokens=1))
PAUSED = execution.paused(BEGUN, INPUT, "Let me ask.", CALLED, AT)
FIRST_CALL, SECOND_CALL = (call.id for call in PAUSED.pending)
BOTH = {FIRST_CALL: "Green", SECOND_CALL: None}
LATER = AT + timedelta(minutes=15)


def go_on(stored=PAUSED, wanted=ID, outputs=BOTH, at=AT):
    return execution.go_on(stored, wanted, outputs, SECOND_HOLDER, at)


class TestId:
    def test_id_says_where_its_turn_is(self):
        assert ExecutionId(AT, BEGUN.session, SECRET) == ID
        assert str(ID) == BEGUN.execution_id

    def test_secret_has_128_random_bits(self):
        assert execution_id.new_secret(lambda count: b"\xff" * count) != execution_id.new_secret(
            lambda count: b"\xff" * (count - 1) + b"\xfe"
        )
        assert len(SECRET) == 22

    @pytest.mark.parametrize(
        "text", ["", "exec_1", BEGUN.execution_id + "x", BEGUN.execution_id[:-1], "exec_" + "-" * 35]
    )
    def test_another_text_is_none(self, text):
        assert execution_id.parse(text) is None


class TestPaused:
    def test_pause_keeps_the_input_without_files_and_tools(self):
        kept = PAUSED.pause.page_input
        assert (kept.inputs, kept.attachments, kept.tools) == ({"user": "Zoë"}, (), ())

    def test_nobody_holds_it_for_fifteen_minutes(self):
        assert PAUSED.lease.until < AT
        assert PAUSED.pause.until == LATER

    def test_ids_of_calls_are_unique_and_keep_the_secret(self):
        again = execution.paused(go_on(), PAUSED.pause.page_input, "", CALLED, AT)
        ids = [call.id for step in again.steps for call in step.calls]
        assert len(set(ids)) == len(ids) == 4
        assert not any(SECRET in one for one in ids)

    def test_message_sent_again_repeats_the_calls_until_the_pause_ends(self):
        assert turn.resume(PAUSED, MESSAGE, SECOND_HOLDER, LATER - SECOND) is PAUSED
        over = turn.resume(PAUSED, MESSAGE, SECOND_HOLDER, LATER)
        assert (over.pause, over.attempts, over.secret) == (None, 2, "second")


class TestGoOn:
    def test_outputs_lease_the_turn_again(self):
        going_on = go_on()
        assert (going_on.lease, going_on.resumes, going_on.attempts) == (SECOND_HOLDER, 1, 1)
        assert going_on.steps[-1].outputs == BOTH
        assert going_on.pending == ()
        # The execution goes on under its id.
        assert going_on.execution_id == BEGUN.execution_id

    def test_missing_outputs_leave_it_paused(self):
        half = go_on(outputs={FIRST_CALL: "Green"})
        assert [call.id for call in half.pending] == [SECOND_CALL]
        assert (half.lease.holder, half.lease.until < AT, half.resumes) == ("second", True, 1)
        assert go_on(half, outputs={SECOND_CALL: 1}).steps[-1].outputs == {FIRST_CALL: "Green", SECOND_CALL: 1}

    def test_first_output_of_a_call_counts(self):
        half = go_on(outputs={FIRST_CALL: "Green"})
        assert go_on(half, outputs={FIRST_CALL: "Black", "look": 1}).steps[-1].outputs[FIRST_CALL] == "Green"

    def test_output_may_be_by_name_and_an_id_wins(self):
        assert go_on(outputs={"ask": 1, FIRST_CALL: 2, "look": 3}).steps[-1].outputs == {FIRST_CALL: 2, SECOND_CALL: 3}

    def test_400_output_for_no_call(self):
        for outputs in ({}, {"other": 1}):
            refused(InvalidRequest, "no_pending_call", lambda outputs=outputs: go_on(outputs=outputs))

    def test_404_another_execution(self):
        refused(NotFound, "execution_not_found", lambda: go_on(wanted=ID._replace(secret=OTHER)))

    def test_409_unless_paused(self):
        for stored in (BEGUN, turn.failed(BEGUN), go_on(), turn.answered(go_on(), "ast_1", "Hi", Ending())):
            refused(Conflict, "execution_not_paused", lambda stored=stored: go_on(stored))

    def test_failed_resume_may_be_sent_again(self):
        assert go_on(turn.failed(go_on())).resumes == 2

    def test_resume_that_never_asked_the_target_does_not_count(self):
        withdrawn = turn.withdrawn(go_on())
        assert (withdrawn.resumes, withdrawn.attempts) == (0, 1)

    def test_410_after_the_pause_or_in_a_deleted_conversation(self):
        refused(Gone, "execution_expired", lambda: go_on(at=LATER))
        refused(Gone, "conversation_deleted", lambda: go_on(GONE))

    def test_429_after_twenty(self):
        assert go_on(replace(PAUSED, resumes=19)).resumes == 20
        refused(TooManyRequests, "resumes_exhausted", lambda: go_on(replace(PAUSED, resumes=20)))

    def test_twentieth_may_not_pause_again(self):
        assert execution.may_pause(replace(PAUSED, resumes=19))
        assert not execution.may_pause(replace(PAUSED, resumes=20))


class TestAnswered:
    def test_reply_begins_with_what_was_said_before_the_pause(self):
        answered = turn.answered(go_on(), "ast_1", "Green it is.", Ending(usage=Usage(input_tokens=5, output_tokens=3)))
        assert answered.reply.text == "Let me ask.\n\nGreen it is."
        assert answered.ending.usage == Usage(input_tokens=7, output_tokens=4)
        assert answered.pause is None

    def test_blank_texts_are_left_out(self):
        silent = execution.paused(BEGUN, INPUT, " ", CALLED, AT)
        assert turn.answered(go_on(silent), "ast_1", "Green.", Ending()).reply.text == "Green."

    def test_unknown_usage_of_one_part_makes_the_whole_unknown(self):
        assert turn.answered(go_on(), "ast_1", "Green.", Ending()).ending.usage is None
