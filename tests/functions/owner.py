"""What owners ask for, of conversations that visitors have had."""

import pytest

from tests.functions.stored import record

CONVERSATIONS, FEEDBACK = "/v1/conversations", "/v1/feedback"
WORDS = "My card is 4111"


def conversation_of(session):
    return record(session)["conversation_id"]


@pytest.fixture
def talk(page, clock):
    """`talk(token, "Hello")`: a session of these messages, a minute apart."""

    def talk(token, *texts):
        session = page.open(token.value)
        for number, text in enumerate(texts):
            said = page.say(session, text, message_id=f"usr_{number}", assistantMessageId=f"ast_{number}")
            assert said.status_code == 200
            clock.forward(minutes=1)
        return session

    return talk
