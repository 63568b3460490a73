"""An endpoint that speaks chat completions, invoked through chat, with its key from Secrets Manager."""

import pytest

from tests.functions import stored
from tests.functions.conftest import ENDPOINT_KEY as KEY
from tests.functions.page import assert_refused, reply


@pytest.fixture
def session(page, token, endpoint_with_key):
    return page.open(token.value)


def test_visitor_reads_the_answer_and_the_endpoint_gets_the_key(page, session, endpoint_with_key, calls):
    calls.clear()
    assert reply(page.say(session, "Do you sell tea?")) == "Yes, we do."
    assert reply(page.say(session, messages=[{"role": "user", "content": "Green tea?"}])) == "Yes, we do."
    assert calls.count("GetSecretValue") == 1
    assert [asked.headers["Authorization"] for asked in endpoint_with_key.asked] == [f"Bearer {KEY}"] * 2
    assert [one["content"] for one in endpoint_with_key.asked[-1].body["messages"]] == [
        "Do you sell tea?",
        "Yes, we do.",
        "Green tea?",
    ]
    assert [said for *_, said in stored.messages(session)][-1] == "Yes, we do."


def test_key_of_a_target_reaches_no_log_and_no_answer(page, session, endpoint_with_key, output, aws_answers):
    answers = [page.say(session)]
    endpoint_with_key.refuses(
        401, "invalid_api_key", body=f'{{"error": {{"message": "Incorrect key: {KEY}"}}}}'.encode()
    )
    answers.append(page.say(session))
    endpoint_with_key.streams(f'data: {{"error": {{"message": "{KEY}"}}}}\n\n'.encode())
    answers.append(page.say(session))
    with aws_answers("GetSecretValue", "AccessDeniedException", message=KEY):
        endpoint_with_key.refuses(401)
        answers.append(page.say(session))
    assert [answer.status_code for answer in answers] == [200, 502, 502, 502]
    assert output().count('"fault"') == 3
    assert KEY not in output() + "".join(answer.text for answer in answers)


def test_502_when_the_endpoint_is_on_a_private_network(page, session, endpoint_with_key, monkeypatch):
    """As on AWS, where no variable allows loopback."""
    monkeypatch.delenv("LOOPBACK_TARGETS")
    assert_refused(page.say(session), 502, "target_failed")
    assert endpoint_with_key.asked == []
