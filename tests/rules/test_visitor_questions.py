"""Questions to the visitor, and their answers, as messages with the ids and texts of Runtype's widget."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.rules import visitor_questions
from shared.rules.answer import ToolCall
from shared.rules.client_tools import Step

AT = datetime(2027, 1, 31, 12, tzinfo=UTC)
TEA, SIZE = "Which tea?", "Which size?"


def step(output, *questions, name="ask_user_question", call="c", **parameters):
    asked = {"questions": [{"question": text, "options": []} for text in questions]} if questions else {}
    return Step("", (ToolCall(name, asked | parameters, id=call),), {call: output})


def said(*steps):
    return [(one.id, one.role, one.text) for one in visitor_questions.answered(steps, AT)]


def texts(*steps):
    return [text for _, _, text in said(*steps)]


def test_one_question_and_its_answer():
    assert said(step("Green", TEA)) == [
        ("ask-user-q-c-0", "assistant", TEA), ("ask-user-a-c-0", "user", "Green"),
    ]  # fmt: skip


def test_each_question_has_the_answer_to_its_text():
    answers = {SIZE: ["Large", "Small"], TEA: "Green"}
    assert said(step(answers, TEA, SIZE)) == [
        ("ask-user-q-c-0", "assistant", TEA), ("ask-user-a-c-0", "user", "Green"),
        ("ask-user-q-c-1", "assistant", SIZE), ("ask-user-a-c-1", "user", "Large, Small"),
    ]  # fmt: skip


@pytest.mark.parametrize("output", [{}, {TEA: ""}, {TEA: None}, {TEA: 1}, {TEA: {"x": "y"}}, None, 1, [], ""])
def test_question_without_an_answer_was_skipped(output):
    assert texts(step(output, TEA)) == [TEA, "*Skipped*"]


def test_one_text_answers_one_question_only():
    assert texts(step("Green", TEA, SIZE)) == [TEA, "*Skipped*", SIZE, "*Skipped*"]


@pytest.mark.parametrize("one", [None, 1, "Which tea?", {}, {"question": ""}, {"question": ["x"]}])
def test_what_is_no_question_is_left_out(one):
    questions = [one, {"question": TEA}]
    assert said(step({TEA: "Green"}, questions=questions)) == [
        ("ask-user-q-c-1", "assistant", TEA), ("ask-user-a-c-1", "user", "Green"),
    ]  # fmt: skip


@pytest.mark.parametrize("questions", [None, [], "Which tea?", {"question": TEA}])
def test_answer_to_another_form_of_question_is_one_message(questions):
    """The widget shows no question then."""
    assert said(step("Green", questions=questions)) == [("ask-user-answer-c", "user", "Green")]
    assert texts(step({TEA: "Green", SIZE: ["L", "S"]}, questions=questions)) == [
        "Which tea?: Green | Which size?: L, S"
    ]
    assert said(step(None, questions=questions)) == []


def test_outputs_of_other_tools_are_no_messages():
    assert said(step("Green", TEA, name="look_up")) == []


def test_call_without_an_output_is_no_message():
    (call,) = step("Green", TEA).calls
    assert said(Step("", (call,), {})) == []


def test_times_rise_over_all_steps():
    found = visitor_questions.answered([step("Green", TEA), step("Large", SIZE, call="d")], AT)
    assert [one.at for one in found] == [AT + timedelta(milliseconds=number) for number in range(1, 5)]


@pytest.mark.parametrize("text", ["x", "é", '"', "\x01", "🙂"])
@pytest.mark.parametrize("count", [1, 9])
def test_all_of_a_turn_take_32_kb(text, count):
    """Whole pairs that do not fit are left out, from the first one on."""
    size = 32 * 1024 // len(text.encode()) // count
    steps = [step(text * size, f"{number}?", call=str(number)) for number in range(count)]
    assert visitor_questions.size(steps) <= 32 * 1024
    assert len(said(*steps)) < 2 * count
    assert len(said(*(step(text * (size // 10), "?", call=str(number)) for number in range(count)))) == 2 * count


def test_size_counts_questions_and_answers():
    assert visitor_questions.size([step("Green", TEA)]) > len(TEA + "Green")
    assert visitor_questions.size([step("Green", TEA, name="look_up")]) == 0
