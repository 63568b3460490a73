"""Signature Version 4: proves to AWS who sent a request, and that it was not changed on the way.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote


class Credentials(NamedTuple):
    """`session_token`: empty for a user's long-lived keys."""

    access_key_id: str
    secret_access_key: str
    session_token: str


class Scope(NamedTuple):
    """Where a signature is valid. `service`: the signing name, which may differ from the host's."""

    region: str
    service: str


def signed(
    headers: Mapping[str, str], path: str, body: bytes, *, credentials: Credentials, scope: Scope, at: datetime
) -> dict[str, str]:
    """Returns the headers of a POST with its signature.

    `path`: encoded, as it is sent. `headers`: those to sign, with Host. A proxy may rewrite any other header on the
    way, such as User-Agent or X-Amzn-Trace-Id: send those unsigned.
    """
    time = at.strftime("%Y%m%dT%H%M%SZ")
    given = {**headers, "X-Amz-Date": time}
    if credentials.session_token:
        given["X-Amz-Security-Token"] = credentials.session_token
    # As AWS normalizes values before it compares signatures, so that none spans lines.
    sent = {name: " ".join(value.split()) for name, value in given.items()}
    canonical = sorted((name.lower(), value) for name, value in sent.items())
    names = ";".join(name for name, _ in canonical)
    # The path is encoded a second time for the signature.
    lines = ["POST", quote(path, safe="/~"), "", *(f"{name}:{value}" for name, value in canonical), "", names]
    request = "\n".join([*lines, hashlib.sha256(body).hexdigest()])
    day = f"{time[:8]}/{scope.region}/{scope.service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", time, day, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in day.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    sent["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{day}, SignedHeaders={names}, Signature={signature}"
    )
    return sent
