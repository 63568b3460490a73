"""Tallies of client tokens: summed once from the lines of visitors' requests, however these are delivered."""

import base64
import contextlib
import gzip
import itertools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from infra.local import subscription
from infra.local.api import InvocationFailed
from shared.rules import tally
from shared.store import table, tallies
from shared.store.attributes import size
from tests.aws.in_memory import STACK, TEMPLATE
from tests.aws.network import NETWORK
from tests.functions.interruptions import Crash
from tests.functions.page import Page, altered
from tests.functions.subscribed import TALLIES
from tests.functions.test_turns import crash

TOKEN = "ct_01m85tkcek9dh4b89k1xdr8rvw"
_ids = itertools.count(1)


@pytest.fixture
def clock(clock):
    """The time at which batches arrive, too."""
    clock.held = datetime.now(UTC)
    return clock


@pytest.fixture
def other_id():
    """The id of a token that no other test tallies."""
    return f"ct_{next(_ids):026}"


def line(token_id=TOKEN, **fields):
    answered = {"message": "answered", "request_id": "r", "status": 200, "milliseconds": 900, "outcome": "answered"}
    return json.dumps(answered | {"token_id": token_id} | fields)


def refused(token_id, origin="https://evil.example", **fields):
    fields = {"status": 403, "code": "origin_not_allowed", "origin": origin, "outcome": ""} | fields
    return line(token_id, **fields)


def stored(token_id):
    """The items of a token's hours."""
    return list(
        table.query("pk = :pk AND begins_with(sk, :hour)", {":pk": f"TALLY#{token_id}", ":hour": "HOUR#"}, at=None)
    )


def whole(token_id):
    """Its tallies of all hours in one. None without any."""
    found = [tallies.from_item(item) for item in stored(token_id)]
    for one in found[1:]:
        found[0] = tally.add(found[0], one)
    return found[0] if found else None


def counts(token_id):
    found = whole(token_id)
    return found and (found.sessions, found.messages, *found.refused.items())


def test_requests_of_visitors_are_tallied(app, page, token, log_group):
    log_group.lines()
    session = page.open(token.value)
    page.say(session, message_id="usr_a")
    page.say(session, message_id="usr_a")
    page.say(session)
    Page(app, "https://evil.example").init(token.value)
    page.rate(session, token.value)
    log_group.deliver()
    found = whole(token.id)
    assert (found.sessions, found.messages, found.repeated, found.refused) == (1, 2, 1, {"origin_not_allowed": 1})
    (group,) = found.groups
    assert (group.code, group.origin, group.number) == ("origin_not_allowed", "https://evil.example", 1)
    assert sum(found.answer_times) == sum(found.first_word_times) == 2


def test_made_up_ids_and_values_make_no_tally(page, token, log_group):
    log_group.lines()
    page.init(altered(token.value))
    page.init("garbage")
    page.say(f"cs_{TOKEN.removeprefix('ct_')}_{'a' * 20}_{'b' * 32}")
    page.post("chat", "not json")
    assert log_group.lines() == []


def test_management_requests_are_not_tallied(api, token, log_group):
    api.get(f"/v1/client-tokens/{token.id}")
    api.get("/v1/client-tokens?limit=0")
    assert log_group.lines() == []


def test_batch_that_is_delivered_again_is_added_once(log_group, other_id):
    batch = log_group.deliver([line(other_id), refused(other_id)])
    log_group.invoke(batch)
    assert counts(other_id) == (0, 1, ("origin_not_allowed", 1))


@pytest.mark.parametrize("days", [1, 2.1, 3.1, 30])
def test_batch_that_is_delivered_days_later_is_added_once(log_group, other_id, monkeypatch, days):
    """Even once DynamoDB has deleted its marker: its hours are closed by then."""
    at = datetime.now(UTC)
    lines = [line(other_id)]
    batch = log_group.deliver(lines)
    later = at + timedelta(days=days)
    for item in table.query("pk = :pk", {":pk": f"TALLY#{other_id}"}, at=None):
        assert item["expires_at"] > at.timestamp()
    _expire_markers(later)
    _at(monkeypatch, later)
    log_group.invoke(batch)
    assert counts(other_id) == (0, 1)


def _at(monkeypatch, at):
    class Now(datetime):
        @classmethod
        def now(cls, tz=None):
            return at

    monkeypatch.setattr("shared.subscription.datetime", Now)


def _expire_markers(at):
    """As DynamoDB deletes what has expired."""
    answer = table._call("Scan", TableName=table.name(), FilterExpression="begins_with(pk, :pk)",
                         ExpressionAttributeValues={":pk": {"S": "TALLIED#"}})  # fmt: skip
    for item in answer["Items"]:
        if int(item["expires_at"]["N"]) <= at.timestamp():
            table.write(table.delete_write((item["pk"]["S"], item["sk"]["S"])))


@pytest.mark.parametrize("number", [1, 2])
def test_batch_after_a_crash_is_added_once(log_group, other_id, at_call, number):
    """Lambda delivers it again, whether or not the crash came after the write."""
    batch = _event([line(other_id)])
    at_call(number, crash, when="after")
    with contextlib.suppress(Crash, InvocationFailed):
        log_group.invoke(batch)
    log_group.invoke(batch)
    assert counts(other_id) == (0, 1)


def test_batch_whose_answer_is_lost_is_added_once(log_group, other_id, lost_answers):
    with lost_answers("TransactWriteItems"):
        log_group.deliver([line(other_id)])
    assert counts(other_id) == (0, 1)


def _event(lines, stream="local", at=None):
    seconds = (at or datetime.now(UTC)).timestamp()
    return subscription.event([(seconds, one) for one in lines], stream=stream)


def _between_read_and_write(act):
    """Runs `act` once, after a batch has read the tallies and before it writes them."""
    acted = []

    def look(request):
        if request.operation == "TransactWriteItems" and not acted:
            acted.append(True)
            act()

    return NETWORK.hooked(look)


def test_same_batch_twice_at_once_is_added_once(log_group, other_id):
    batch = _event([line(other_id)])
    with _between_read_and_write(lambda: log_group.invoke(batch)):
        log_group.invoke(batch)
    assert counts(other_id) == (0, 1)


def test_two_batches_at_once_are_both_added(log_group, other_id):
    first, second = _event([line(other_id)] * 2), _event([line(other_id), refused(other_id)])
    with _between_read_and_write(lambda: log_group.invoke(second)):
        log_group.invoke(first)
    assert counts(other_id) == (0, 3, ("origin_not_allowed", 1))


def test_batch_waits_for_a_transaction_on_the_same_hour(log_group, other_id, contended):
    contended("TALLY#", times=3)
    log_group.deliver([line(other_id)])
    assert counts(other_id) == (0, 1)


def test_batch_that_always_loses_is_left_to_lambda(log_group, other_id, contended, output):
    """The function fails, so that the batch is delivered again."""
    contended("TALLY#")
    with pytest.raises(InvocationFailed):
        log_group.deliver([line(other_id)])
    assert counts(other_id) is None
    assert '"Faults":[1.0]' in output()


def test_10_000_lines_of_a_token_are_one_write(log_group, other_id, calls):
    log_group.deliver([refused(other_id, f"https://{number % 300}.example") for number in range(10_000)])
    assert calls == ["BatchGetItem", "TransactWriteItems"]
    assert counts(other_id) == (0, 0, ("origin_not_allowed", 10_000))
    (item,) = stored(other_id)
    assert size(item) < 2048


def test_ordinary_hour_fits_a_write_unit(log_group, other_id):
    lines = [line(other_id, input_tokens=10**6, output_tokens=10**6, cost=10**12, first_byte_milliseconds=300)] * 100
    lines += [refused(other_id, f"https://{number}.customer.example") for number in range(4)]
    log_group.deliver(lines)
    (item,) = stored(other_id)
    assert size(item) < 1024


def test_lines_of_120_tokens_are_three_transactions(log_group, other_id, calls):
    ids = [other_id, *(f"ct_0{next(_ids):025}" for _ in range(119))]
    batch = log_group.deliver([line(one) for one in ids])
    assert calls.count("TransactWriteItems") == 3
    log_group.invoke(batch)
    assert {counts(one) for one in ids} == {(0, 1)}


def test_part_of_a_large_batch_that_failed_is_added_later(log_group, other_id):
    ids = [other_id, *(f"ct_0{next(_ids):025}" for _ in range(119))]
    batch = _event([line(one) for one in ids])
    number = itertools.count(1)

    def fail_second(request):
        if request.operation == "TransactWriteItems" and next(number) > 1:
            raise ConnectionRefusedError

    with NETWORK.hooked(fail_second), pytest.raises(InvocationFailed):
        log_group.invoke(batch)
    assert len([one for one in ids if counts(one)]) == 50
    log_group.invoke(batch)
    assert {counts(one) for one in ids} == {(0, 1)}


def test_lines_on_both_sides_of_an_hour_are_in_two_tallies(log_group, other_id):
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    log_group.deliver([line(other_id)], at=hour - timedelta(milliseconds=1))
    log_group.deliver([line(other_id)], at=hour)
    assert sorted(item["sk"].split("#")[1] for item in stored(other_id)) == [
        tally.hour_of(hour - timedelta(hours=1)), tally.hour_of(hour)
    ]  # fmt: skip


@pytest.mark.parametrize("ago", [timedelta(days=3), timedelta(days=4000), -timedelta(hours=3), -timedelta(days=40_000)])
def test_lines_long_past_and_in_the_future_are_skipped(log_group, other_id, output, ago):
    log_group.deliver([line(other_id)] * 3, at=datetime.now(UTC) - ago)
    assert stored(other_id) == []
    assert '"LinesSkipped":[3.0]' in output()


def test_line_that_stands_twice_in_a_batch_counts_once(log_group, other_id):
    batch = _event([line(other_id)])
    data = json.loads(gzip.decompress(base64.b64decode(batch["awslogs"]["data"])))
    data["logEvents"] *= 2
    log_group.invoke(_packed(data))
    assert counts(other_id) == (0, 1)


def _packed(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return {"awslogs": {"data": base64.b64encode(gzip.compress(text)).decode()}}


def test_lines_that_are_none_are_skipped_and_counted(log_group, other_id, output):
    log_group.deliver([line(other_id), "", "{", line("ct_made_up"), line(other_id, more="x" * 5000), "\0" * 9])
    assert counts(other_id) == (0, 1)
    assert '"LinesSkipped":[5.0]' in output()


def test_control_message_is_acknowledged(log_group, calls, output):
    log_group.invoke(_packed({"messageType": "CONTROL_MESSAGE", "logEvents": [{"id": "", "message": "CWL CONTROL"}]}))
    assert (calls, output()) == ([], "")


EVENTS = {
    "empty": {}, "no object": [], "null": None, "another service": {"Records": []}, "no data": {"awslogs": {}},
    "not base64": {"awslogs": {"data": "???"}}, "not gzip": {"awslogs": {"data": base64.b64encode(b"hello").decode()}},
    "cut off": {"awslogs": {"data": _packed({"messageType": "DATA_MESSAGE"})["awslogs"]["data"][:24]}},
    "not JSON": _packed(b"hello"), "not UTF-8": _packed(b"\xff\xfe\xff"), "deep": _packed(b"[" * 100_000),
    "list": _packed([1, 2]), "no events": _packed({"messageType": "DATA_MESSAGE", "logStream": "s"}),
    "foreign kind": _packed({"messageType": "OTHER", "logStream": "s", "logEvents": []}),
    "gzip bomb": _packed(b"[" + b" " * (64 * 1024 * 1024) + b"]"),
}  # fmt: skip


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_event_that_is_no_batch_is_counted_and_dropped(log_group, calls, output, event):
    """To deliver it again would not help."""
    log_group.invoke(event)
    assert calls == []
    assert output().count('"BatchesSkipped":[1.0]') == 1


@pytest.mark.parametrize(
    "event",
    [None, 5, {}, {"id": 5, "timestamp": 1, "message": "{}"}, {"id": "1", "timestamp": "now", "message": "{}"},
     {"id": "1", "timestamp": 10**30, "message": "{}"}, {"id": "1", "timestamp": 1, "message": None}],
)  # fmt: skip
def test_event_that_is_no_line_does_not_spoil_its_batch(log_group, other_id, event):
    batch = _event([line(other_id)])
    data = json.loads(gzip.decompress(base64.b64decode(batch["awslogs"]["data"])))
    data["logEvents"].insert(0, event)
    log_group.invoke(_packed(data))
    assert counts(other_id) == (0, 1)


def test_logs_of_the_tally_function_never_reach_it():
    """Otherwise it would feed itself."""
    functions = {name: TEMPLATE["Resources"][name]["Properties"] for name in STACK.functions}
    groups = {name: one["LoggingConfig"]["LogGroup"]["Ref"] for name, one in functions.items()}
    assert {name for name, group in groups.items() if group == TALLIES.group} == functions.keys() - {TALLIES.function}


def test_origins_with_odd_characters_are_tallied_as_logged(app, token, log_group):
    odd = [
        "null",
        "https://xn--mnchen-3ya.example",
        "https://[2001:db8::1]:8443",
        "I am text",
        "https://\ud83d.example",
    ]
    log_group.lines()
    for origin in odd[:4]:
        Page(app, origin).init(token.value)
    Page(app, None).init(token.value)
    log_group.deliver()
    assert {group.origin for group in whole(token.id).groups} == {*odd[:3], "malformed", ""}


def test_last_use_of_a_previous_value_is_stored(page, token, log_group, clock):
    old = token.value
    token.regenerate(gracePeriodSeconds=600)
    log_group.lines()
    page.open(old)
    log_group.deliver()
    (use,) = table.get(tallies.previous_key(token.id), at=None)["uses"]
    assert abs(datetime.fromisoformat(use[1]) - clock.held) < timedelta(minutes=1)


def test_twenty_batches_at_once_on_one_hour_add_up(log_group, other_id, guard):
    """On real threads. What loses too often is delivered again."""
    batches = [_event([line(other_id)] * 5, stream=f"stream {number}") for number in range(20)]
    gate = threading.Barrier(4)

    def deliver(number):
        gate.wait(60)
        for batch in batches[number::4]:
            for _ in range(3):
                with contextlib.suppress(InvocationFailed):
                    log_group.invoke(batch)
                    break

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(deliver, range(4)))
    assert counts(other_id) == (0, 100)


def test_hours_expire_after_the_retention(log_group, other_id, monkeypatch):
    monkeypatch.setenv("TALLY_RETENTION_DAYS", "7")
    log_group.deliver([line(other_id)])
    (item,) = stored(other_id)
    days = (item["expires_at"] - datetime.now(UTC).timestamp()) / 86400
    assert 6.9 < days <= 7
