"""Finds the deployment of a command, and points the store to its table."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.parsers import ResponseParserError

from infra.cli.deployment import Deployment
from infra.local import access
from shared.errors import InvalidRequest, NotFound, Unavailable

# The state file of `make run`, relative to the project's folder.
_LOCAL = Path(".local/stack.json")
# What a command needs to know, and what every deployment of this service has.
_OUTPUTS = ("TableName", "ApiUrl")
_PARAMETERS = ("AuditRetentionDays", "ConversationRetentionDays")
_PROMPT = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})

session = botocore.session.get_session()


def choose(name: str, *, region: str | None = None, profile: str | None = None) -> Deployment:
    """The stack of this name in AWS. Raises NotFound if there is none, and botocore's errors."""
    # Not through the environment, where credentials would override the profile that the operator names.
    if profile:
        session.set_config_variable("profile", profile)
    # AWS's other tools read AWS_REGION, botocore does not.
    if region := region or os.environ.get("AWS_REGION"):
        session.set_config_variable("region", region)
    _require_region()
    found = _of_name(name)
    given = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", ())}
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())}
    _require_ours(name, found["StackStatus"], outputs, given)
    # Before the variables below point all clients of this process to DynamoDB.
    sts = _client("sts", config=_PROMPT)
    aws_endpoint = os.environ.get("AWS_ENDPOINT_URL")
    os.environ |= _access() | {
        "TABLE_NAME": outputs["TableName"],
        "AUDIT_RETENTION_DAYS": given["AuditRetentionDays"],
        "CONVERSATION_RETENTION_DAYS": given["ConversationRetentionDays"],
    }
    # arn:aws:cloudformation:REGION:ACCOUNT:stack/...
    where, account = found["StackId"].split(":")[3:5]
    return Deployment(
        url=outputs["ApiUrl"],
        account=account,
        region=where,
        parameters=given,
        operator=lambda: str(_answer(sts, lambda: sts.get_caller_identity()["Arn"])),
        signing_key=lambda: _describe_key(outputs["SigningKeyArn"], aws_endpoint),
        aws_endpoint=aws_endpoint,
    )


def choose_local() -> Deployment:
    """The stack of `make run`. Raises Unavailable if none is running."""
    try:
        state = json.loads(_LOCAL.read_text(encoding="utf-8"))
        endpoint, name, url = state["awsEndpoint"], state["stackName"], state["url"]
        handler_arn = state.get("handlerArn")
    except (OSError, ValueError, LookupError, TypeError):
        raise Unavailable(
            f"No local stack is running: there is no {_LOCAL} in this folder. Start one with `make run`, and run this "
            "command in the project's folder."
        ) from None
    # No setting of the operator's may send a local command to AWS.
    access.isolate()
    os.environ |= access.variables(endpoint)
    try:
        return replace(choose(name), url=url, is_local=True, handler_arn=handler_arn)
    except EndpointConnectionError:
        raise Unavailable(f"The local stack does not answer on {endpoint}. Start it again with `make run`.") from None


def _require_region() -> None:
    """Raises InvalidRequest for a text that cannot be a region's name. botocore takes some, and puts them into URLs."""
    region = session.get_config_variable("region")
    if region and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]", region):
        raise InvalidRequest(
            f"There is no AWS region {region!r}: name one, such as us-east-1, with --region, or set AWS_REGION."
        )


def _client(service: str, **options: Any) -> Any:
    """Raises InvalidRequest if its address is no URL. Of a wrong port, botocore would complain at the first call."""
    try:
        made = session.create_client(service, **options)
        _ = urlsplit(made.meta.endpoint_url).port
    except ValueError as error:
        variables = (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL")
        where = next((one for one in variables if os.environ.get(one)), "endpoint_url in the profile")
        raise InvalidRequest(f"{where} must be a URL, such as http://127.0.0.1:4566. {error}.") from error
    return made


def _describe_key(arn: str, aws_endpoint: str | None) -> dict[str, Any]:
    # The variable in the environment leads to DynamoDB by now.
    kms = _client("kms", endpoint_url=aws_endpoint, config=_PROMPT.merge(Config(ignore_configured_endpoint_urls=True)))
    described: dict[str, Any] = _answer(kms, lambda: kms.describe_key(KeyId=arn)["KeyMetadata"])
    return described


def _answer(client: Any, ask: Callable[[], Any]) -> Any:
    """What AWS answers. Raises Unavailable if something else does, of which botocore can make nothing."""
    try:
        return ask()
    except ClientError as error:
        if "Error" in error.response:
            raise
    except (ResponseParserError, LookupError):
        pass
    raise Unavailable(
        f"What answers at {client.meta.endpoint_url} is not AWS, but perhaps a proxy. Check AWS_ENDPOINT_URL, and the "
        "network."
    )


def _credentials() -> ReadOnlyCredentials:
    """Raises NoCredentialsError, and InvalidRequest for garbled ones, which errors of HTTP headers would quote."""
    found = session.get_credentials()
    if found is None:
        raise NoCredentialsError
    frozen = found.get_frozen_credentials()
    parts = {
        "access key ID": frozen.access_key,
        "secret access key": frozen.secret_key,
        "session token": frozen.token or "",
    }
    for what, value in parts.items():
        if not re.fullmatch(r"[\x21-\x7e]*", value):
            raise InvalidRequest(
                f"The {what} of the AWS credentials has a space, a line break, or another character that cannot be in "
                "one. Copy it again."
            )
    return frozen


def _access() -> dict[str, str]:
    """Sets the variables that the store's client reads, as in Lambda."""
    frozen = _credentials()
    dynamodb = _client("dynamodb").meta
    return {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token or "",
        "AWS_REGION": dynamodb.region_name,
        "AWS_ENDPOINT_URL": dynamodb.endpoint_url,
    }


def _of_name(name: str) -> dict[str, Any]:
    cloudformation = _client("cloudformation", config=_PROMPT)
    _credentials()
    try:
        (described,) = _answer(cloudformation, lambda: cloudformation.describe_stacks(StackName=name)["Stacks"])
    except ClientError as error:
        # CloudFormation's error for a name that no stack has or could have.
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        region = cloudformation.meta.region_name
        raise NotFound(
            f"There is no stack {name} in {region} for these credentials: check --stack, --region, and --profile."
        ) from None
    stack: dict[str, Any] = described
    return stack


def _require_ours(name: str, status: str, outputs: Mapping[str, str], parameters: Mapping[str, str]) -> None:
    """Raises NotFound for the stack of another application, which may have a table, too."""
    missing = [f"output {one}" for one in _OUTPUTS if one not in outputs]
    missing += [f"parameter {one}" for one in _PARAMETERS if one not in parameters]
    if missing:
        raise NotFound(
            f"Stack {name} ({status}) has no {missing[0]}: it is not a stack of this service, or its deployment has "
            "not finished."
        )
