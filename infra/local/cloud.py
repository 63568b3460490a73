"""The template's stack in moto: its table and key, and each function's environment as CloudFormation resolves it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from infra.local import access, moto_patches, scope
from infra.local import template as sam
from infra.local.loopback_only import LoopbackOnly
from infra.local.template import Template

STACK_NAME = "client-tokens-local"

# The emulator serves the API from the translated template, runs functions from the source, and hands lines of their log
# over itself. Alarms are not needed.
_LEFT_OUT = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Stage",
    "AWS::CloudFormation::Stack",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::SubscriptionFilter",
}


@dataclass(frozen=True, slots=True)
class Function:
    """`timeout`: seconds. `environment`: its variables in the template, resolved."""

    name: str
    arn: str
    handler: str
    timeout: int
    memory: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stack:
    """`functions` by logical id."""

    outputs: Mapping[str, str]
    functions: Mapping[str, Function]


def serve(
    address: str = "127.0.0.1", access_key: str | None = None, in_front: Callable[[Any], Any] | None = None
) -> tuple[ThreadedMotoServer, str]:
    """Serves AWS in this process on a free port; returns the server and its endpoint. Its data is in memory.

    `access_key`: the only one that it accepts; None accepts any. `in_front`: wraps moto's WSGI application, to answer
    some requests instead of it.
    """
    moto_patches.apply()
    moto = ThreadedMotoServer(address, 0, verbose=False)
    moto.start()
    server: Any = moto._server  # noqa: SLF001 - moto answers every website, and offers no other place to say no
    server.app = LoopbackOnly(in_front(server.app) if in_front else server.app, address, access_key)
    _, port = moto.get_host_and_port()
    return moto, f"http://{address}:{port}"


def create(
    template: Template, endpoint: str | None = None, credentials: Mapping[str, str] = access.CREDENTIALS
) -> Stack:
    """Creates the stack in the moto server at `endpoint`, or in the mock of this process; raises NotModeled.

    The process that hosts moto needs the patches.
    """
    scope.require_modeled(template)
    cloudformation = _client("cloudformation", endpoint, credentials)
    cloudformation.create_stack(
        StackName=STACK_NAME, TemplateBody=json.dumps(_reshaped(template)), Capabilities=["CAPABILITY_IAM"]
    )
    found = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    names = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}
    dynamodb = _client("dynamodb", endpoint, credentials)
    for logical_id, properties in _of_type(template, "AWS::DynamoDB::Table").items():
        moto_patches.restore_table_settings(dynamodb, names[logical_id], properties)
    described = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    functions = _client("lambda", endpoint, credentials)
    return Stack(
        outputs={output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]},
        functions={
            logical_id: _function(functions.get_function_configuration(FunctionName=names[logical_id]))
            for logical_id in _of_type(template, "AWS::Lambda::Function")
        },
    )


def _client(service: str, endpoint: str | None, credentials: Mapping[str, str]) -> Any:
    return boto3.client(
        service,
        region_name=access.REGION,
        endpoint_url=endpoint,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials["AWS_SESSION_TOKEN"],
    )


def _function(configuration: Mapping[str, Any]) -> Function:
    return Function(
        name=configuration["FunctionName"],
        arn=configuration["FunctionArn"],
        handler=configuration["Handler"],
        timeout=configuration["Timeout"],
        memory=configuration["MemorySize"],
        # moto converts numeric parameters to numbers; variables of a process are text.
        environment={name: str(value) for name, value in configuration["Environment"]["Variables"].items()},
    )


def _reshaped(template: Template) -> Template:
    """The template that moto can create: with code that exists, without resources that it ignores or we emulate."""
    resources: Template = json.loads(json.dumps(sam.resources(template)))
    kept = {name: resource for name, resource in resources.items() if resource["Type"] not in _LEFT_OUT}
    for resource in kept.values():
        after = resource.pop("DependsOn", [])
        resource["DependsOn"] = [name for name in ([after] if isinstance(after, str) else after) if name in kept]
        match resource["Type"]:
            case "AWS::Lambda::Function":
                resource["Properties"]["Code"] = {"ZipFile": "pass"}
                resource["Properties"].pop("Layers", None)
            case "AWS::ApiGateway::RestApi":
                # The API is served from the template itself, and its description may refer to removed resources.
                for name in {"Body", "Description"} & resource["Properties"].keys():
                    del resource["Properties"][name]
            case "AWS::IAM::Role":
                # moto enforces none of them, and takes half a second to read them.
                resource["Properties"].pop("Policies", None)
    return {key: template[key] for key in ("Parameters", "Conditions", "Outputs") if key in template} | {
        "Resources": kept
    }


def _of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"] for name, resource in sam.resources(template).items() if resource["Type"] == kind
    }
