"""The credentials of the function's role, as Lambda provides them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from shared.aws.signature import Credentials

_ENDPOINT_SECONDS = 2
_RENEWED_BEFORE = timedelta(minutes=5)

_cached: tuple[Credentials, datetime] | None = None


class NoCredentials(Exception):  # noqa: N818 - a state, not a fault
    """The environment has no credentials, or their endpoint does not respond."""


def current() -> Credentials:
    """Read at each request, because a function restored by SnapStart has other credentials than its snapshot.

    Raises NoCredentials.
    """
    if "AWS_ACCESS_KEY_ID" in os.environ:
        return Credentials(
            os.environ["AWS_ACCESS_KEY_ID"],
            os.environ["AWS_SECRET_ACCESS_KEY"],
            os.environ.get("AWS_SESSION_TOKEN", ""),
        )
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in os.environ:
        return _of_container(
            os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        )
    raise NoCredentials("AWS_ACCESS_KEY_ID is not set")


def _of_container(url: str, authorization: str) -> Credentials:
    """Of the endpoint that Lambda gives a restored function. Renewed before they expire, and used until then."""
    global _cached  # noqa: PLW0603 - one process, one role
    now = datetime.now(UTC)
    if _cached is None or now >= _cached[1] - _RENEWED_BEFORE:
        try:
            _cached = _lent(url, authorization)
        except NoCredentials:
            if _cached is None or now >= _cached[1]:
                raise
    return _cached[0]


def _lent(url: str, authorization: str) -> tuple[Credentials, datetime]:
    """New credentials, and when they expire. Raises NoCredentials."""
    address = urlsplit(url)
    connection = HTTPConnection(address.netloc, timeout=_ENDPOINT_SECONDS)
    try:
        connection.request("GET", address.path, headers={"Authorization": authorization})
        answer = json.loads(connection.getresponse().read())
        expires = datetime.fromisoformat(answer["Expiration"])
        return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"]), expires
    except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
        raise NoCredentials("the credentials endpoint does not answer") from error
    finally:
        connection.close()
