"""How a command fails: one sentence that says what is wrong and how to fix it, and never a traceback."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from typer import TyperException

from shared.aws.client import AwsError, AwsErrorResponse, Unreachable
from shared.errors import ApiError, Unavailable

_EXPIRED = {"ExpiredToken", "ExpiredTokenException"}


class CommandFailed(TyperException):
    """The command is valid but failed. The message is for the operator."""


def show(error: TyperException) -> None:
    """Print to standard error why a command failed, with its usage if it is not valid."""
    if isinstance(error, CommandFailed):
        print(f"Error: {error.format_message()}", file=sys.stderr)
        return
    if close := getattr(error, "possibilities", None):
        error.message += f". Did you mean {' or '.join(close)}?"
        error.possibilities = ()  # type: ignore[attr-defined]
    error.show()  # type: ignore[attr-defined]


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turn errors of ours, of AWS, and of boto3 into CommandFailed."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - help does not wait for it

    try:
        yield
    except (ApiError, BotoCoreError, ClientError) as error:
        raise CommandFailed(sentence(error)) from error


def sentence(error: Exception) -> str:
    """What went wrong, and how to fix it."""
    from botocore.exceptions import (  # noqa: PLC0415 - as above
        ClientError,
        ConnectionError,  # noqa: A004 - botocore's name for it, and not the built-in one
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
    )

    match error:
        # The store hides AWS's error from visitors, but operators need it.
        case Unavailable(__cause__=AwsError() as cause):
            text = sentence(cause)
        case ApiError():
            text = error.message
        case NoCredentialsError():
            text = "There are no AWS credentials: sign in, or name a profile that has some with --profile"
        case NoRegionError():
            text = "There is no AWS region: name one with --region, or set AWS_REGION"
        case ClientError(response={"Error": {"Code": code}}) | AwsErrorResponse(code=code) if code in _EXPIRED:
            text = "The AWS credentials have expired: sign in again"
        case ClientError(response={"Error": {"Code": code, "Message": message}}):
            # If a permission is missing, AWS's message names it and the identity that lacks it.
            text = f"AWS refused {error.operation_name} ({code}): {message}"
        case AwsErrorResponse():
            text = f"AWS refused {error.operation} ({error.code}): {error}"
        case HTTPClientError() | ConnectionError() | Unreachable():
            text = f"AWS cannot be reached (is the region right?): {error}"
        case _:
            text = str(error)
    # botocore's messages may have several lines, or no period.
    text = " ".join(text.split()).rstrip(".")
    return text if text.endswith("?") else f"{text}."
