"""What one request costs that stores what a page displays: little, however long the conversation is."""

import pytest

from infra.tools.scale import operations
from tests.functions.page import assert_refused
from tests.functions.returning_visitors import Browser
from tests.scale.recorder import Recorder

TURNS = 12
# Of the texts of the newest turns, read in units of 4 KB and written in units of 1 KB, twice in a transaction.
KB = 512
ONE_MORE_TURN = 128


@pytest.fixture
def browser(page, create, register):
    """A conversation of turns of 128 KB."""
    register("flow_echo", max_message_bytes=65_536, max_input_bytes=1_048_576)
    browser = Browser(page, create(rateLimitPerMinute=1000).value)
    for number in range(TURNS):
        assert page.say(browser.session, "x" * 65_000, message_id=f"usr_{number}").status_code == 200
    return browser


def project(browser, ids):
    path = f"/v1/client/conversations/{browser.conversation_id}/display-projections?sessionId={browser.session}"
    body = {"messages": [{"id": one, "displayContent": "Shown"} for one in ids]}
    recorder = Recorder()
    with recorder.recording("act"):
        answer = browser.page.send("PATCH", path, body, [("X-Visitor-Token", browser.secret)])
    touched = operations.parts(operations.parse(recorder.operations["act"]))
    return answer, sum(one.reads for one in touched), sum(one.writes + one.index_writes for one in touched)


def test_404_made_up_message_reads_a_bounded_part(browser):
    answer, reads, writes = project(browser, ["usr_unknown"])
    assert_refused(answer, 404, "conversation_not_found")
    # Query returns up to 1 MB at once.
    assert reads <= 1024 / 4 + 10
    assert writes == 1


def test_displays_of_the_newest_turns_write_a_bounded_part(browser):
    newest = [f"usr_{number}" for number in range(TURNS - 3, TURNS)]
    answer, _, writes = project(browser, newest)
    assert answer.status_code == 200
    assert writes <= 2 * KB + 10


def test_404_message_before_the_newest_half_megabyte(browser):
    answer, _, writes = project(browser, ["usr_0", f"usr_{TURNS - 1}"])
    assert_refused(answer, 404, "conversation_not_found")
    assert writes == 1
