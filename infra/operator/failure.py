"""What went wrong between here and AWS, in one sentence that says what to do about it."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's name for it, and not the built-in one
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)

from shared.aws.client import AwsError, AwsErrorResponse, Unreachable
from shared.errors import ApiError, Unavailable

_EXPIRED = {"ExpiredToken", "ExpiredTokenException"}


def sentence(error: ApiError | AwsError | BotoCoreError | ClientError) -> str:
    match error:
        # The store keeps from visitors why AWS failed; an operator must know.
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
            # Where a permission is missing, AWS's message names it, and who lacks it.
            text = f"AWS refused {error.operation_name} ({code}): {message}"
        case AwsErrorResponse():
            text = f"AWS refused {error.operation} ({error.code}): {error}"
        case HTTPClientError() | ConnectionError() | Unreachable():
            text = f"AWS cannot be reached (is the region right?): {error}"
        case _:
            text = str(error)
    # botocore's messages have several lines, or no end.
    text = " ".join(text.split()).rstrip(".")
    return text if text.endswith("?") else f"{text}."
