"""Feedback on answers: five types, one of each, until one day after the session ends."""

import pytest

from tests.functions.page import ORIGIN, Page, altered, assert_refused
from tests.functions.stored import feedback


@pytest.fixture
def session(page, token):
    session = page.open(token.value)
    page.say(session, assistantMessageId="ast_1")
    return session


def kept(session):
    names = ("type", "message_id", "rating", "comment", "id")
    return [{name: item.get(name) for name in names} for item in feedback(session)]


@pytest.mark.parametrize(
    "feedback",
    [
        {"type": "upvote", "messageId": "ast_1"},
        {"type": "downvote", "messageId": "ast_1", "comment": "Wrong 🙁"},
        {"type": "copy", "messageId": "x" * 128},
        {"type": "csat", "rating": 1},
        {"type": "csat", "rating": 5.0, "comment": "x" * 2000},
        {"type": "csat", "rating": 5.0, "comment": "🙂" * 500},
        {"type": "nps", "rating": 0},
        {"type": "nps", "rating": 10, "messageId": "ast_1"},
    ],
    ids=lambda feedback: feedback["type"],
)
def test_200_every_type_is_stored(page, token, session, feedback):
    answer = page.post("feedback", {"sessionId": session, "token": token.value} | feedback)
    assert answer.status_code == 200
    assert answer.json == {"success": True, "feedbackId": answer.json["feedbackId"]}
    assert kept(session) == [
        {
            "type": feedback["type"],
            "message_id": feedback.get("messageId"),
            "rating": feedback.get("rating"),
            "comment": feedback.get("comment"),
            "id": answer.json["feedbackId"],
        }
    ]


@pytest.mark.parametrize(
    ("feedback", "path", "code"),
    [
        ({"type": "upvote"}, "messageId", "required"),
        ({"type": "downvote", "messageId": None}, "messageId", "required"),
        ({"type": "copy", "messageId": ""}, "messageId", "out_of_range"),
        ({"type": "upvote", "messageId": "x" * 129}, "messageId", "out_of_range"),
        ({"type": "csat"}, "rating", "out_of_range"),
        ({"type": "csat", "rating": 0}, "rating", "out_of_range"),
        ({"type": "csat", "rating": 6}, "rating", "out_of_range"),
        ({"type": "csat", "rating": 4.5}, "rating", "wrong_type"),
        ({"type": "csat", "rating": "5"}, "rating", "wrong_type"),
        ({"type": "csat", "rating": True}, "rating", "wrong_type"),
        ({"type": "nps", "rating": -1}, "rating", "out_of_range"),
        ({"type": "nps", "rating": 11}, "rating", "out_of_range"),
        ({"type": "upvote", "messageId": "ast_1", "rating": 11}, "rating", "out_of_range"),
        ({"type": "downvote", "messageId": "ast_1", "rating": -1}, "rating", "out_of_range"),
        ({"type": "copy", "messageId": "ast_1", "rating": 10**20}, "rating", "out_of_range"),
        ({"type": "upvote", "messageId": "ast_1", "rating": 1e300}, "rating", "out_of_range"),
        ({"type": "upvote", "messageId": "ast_1", "rating": -(10**40)}, "rating", "out_of_range"),
        ({"type": "applause"}, "type", "wrong_value"),
        ({"type": None}, "type", "wrong_value"),
        ({}, "type", "required"),
        ({"type": "nps", "rating": 5, "comment": "x" * 2001}, "comment", "out_of_range"),
        ({"type": "nps", "rating": 5, "comment": "🙂" * 501}, "comment", "out_of_range"),
        ({"type": "nps", "rating": 5, "sessionId": None}, "sessionId", "wrong_type"),
        ({"type": "nps", "rating": 5, "token": None}, "token", "wrong_type"),
    ],
    ids=str,
)
def test_400_error_names_the_field_that_breaks_a_rule(page, token, session, calls, feedback, path, code):
    calls.clear()
    answer = page.post("feedback", {"sessionId": session, "token": token.value} | feedback)
    detail = assert_refused(answer, 400, "invalid_request")["details"][0]
    assert (detail["path"], detail["code"]) == (path, code)
    assert calls == []


@pytest.mark.parametrize("kind", ["upvote", "downvote", "copy"])
def test_rating_sent_with_a_vote_is_not_stored(page, token, session, kind):
    assert page.rate(session, token.value, kind, rating=7).status_code == 200
    (feedback,) = kept(session)
    assert feedback["rating"] is None


def test_200_repeated_feedback_replaces_the_first(page, token, session):
    first = page.rate(session, token.value, "csat", rating=1, comment="Bad").json["feedbackId"]
    assert page.rate(session, token.value, "csat", rating=5).json["feedbackId"] == first
    assert kept(session) == [{"type": "csat", "message_id": None, "rating": 5, "comment": None, "id": first}]


def test_200_feedback_is_kept_per_type_message_and_session(page, token, session):
    other = page.open(token.value)
    answers = [
        page.rate(session, token.value, "upvote", messageId="ast_1"),
        page.rate(session, token.value, "downvote", messageId="ast_1"),
        page.rate(session, token.value, "upvote", messageId="ast_2"),
        page.rate(other, token.value, "upvote", messageId="ast_1"),
    ]
    assert len({answer.json["feedbackId"] for answer in answers}) == 4
    assert (len(kept(session)), len(kept(other))) == (3, 1)


def test_404_one_day_after_the_session_ends(page, token, session, clock):
    clock.forward(minutes=30, days=1, milliseconds=-1)
    assert page.rate(session, token.value).status_code == 200
    clock.forward(milliseconds=1)
    assert_refused(page.rate(session, token.value), 404, "session_not_found")


@pytest.mark.parametrize("unknown", ["", "x", "cs_", "cs_01m85tkcek9dh4b89k1xdr8rvw_" + "a" * 20 + "_" + "b" * 32])
def test_404_unknown_session(page, token, unknown):
    """Never 401: the widget would drop the session that it has."""
    assert_refused(page.rate(unknown, token.value), 404, "session_not_found")


def test_404_session_of_another_token(page, create, session):
    assert_refused(page.rate(session, create().value), 404, "session_not_found")
    assert kept(session) == []


def test_200_feedback_with_the_new_value_after_regenerate(page, token, session):
    assert page.rate(session, token.regenerate()).status_code == 200


def test_429_after_sixty_ratings_per_minute_and_address(app, page, token, session, clock):
    answers = [page.rate(session, token.value, messageId=f"ast_{number}") for number in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    answer = answers[60]
    assert_refused(answer, 429, "rate_limited")
    assert Page(app, address="203.0.113.8").rate(session, token.value).status_code == 200
    assert page.say(session).status_code == 200
    clock.forward(seconds=int(answer.headers["Retry-After"]))
    assert page.rate(session, token.value).status_code == 200


@pytest.mark.parametrize(("known", "status", "code"), [(False, 404, "session_not_found"), (True, 401, "session_ended")])
def test_429_feedback_that_no_session_takes_counts_too(app, page, create, clock, known, status, code):
    """A program can ask about session ids that it made up, and about those of other origins."""
    token = create(allowedOrigins=[ORIGIN, "https://other.example.com"])
    session, elsewhere = page.open(token.value), Page(app, "https://other.example.com")
    session = session if known else altered(session)
    for _ in range(60):
        assert_refused(elsewhere.rate(session, token.value), status, code)
    assert_refused(elsewhere.rate(session, token.value), 429, "rate_limited")


def test_200_unknown_fields_of_newer_widgets_are_ignored(page, token, session):
    fields = {"metadata": {"a": [1]}, "rating": None, "comment": None, "new": True}
    assert page.rate(session, token.value, **fields).status_code == 200
