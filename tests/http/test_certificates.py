"""Certificate authorities in a folder, as the artifact has them: OpenSSL reads only those that it needs."""

import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.local.template import ROOT

PEM = serialization.Encoding.PEM
NOW = datetime.now(UTC)
# Python 3.13 demands of an authority that it says so.
SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def signed(subject, key, issuer, issuer_key, *extensions):
    builder = x509.CertificateBuilder(
        name(issuer), name(subject), key.public_key(), x509.random_serial_number(), NOW, NOW + timedelta(days=1)
    )
    about_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    about_subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    for extension in (about_issuer, about_subject, *extensions):
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(PEM)


def authority(subject):
    key = ec.generate_private_key(ec.SECP256R1())
    return key, signed(subject, key, subject, key, x509.BasicConstraints(ca=True, path_length=None), SIGNS)


def server(folder, issuer, issuer_key):
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    file = folder / "server.pem"
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + signed("localhost", key, issuer, issuer_key, names))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def shake_hands(client, server):
    """In memory. Raises SSLCertVerificationError if the client does not trust the server."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        side = sides.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            sides.append(side)


@pytest.fixture
def authorities(tmp_path):
    """Two of the same name, as after a renewal, and one that is in no folder."""
    old, new, other = authority("Trusted"), authority("Trusted"), authority("Other")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"# Trusted, twice\n" + old[1] + b"\n" + new[1])
    command = [sys.executable, ROOT / "infra/tools/certificates.py", bundle, tmp_path / "certificates"]
    subprocess.run(command, check=True)
    return ssl.create_default_context(capath=tmp_path / "certificates"), old[0], new[0], other[0]


def test_servers_of_each_authority_in_the_folder_are_trusted(authorities, tmp_path):
    client, old, new, _ = authorities
    for key in (old, new):
        shake_hands(client, server(tmp_path, "Trusted", key))


@pytest.mark.parametrize("issuer", ["Trusted", "Other"])
def test_servers_of_another_authority_are_not_trusted(authorities, tmp_path, issuer):
    client, _, _, other = authorities
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, server(tmp_path, issuer, other))
