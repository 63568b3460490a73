"""Connections to an endpoint that speaks chat completions: where they lead, how long they last, and when they end."""

import socket
import threading
import time

import pytest

from infra.cli import target_settings
from shared.errors import InvalidRequest, TargetFailed, TargetTimedOut
from shared.http import endpoint as http_endpoint
from tests.targets.chat_completions import delta
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture
from tests.targets.chat_completions import settings as settings  # noqa: PLC0414 - a fixture
from tests.targets.conftest import collect, countdown


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


def test_ninth_host_closes_the_connection_that_is_idle_for_longest(endpoint):
    spellings = ["localhost"[:length].upper() + "localhost"[length:] for length in range(9)]
    first, *others = (endpoint.url.replace("127.0.0.1", host) for host in spellings)
    for url in (first, *others, *others, first):
        with http_endpoint.posted(url, b"{}", {"Content-Type": "application/json"}, lambda: 5) as response:
            response.read()
    clients = [asked.client for asked in endpoint.asked]
    assert len(set(clients[:9])) == 9
    assert clients[9:17] == clients[1:9]
    assert clients[17] not in clients[:17]


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


@pytest.mark.parametrize("seconds", [0.05, 60])
def test_resolver_that_hangs_outlives_no_deadline(answer, settings, monkeypatch, seconds):
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(60))
    monkeypatch.setattr(http_endpoint, "_CONNECT_SECONDS_MAX", 0.05)
    with pytest.raises(TargetTimedOut) as failed:
        answer("openai", settings, seconds_left=countdown(seconds))
    is_over.set()
    assert failed.value.is_free


def test_name_that_cannot_be_resolved_is_a_failure(answer, settings, monkeypatch):
    for name in ("localhost.invalid", "a" * 64 + ".example"):
        with pytest.raises(TargetFailed) as failed:
            answer("openai", settings | {"base_url": f"https://{name}/v1"})
        assert failed.value.is_free


def test_address_that_answers_is_used_after_those_that_do_not(answer, endpoint, settings, dead):
    dead(2, "127.0.0.1")
    assert answer("openai", settings, seconds_left=lambda: 20 - dead.now) == "Yes, we do."


@pytest.mark.parametrize(("seconds", "connections"), [(49, 1), (50, 2)])
def test_connection_that_was_idle_for_long_is_replaced(answer, endpoint, settings, monkeypatch, seconds, connections):
    answer("openai", settings)
    later = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: later)
    answer("openai", settings)
    assert len({asked.client for asked in endpoint.asked}) == connections


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
