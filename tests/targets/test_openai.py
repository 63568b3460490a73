"""An endpoint that speaks chat completions as a target, over its real protocol."""

import contextlib
import json
import random
import socket
import threading

import pytest

from infra.cli import target_settings
from shared.aws import secret
from shared.aws.client import JsonClient
from shared.errors import ApiError, InvalidRequest, PayloadTooLarge, TargetFailed, TargetTimedOut
from shared.http import endpoint as http_endpoint
from shared.rules.answer import Ending, Usage
from shared.rules.target_request import Attachment, Message
from tests.aws import models
from tests.aws.test_client import close
from tests.targets import chat_completions
from tests.targets.chat_completions import DONE, data, delta
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture
from tests.targets.conftest import MESSAGES, NOON, collect, countdown

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:openai-AbCdEf"
PNG = Attachment(media_type="image/png", data=b"\x89PNG")


@pytest.fixture
def settings(endpoint):
    return {"base_url": endpoint.url, "model": "tea-1"}


@pytest.fixture
def secrets_manager(aws, monkeypatch):
    """Secrets Manager on loopback. `secrets_manager.holds(...)`: one value after the other."""
    client = JsonClient("secretsmanager", "secretsmanager", "1.1")
    monkeypatch.setattr(secret, "_client", lambda: client)
    monkeypatch.setattr(secret, "_kept", {})
    aws.holds = lambda *values: aws.answers.extend((200, {"ARN": ARN, "SecretString": value}) for value in values)
    yield aws
    close(client)


def test_request_holds_the_conversation_and_max_tokens(answer, endpoint, settings):
    given = {**settings, "system_prompt": "You sell tea.", "temperature": 0.0, "max_tokens": 500}
    assert answer("openai", given) == "Yes, we do."
    (asked,) = endpoint.asked
    assert asked.path == "/v1/chat/completions"
    assert "Authorization" not in asked.headers
    assert asked.body == {
        "model": "tea-1",
        "messages": [
            {"role": "system", "content": "You sell tea."},
            *({"role": one.role, "content": one.text} for one in MESSAGES),
        ],
        "max_tokens": 500,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("finish_reason", "ours"),
    [("stop", "end_turn"), ("length", "length"), ("content_filter", "content_filter"), ("later", "end_turn")],
)
def test_answer_ends_with_its_stop_reason_and_usage(stream, endpoint, settings, finish_reason, ours):
    endpoint.streams(*chat_completions.answer("Yes.", finish_reason=finish_reason))
    ending = Ending(stop_reason=ours, usage=Usage(input_tokens=12, output_tokens=3))
    assert list(stream("openai", settings)) == ["Yes.", ending]


def test_text_arrives_as_the_model_generates_it(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes, ", "we ", "do."))
    endpoint.before_part = threading.Semaphore(0)
    pieces = stream("openai", settings)
    for expected in ("Yes, ", "we ", "do."):
        assert next(pieces) == expected
        endpoint.before_part.release()
    endpoint.before_part.release(3)
    assert isinstance(next(pieces), Ending)


@pytest.mark.parametrize(
    ("parts", "ending"),
    [
        pytest.param([delta("Yes."), delta(finish_reason="stop")], Ending(), id="no usage and no DONE"),
        pytest.param([delta("Yes."), delta(finish_reason="stop"), DONE], Ending(), id="no usage"),
        pytest.param(
            [delta("Yes.", "stop", usage={"prompt_tokens": 1, "completion_tokens": 2}), DONE],
            Ending(usage=Usage(input_tokens=1, output_tokens=2)),
            id="usage beside the last text",
        ),
        pytest.param(
            [b": OPENROUTER PROCESSING\n\n", delta(choices=[]), delta("Yes."), delta("", "stop"), DONE],
            Ending(),
            id="comments, and an event without choices",
        ),
        pytest.param(
            [delta(choices=[{"delta": {"reasoning_content": "Tea?", "content": None}}]), delta("Yes.", "stop"), DONE],
            Ending(),
            id="reasoning",
        ),
        pytest.param([delta("Yes.", "stop").replace(b"\n", b"\r\n"), DONE], Ending(), id="CRLF"),
        pytest.param([delta("Yes.", "stop", usage={"prompt_tokens": "1"}), DONE], Ending(), id="malformed usage"),
    ],
)
def test_answer_of_a_compatible_server_is_read(stream, endpoint, settings, parts, ending):
    endpoint.streams(*parts)
    assert list(stream("openai", settings)) == ["Yes.", ending]


def test_character_split_between_two_events_is_joined(answer, endpoint, settings):
    endpoint.streams(*chat_completions.answer("a\ud83c", "\udf75b", "\ud83c"))
    assert answer("openai", settings) == "a🍵b\ufffd"


def test_stream_in_pieces_of_one_byte_is_the_same(answer, endpoint, settings):
    endpoint.streams(*(bytes([byte]) for part in chat_completions.answer("Yes, ", "🍵!") for byte in part))
    assert answer("openai", settings) == "Yes, 🍵!"


def test_stream_cut_at_any_byte_is_never_a_whole_answer(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes, ", "we do."))
    for end in range(sum(map(len, endpoint.parts))):
        endpoint.breaks_after = end
        said = []
        with pytest.raises(TargetFailed):
            collect(said, stream("openai", settings))
        assert "Yes, we do.".startswith("".join(said))


def test_answer_is_complete_at_done_on_a_connection_held_open(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes."), None)
    # Two answers: the connection that is held is given up.
    for number in (1, 2):
        *texts, ending = stream("openai", settings, seconds_left=countdown(60))
        assert (texts, ending.stop_reason) == (["Yes."], "end_turn")
        assert len({asked.client for asked in endpoint.asked}) == number


def test_nothing_after_done_changes_the_answer(stream, endpoint, settings):
    endpoint.streams(*chat_completions.answer("Yes."), delta(" No."), *[b": more\n"] * 20_000)
    assert [piece for piece in stream("openai", settings) if isinstance(piece, str)] == ["Yes."]


def test_stream_that_ends_early_is_incomplete(answer, endpoint, settings):
    endpoint.streams(delta("Yes, "), DONE)
    with pytest.raises(TargetFailed) as failed:
        answer("openai", settings)
    assert failed.value.code == "target_answer_incomplete"


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(data('{"choices'), id="half of a JSON text"),
        pytest.param(data("[" * 100_000), id="deeply nested"),
        pytest.param(data({"error": {"message": "sk-secret", "code": "server_error"}}), id="error"),
        pytest.param(data({"error": {"code": 502}, "choices": [{"finish_reason": "error"}]}), id="OpenRouter's error"),
        pytest.param(data({"error": "overloaded"}), id="error as a text"),
    ],
)
def test_error_event_is_a_failure(stream, endpoint, settings, part):
    endpoint.streams(delta("Well, "), part, delta(finish_reason="stop"), DONE)
    pieces = stream("openai", settings)
    assert next(pieces) == "Well, "
    with pytest.raises(TargetFailed) as failed:
        next(pieces)
    assert failed.value.message == TargetFailed.message


@pytest.mark.parametrize("value", [1, None, [], '"x"', {"choices": 1}, {"choices": [1]}, {"choices": [{"delta": "x"}]}])
def test_unknown_event_is_skipped(answer, endpoint, settings, value):
    endpoint.streams(data(value), *chat_completions.answer("Yes."))
    assert answer("openai", settings) == "Yes."


def test_answer_that_is_not_streamed_is_a_failure(answer, endpoint, settings):
    endpoint.streams(b'{"choices": []}', content_type="application/json")
    with pytest.raises(TargetFailed) as failed:
        answer("openai", settings)
    assert failed.value.__cause__.code == "not_an_event_stream"


@pytest.mark.parametrize(
    ("status", "code", "raised", "ours"),
    [
        (401, "invalid_api_key", TargetFailed, "target_failed"),
        (403, None, TargetFailed, "target_failed"),
        (404, "model_not_found", TargetFailed, "target_failed"),
        (408, None, TargetTimedOut, "target_timed_out"),
        (429, "rate_limit_exceeded", TargetFailed, "target_failed"),
        (500, None, TargetFailed, "target_failed"),
        (504, None, TargetTimedOut, "target_timed_out"),
        (400, "context_length_exceeded", PayloadTooLarge, "too_large"),
        (400, "content_filter", InvalidRequest, "target_declined"),
        (302, None, TargetFailed, "target_failed"),
    ],
)
def test_error_reveals_nothing_about_the_endpoint(answer, endpoint, settings, status, code, raised, ours):
    endpoint.refuses(status, code, Location="http://169.254.169.254/latest/meta-data/")
    with pytest.raises(raised) as failed:
        answer("openai", settings)
    assert failed.value.code == ours
    assert "sk-" not in repr(failed.value) + str(failed.value.__cause__)
    # Not followed, not sent again.
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b'{"error": "x"}', b'{"error": {"code": "Say: sk-secret"}}'])
def test_malformed_error_is_a_failure(answer, endpoint, settings, body):
    endpoint.refuses(500, body=body)
    with pytest.raises(TargetFailed) as failed:
        answer("openai", settings)
    assert failed.value.__cause__.code == "500"


def test_content_filter_before_the_first_text_is_a_400(answer, endpoint, settings):
    endpoint.streams(*chat_completions.answer(finish_reason="content_filter"))
    with pytest.raises(InvalidRequest) as declined:
        answer("openai", settings)
    assert declined.value.code == "target_declined"


@pytest.mark.parametrize("parts", [[None], [delta("Well, "), None], [b"data: {", None]], ids=range(3))
def test_deadline_ends_the_wait(stream, endpoint, settings, parts):
    endpoint.streams(*parts)
    with pytest.raises(TargetTimedOut):
        collect([], stream("openai", settings, seconds_left=countdown(0.3)))
    assert len(endpoint.asked) == 1


def test_deadline_ends_an_answer_that_comes_letter_by_letter(stream, endpoint, settings):
    """The clock runs on with each wait, and no wait is longer than what is left."""
    left = iter([5.0] * 20)
    endpoint.streams(*[delta("a")] * 1000)
    with pytest.raises(TargetTimedOut):
        collect([], stream("openai", settings, seconds_left=lambda: next(left, 0.0)))


def test_stream_without_an_end_is_bounded(stream, endpoint, settings, monkeypatch):
    from shared.targets import openai

    monkeypatch.setattr(openai, "_STREAM_BYTES_MAX", 10_000)
    endpoint.streams(*[b": nothing to say\n"] * 1000)
    with pytest.raises(TargetFailed):
        collect([], stream("openai", settings))


def test_connection_is_kept_after_a_whole_stream(answer, endpoint, settings):
    for _ in range(3):
        answer("openai", settings)
    assert len({asked.client for asked in endpoint.asked}) == 1


def test_connection_that_is_idle_for_longest_gives_way_to_a_new_one(answer, endpoint, settings, monkeypatch):
    monkeypatch.setattr(http_endpoint, "_IDLE_MAX", 1)
    by_name = {**settings, "base_url": endpoint.url.replace("127.0.0.1", "localhost")}
    for given in (settings, by_name, by_name):
        answer("openai", given)
    first, second, third = (asked.client for asked in endpoint.asked)
    assert first != second == third


@pytest.fixture
def dead(monkeypatch):
    """`dead(3, "127.0.0.1")`: the host has three addresses that never answer, then this one. `dead.waits`: for each."""
    resolve = socket.getaddrinfo

    class Socket(socket.socket):
        def connect(self, address):
            if address[0].startswith("192.0.2."):
                dead.waits.append(self.gettimeout())
                dead.now += self.gettimeout()
                raise TimeoutError("timed out")
            super().connect(address)

    def dead(count, *living):
        def addresses(host, port, *rest, **options):
            hosts = [*(f"192.0.2.{number}" for number in range(count)), *living]
            return [found for one in hosts for found in resolve(one, port, *rest, **options)]

        monkeypatch.setattr(socket, "getaddrinfo", addresses)
        monkeypatch.setattr(socket, "socket", Socket)
        monkeypatch.setattr(http_endpoint.time, "monotonic", lambda: dead.now)

    dead.waits, dead.now = [], 0.0
    return dead


@pytest.mark.parametrize(("seconds", "waited"), [(2.0, 2.0), (4.0, 4.0), (300.0, 9.0)])
def test_addresses_that_do_not_answer_share_one_deadline(answer, settings, dead, seconds, waited):
    dead(40)
    with pytest.raises(TargetTimedOut):
        answer("openai", settings, seconds_left=lambda: seconds - dead.now)
    assert sum(dead.waits) == waited


def test_address_that_answers_is_used_after_those_that_do_not(answer, endpoint, settings, dead):
    dead(2, "127.0.0.1")
    assert answer("openai", settings, seconds_left=lambda: 20 - dead.now) == "Yes, we do."


def test_connection_that_was_idle_for_long_is_replaced(answer, endpoint, settings, monkeypatch):
    monkeypatch.setattr(http_endpoint, "IDLE_SECONDS_MAX", 0)
    for _ in range(2):
        answer("openai", settings)
    assert len({asked.client for asked in endpoint.asked}) == 2


def test_key_is_read_once_and_sent_as_a_bearer_token(answer, endpoint, settings, secrets_manager):
    secrets_manager.holds("sk-first\n")
    for _ in range(3):
        answer("openai", {**settings, "secret_arn": ARN})
    assert [asked.headers["Authorization"] for asked in endpoint.asked] == ["Bearer sk-first"] * 3
    ((_, headers, body, _),) = secrets_manager.asked
    assert headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
    assert json.loads(body) == {"SecretId": ARN}
    assert models.check("secretsmanager", "/", headers, body) is None


def test_rotated_key_is_read_again_within_the_same_message(answer, endpoint, settings, secrets_manager):
    secrets_manager.holds("sk-first", "sk-second")
    endpoint.keys = {"sk-first"}
    answer("openai", {**settings, "secret_arn": ARN})
    endpoint.keys = {"sk-second"}
    assert answer("openai", {**settings, "secret_arn": ARN}) == "Yes, we do."
    assert len(secrets_manager.asked) == 2


def test_wrong_key_costs_one_call_to_secrets_manager_per_message(answer, endpoint, settings, secrets_manager):
    endpoint.keys = set()
    secrets_manager.holds(*["sk-wrong"] * 3)
    for _ in range(3):
        with pytest.raises(TargetFailed) as failed:
            answer("openai", {**settings, "secret_arn": ARN})
        assert failed.value.__cause__.code == "401 invalid_api_key"
    assert len(secrets_manager.asked) == 3


@pytest.mark.parametrize(
    "answered", [(400, {"__type": "ResourceNotFoundException"}), (200, {"SecretBinary": "c2s="}), (200, {})]
)
def test_secret_that_cannot_be_read_is_a_failure(answer, endpoint, settings, secrets_manager, answered):
    secrets_manager.answers = [answered]
    with pytest.raises(TargetFailed) as failed:
        answer("openai", {**settings, "secret_arn": ARN})
    assert failed.value.__cause__.operation == "GetSecretValue"
    assert endpoint.asked == []


@pytest.mark.parametrize("key", ["", "sk-\r\nX-Evil: 1", "sk-é", "two words", '{"key": "sk-secret"}', "a" * 4097])
def test_malformed_key_is_neither_sent_nor_quoted(answer, endpoint, settings, secrets_manager, key):
    secrets_manager.holds(key)
    with pytest.raises(TargetFailed) as failed:
        answer("openai", {**settings, "secret_arn": ARN})
    assert failed.value.__cause__.code == "malformed_key"
    assert endpoint.asked == []


def test_image_goes_with_the_last_message(answer, endpoint, settings):
    answer("openai", settings, text="What is this?", before=[], attachments=[PNG])
    assert endpoint.asked[0].body["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
            ],
        }
    ]


def test_unsupported_file_type_is_refused_without_a_call(answer, endpoint, settings):
    with pytest.raises(InvalidRequest, match="cannot read that kind of file"):
        answer("openai", settings, attachments=[Attachment(media_type="application/pdf", data=b"%PDF")])
    assert endpoint.asked == []


def test_turns_alternate_and_begin_with_the_visitor(answer, endpoint, settings):
    said = [("assistant", "Hi"), ("user", "One"), ("user", "Two"), ("assistant", "2")]
    before = [Message(id=f"m{n}", role=role, text=text, at=NOON) for n, (role, text) in enumerate(said)]
    answer("openai", settings, text="tea?", before=before)
    assert endpoint.asked[0].body["messages"] == [
        {"role": "user", "content": "One\n\nTwo"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "tea?"},
    ]


def test_openai_gets_max_completion_tokens(target_request):
    from shared.targets import openai

    for url, name in [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://tea.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("https://openrouter.ai/api/v1", "max_tokens"),
        ("https://api.openai.com.evil.example/v1", "max_tokens"),
    ]:
        body = openai._body(openai.Settings(base_url=url, model="m"), target_request())
        assert {"max_tokens", "max_completion_tokens"} & body.keys() == {name}


def test_loopback_is_refused_on_aws(answer, endpoint, settings, monkeypatch):
    monkeypatch.delenv("LOOPBACK_TARGETS")
    with pytest.raises(TargetFailed) as failed:
        answer("openai", settings)
    assert failed.value.__cause__.code == "NotPublic"
    assert endpoint.asked == []


@pytest.mark.parametrize("is_local", [True, False])
def test_private_address_is_refused_before_anything_is_sent(answer, monkeypatch, is_local):
    """By HTTPS: not even the TLS handshake begins. The name in DNS may point anywhere."""
    if is_local:
        monkeypatch.setenv("LOOPBACK_TARGETS", "allowed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(TargetFailed) as failed:
            answer("openai", {"base_url": f"https://localhost:{server.getsockname()[1]}", "model": "m"})
        assert failed.value.__cause__.code == "NotPublic"
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "url",
    ["https://api.openai.com/v1", "https://api.openai.com/v1/", "https://a.example:8443", "https://10.example:65535",
     f"https://{'a' * 63}.example/a..b", f"https://{'a.' * 126}a", "https://xn--bcher-kva.example", "http://127.0.0.1:11434/v1",
     "http://localhost:8000/v1", "http://[::1]:8000/v1"],
)  # fmt: skip
def test_base_url_is_https_or_this_machine(url):
    assert target_settings.read("openai", [("base_url", url), ("model", "m")])["base_url"] == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    ["", "api.openai.com/v1", "http://api.openai.com/v1", "http://10.0.0.1/v1", "http://127.0.0.1.evil.example/v1",
     "http://127.0.0.1@evil.example/v1", "https://user:key@a.example/v1", "https://a.example/v1?key=1",
     "https://a.example/v1#x", "https://a.example/v1\n", "https://a.example/v 1", "https://a.example:99999/v1",
     "file:///etc/passwd", "https://", "https://a.example/../x/%2e", "https://a..example/v1",
     "https://.../v1", "https://.example", "https://a.example./v1", "https://-a.example", "https://a-.example",
     f"https://{'a' * 64}.example/v1", f"https://{'a.' * 127}a", "http://[::1]:70000", "http://localhost:65536",
     "https://a.example:0/v1", "https://a.example/v1/../v2", "https://a.example/."],
)  # fmt: skip
def test_invalid_base_url_is_refused_in_one_sentence(url):
    with pytest.raises(InvalidRequest, match="base_url must be an HTTPS URL without a query, such as https://"):
        target_settings.read("openai", [("base_url", url), ("model", "m")])


def test_every_prefix_of_a_stream_is_a_failure_or_the_whole_text():
    from shared.http import server_sent_events
    from shared.targets import openai

    whole = b"".join(chat_completions.answer("Yes, ", "we do."))
    finish = whole.index(b'"finish_reason": "stop"')
    for end in range(len(whole)):
        said = []
        try:
            collect(said, openai._answer(server_sent_events.data([whole[:end]])))
        except TargetFailed:
            assert "Yes, we do.".startswith("".join(said))
        else:
            # The text is complete. What may be missing is the usage.
            assert end > finish
            assert "".join(said[:-1]) == "Yes, we do."


def test_random_events_raise_only_our_own_errors(endpoint, settings, stream):
    source = random.Random(12)  # noqa: S311 - no secret
    parts = [
        b"data: ",
        b"\n\n",
        b"\n",
        *chat_completions.answer("Yes."),
        b'{"choices": [',
        b"null",
        b"\xff",
        b"data: 1",
    ]
    for _ in range(100):
        endpoint.streams(*(source.choice(parts) for _ in range(8)))
        with contextlib.suppress(ApiError):
            collect([], stream("openai", settings))
