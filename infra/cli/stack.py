"""Finds the deployment of a command, and points the store to its table."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

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
        operator=lambda: str(sts.get_caller_identity()["Arn"]),
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
    described: dict[str, Any] = kms.describe_key(KeyId=arn)["KeyMetadata"]
    return described


def _access() -> dict[str, str]:
    """Sets the variables that the store's client reads, as in Lambda."""
    found = session.get_credentials()
    if found is None:
        raise NoCredentialsError
    frozen = found.get_frozen_credentials()
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
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        # CloudFormation's error for a name that no stack has or could have.
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        region = cloudformation.meta.region_name
        raise NotFound(
            f"There is no stack {name} in {region} for these credentials: check --stack, --region, and --profile."
        ) from None
    described: dict[str, Any] = stack
    return described


def _require_ours(name: str, status: str, outputs: Mapping[str, str], parameters: Mapping[str, str]) -> None:
    """Raises NotFound for the stack of another application, which may have a table, too."""
    missing = [f"output {one}" for one in _OUTPUTS if one not in outputs]
    missing += [f"parameter {one}" for one in _PARAMETERS if one not in parameters]
    if missing:
        raise NotFound(
            f"Stack {name} ({status}) has no {missing[0]}: it is not a stack of this service, or its deployment has "
            "not finished."
        )
