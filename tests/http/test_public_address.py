"""Where a target on the internet may be: nowhere that only this machine or its network can reach."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.http import endpoint, public_address
from shared.http.public_address import NotPublic, is_public, require_loopback, require_public


@pytest.mark.parametrize("address", ["1.1.1.1", "104.18.7.192", "2606:4700::6812:7c0", "64:ff9b::101:101"])
def test_public_address_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::",  # noqa: S104 - refused
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fc00::1", "fd00:ec2::254",
        "169.254.169.254", "169.254.170.2", "fe80::1",
        "224.0.0.1", "255.255.255.255", "ff02::1", "192.0.2.1", "198.18.0.1", "240.0.0.1", "2001:db8::1",
        # Ranges that Python's own table calls global, in some versions or in all.
        "::7f00:1", "::ffff:0:7f00:1", "fec0::1", "64:ff9b:1::a00:1", "4000::1", "8000::1", "100:0:0:1::1", "5f00::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_other_address_is_not_public(address):
    assert not is_public(ip_address(address))


def test_address_of_the_open_connection_is_checked():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as sock:
        require_loopback(sock)
        with pytest.raises(NotPublic):
            require_public(sock)


def test_certificate_is_verified(monkeypatch, tmp_path):
    """Of a server on a public address, as which loopback counts here."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    path = tmp_path / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    monkeypatch.setattr(public_address, "is_public", lambda _: True)

    def serve():
        with contextlib.suppress(OSError), server.accept()[0] as connection:
            context.wrap_socket(connection, server_side=True).close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://localhost:{server.getsockname()[1]}/v1"
        with pytest.raises(endpoint.NotSent) as failed, endpoint.posted(url, b"{}", {}, lambda: 5.0):
            pass
        assert isinstance(failed.value.cause, ssl.SSLCertVerificationError)
        thread.join()
