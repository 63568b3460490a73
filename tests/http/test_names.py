"""The resolver of the system, within a time and with one kind of error."""

import socket
import threading

import pytest

from shared.http import names


def test_address_is_resolved_as_by_the_system():
    found = names.resolve("127.0.0.1", 443, 5)
    assert found == socket.getaddrinfo("127.0.0.1", 443, type=socket.SOCK_STREAM)


def test_unknown_name_is_the_systems_error(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(socket.gaierror, match="unknown"):
        names.resolve("gone.example", 443, 5)


def test_malformed_name_is_an_oserror():
    with pytest.raises(OSError, match=r"^the host's name is malformed$"):
        names.resolve("a..example", 443, 5)


def test_resolver_that_hangs_is_not_waited_for(monkeypatch):
    end = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: end.wait())
    with pytest.raises(TimeoutError, match=r"^the resolver has not answered$"):
        names.resolve("slow.example", 443, 0.01)
    end.set()
