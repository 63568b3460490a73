"""Half a surrogate pair, such as half an emoji: pages may send it anywhere, managers nowhere."""

import base64
import json

import pytest

from tests.functions.invocations import invoke
from tests.functions.page import ORIGIN, reply
from tests.functions.stored import feedback, messages
from tests.operations import BROWSER, each

HALVES = {"high": "\ud83d", "low": "\ude00", "swapped": "\ude00\ud83d", "before text": "\ud83dA", "in text": "a\udfffb"}
# As JSON.stringify writes it, and unescaped as in a raw event.
SPELLINGS = {"escaped": json.dumps, "raw": lambda body: json.dumps(body, ensure_ascii=False)}


def repaired(half):
    return "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in half)


@pytest.fixture
def session(page, token):
    return page.open(token.value)


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_emoji_in_message_is_stored_as_replacement_character(page, session, half):
    answer = page.say(session, f"Hi {half}", message_id=f"usr_{half}", assistantMessageId=f"ast_{half}")
    fixed = repaired(half)
    assert reply(answer) == f"You said: Hi {fixed}"
    assert messages(session) == [
        ("user", f"usr_{fixed}", f"Hi {fixed}"),
        ("assistant", f"ast_{fixed}", f"You said: Hi {fixed}"),
    ]


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_emoji_in_earlier_messages_is_ignored(page, session, half):
    old = [
        {"id": f"ast_{half}", "role": "assistant", "content": half, half: half},
        {"id": "usr_0", "role": "user", "content": [{"type": "text", "text": half}, {"type": half, half: [half]}]},
    ]
    assert reply(page.say(session, "Hello", before=old)) == "You said: Hello"


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_emoji_in_inputs_is_replaced_before_the_target(page, session, assistant, half):
    given = {half: [half, {"deep": half}], "whole": "\U0001f600", "escape": "\\ud83d", "number": 12345678901234567890}
    beside_it = dict.fromkeys(["inputs", "metadata", "context"], given)
    tools = [{"name": "ask", "description": half, "parametersSchema": {"type": "object", "title": half}}]
    answer = page.say(session, "Hello", **beside_it, clientTools=tools, clientToolsFingerprint=half)
    assert reply(answer) == "Hi there"
    fixed = {repaired(half): [repaired(half), {"deep": repaired(half)}]} | {
        n: given[n] for n in ("whole", "escape", "number")
    }
    assert [assistant[-1][name] for name in beside_it] == [fixed] * 3


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_emoji_in_feedback_is_stored_as_replacement_character(page, token, session, half):
    page.say(session)
    answer = page.rate(session, token.value, messageId=half, comment=half, metadata={half: half})
    assert answer.status_code == 200
    (kept,) = feedback(session)
    assert (kept["message_id"], kept["comment"]) == (repaired(half), repaired(half))


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_emoji_in_any_field_is_never_a_400_or_500(page, token, session, half):
    statuses = [
        page.init(half).status_code,
        page.init(token.value, sessionId=half, extra={half: half}).status_code,
        page.init(token.value, flowId=half).status_code,
        page.say(half).status_code,
        page.rate(half, token.value).status_code,
        page.rate(session, half).status_code,
    ]
    assert statuses == [401, 200, 403, 401, 404, 401]


def sent(body, **fields):
    """The event of a page's chat request."""
    context = {
        "extendedRequestId": "r",
        "requestTimeEpoch": 1801396800250,
        "identity": {"sourceIp": "203.0.113.7"},
    }
    return {"multiValueHeaders": {"Origin": [ORIGIN]}, "requestContext": context, "body": body} | fields


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_half_emoji_is_replaced_in_any_spelling(session, spelling):
    message = {"id": "usr_1", "role": "user", "content": "Hi \ud83d"}
    body = SPELLINGS[spelling]({"sessionId": session, "messages": [message]})
    assert invoke("Chat", sent(body))["statusCode"] == 200
    assert messages(session)[0] == ("user", "usr_1", "Hi \ufffd")


def test_base64_body_is_decoded(session):
    """An API with binary media types passes bodies in base64."""
    body = json.dumps({"sessionId": session, "messages": [{"id": "usr_1", "role": "user", "content": "caf?"}]}).encode()
    encoded = base64.b64encode(body.replace(b"?", b"\xe9")).decode()
    assert invoke("Chat", sent(encoded, isBase64Encoded=True))["statusCode"] == 200
    assert messages(session)[0] == ("user", "usr_1", "caf\ufffd")


def test_bytes_that_are_not_utf8_become_replacement_characters(page, session):
    body = json.dumps({"sessionId": session, "messages": [{"id": "usr_1", "role": "user", "content": "caf?"}]}).encode()
    assert page.post("chat", body.replace(b"?", b"\xe9")).status_code == 200
    assert messages(session)[0] == ("user", "usr_1", "caf\ufffd")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '{"inputs": {"a": 1, "a": 2}}',
        '{"metadata": NaN}',
        '{"a": 1e999}',
        '{"a": %s}' % ("9" * 5000),
    ],
    ids=lambda text: text[:20],
)
@each([operation for operation in BROWSER if operation.body])
def test_400_when_page_sends_invalid_json_escapes(page, session, calls, operation, text):
    calls.clear()
    method, path, _ = operation.request(session=session, conversationId="conv_1")
    answer = page.send(method, path, text)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_json")
    assert calls == []


NOT_UTF8 = {
    "Latin-1": b"caf\xe9",
    "truncated": b"caf\xc3",
    "overlong": b"\xc0\xaf",
    "half a pair": b"\xed\xa0\xbd",
    "beyond Unicode": b"\xf5\x80\x80\x80",
    "UTF-16": "caf\u00e9".encode("utf-16"),
    "the replacement character itself": "\ufffd".encode(),
}


@pytest.mark.parametrize("name", NOT_UTF8.values(), ids=NOT_UTF8)
def test_400_when_management_body_is_not_utf8(api, calls, name):
    created = api.create()["clientToken"]["id"]
    calls.clear()
    body = json.dumps({"name": "?", "allowedOrigins": ["*"]}).encode().replace(b"?", name)
    for answer in (
        api.post("/v1/client-tokens", body),
        api.put(f"/v1/client-tokens/{created}", b'{"name": "%s"}' % name),
        api.post(f"/v1/client-tokens/{created}/regenerate", b'{"gracePeriodSeconds": 60, "%s": 1}' % name),
    ):
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_json")
        assert "UTF-8" in answer.json["hint"] or "not JSON" in answer.json["error"]
    assert calls.writes() == []


def test_intended_replacement_character_is_stored(api):
    assert api.create(name="a \ufffd b")["clientToken"]["name"] == "a \ufffd b"
