"""Reads the OpenAPI body of the translated API into the route table, as API Gateway does.

A key or a value that the emulator does not know is an error that names its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from infra.local.routes import METHODS, Answer, Authorizer, Function, Mock, Route, Routes
from infra.local.template import NotModeled, Template, parameter, resolved

# How an integration calls a function, at the end of its URI.
_BUFFERED, _STREAMED = "invocations", "response-streaming-invocations"
# In milliseconds.
_TIMEOUT_MIN, _TIMEOUT, _STREAM_TIMEOUT = 50, 29_000, 900_000
_ANY = "x-amazon-apigateway-any-method"
_VARIABLE = re.compile(r"\$(?:\w|\{)[\w.{}()']*")
_KNOWN_VARIABLES = re.compile(r"\$context\.extendedRequestId")
# Only an authorizer's response can add context values.
_KNOWN_VARIABLES_OF_A_DENIAL = re.compile(r"\$context\.(extendedRequestId|authorizer\.\w+)")


def read_routes(template: Template) -> Routes:
    """Raises NotModeled with the place of anything that would not be served as by API Gateway."""
    api = _only(template, "AWS::ApiGateway::RestApi")
    stage = _only(template, "AWS::ApiGateway::Stage")
    body = api["Body"]
    # `servers` only says whether the API is also available on execute-api.
    known = {"components", "info", "openapi", "paths", "servers", "x-amazon-apigateway-gateway-responses"}
    _require("Api", body, known)
    for server in body.get("servers", ()):
        _require("Api servers", server, {"x-amazon-apigateway-endpoint-configuration"})
    functions = _functions(template)
    _require("Api components", body.get("components", {}), {"securitySchemes"})
    schemes = body.get("components", {}).get("securitySchemes", {})
    authorizers = {name: _authorizer(f"authorizer {name}", scheme, functions) for name, scheme in schemes.items()}
    refusals = {
        kind: _refusal(kind, response) for kind, response in body["x-amazon-apigateway-gateway-responses"].items()
    }
    _require_all("gateway responses", refusals, {"DEFAULT_4XX", "DEFAULT_5XX"})
    paths, written = {}, resolved(template, body["paths"])
    # A literal segment takes precedence over a parameter, whatever the order in the template.
    for path in sorted(written, key=lambda path: [segment.startswith("{") for segment in path.split("/")]):
        methods = written[path]
        _require(path, methods, {method.lower() for method in METHODS} | {_ANY})
        if "+}" in path:
            raise NotModeled(f"The local stack does not model the greedy path {path}.")
        paths[path] = {
            "ANY" if method == _ANY else method.upper(): _route(
                f"{method} {path}", path, operation, authorizers, functions
            )
            for method, operation in methods.items()
        }
    return Routes(str(parameter(template, stage["StageName"])), paths, refusals)


def _route(
    place: str, path: str, operation: Any, authorizers: Mapping[str, Authorizer], functions: Mapping[str, str]
) -> Route:
    _require(place, operation, {"responses", "security", "summary", "x-amazon-apigateway-integration"})
    integration = operation["x-amazon-apigateway-integration"]
    target: Function | Mock
    match integration["type"]:
        case "aws_proxy":
            target = _proxied(place, integration, functions)
        case "mock":
            target = _mock(place, integration)
        case other:
            raise NotModeled(f"The local stack does not model an integration of type {other} ({place}).")
    # SAM spells "no authorizer" as the scheme NONE.
    schemes = [name for scheme in operation.get("security", ()) for name in scheme if name != "NONE"]
    if len(schemes) > 1:
        raise NotModeled(f"The local stack does not model more than one authorizer ({place}).")
    return Route(path, target, authorizers[schemes[0]] if schemes else None)


def _proxied(place: str, integration: Any, functions: Mapping[str, str]) -> Function:
    _require(place, integration, {"httpMethod", "responseTransferMode", "timeoutInMillis", "type", "uri"})
    mode = integration.get("responseTransferMode", "BUFFERED")
    streams, timeout = mode == "STREAM", integration.get("timeoutInMillis", _TIMEOUT)
    if mode not in {"BUFFERED", "STREAM"}:
        raise NotModeled(f"The local stack does not model the responseTransferMode {mode} ({place}).")
    if not _TIMEOUT_MIN <= timeout <= (_STREAM_TIMEOUT if streams else _TIMEOUT):
        raise NotModeled(f"API Gateway does not accept a timeoutInMillis of {timeout} ({place}).")
    name = _function(place, integration["uri"], functions, _STREAMED if streams else _BUFFERED)
    return Function(name, streams, timeout / 1000)


def _mock(place: str, integration: Any) -> Mock:
    _require(place, integration, {"passthroughBehavior", "requestTemplates", "responses", "type"})
    _require_all(place, integration["responses"], {"default"}, exactly=True)
    _require_all(place, integration["requestTemplates"], {"application/json"}, exactly=True)
    response = integration["responses"]["default"]
    _require(place, response, {"responseParameters", "responseTemplates", "statusCode"})
    wanted = json.loads(integration["requestTemplates"]["application/json"])
    if wanted != {"statusCode": int(response["statusCode"])}:
        raise NotModeled(f"The local stack does not model a mock that chooses among responses ({place}).")
    behavior = integration.get("passthroughBehavior", "when_no_match").lower()
    return Mock(_answer(place, response, "method.response.header."), takes_other_types=behavior != "never")


def _refusal(kind: str, response: Any) -> Answer:
    place = f"gateway response {kind}"
    _require(place, response, {"responseParameters", "responseTemplates", "statusCode"})
    variables = _KNOWN_VARIABLES_OF_A_DENIAL if kind == "ACCESS_DENIED" else _KNOWN_VARIABLES
    return _answer(place, response, "gatewayresponse.header.", variables)


def _answer(place: str, response: Any, prefix: str, variables: re.Pattern[str] = _KNOWN_VARIABLES) -> Answer:
    templates = response["responseTemplates"]
    _require_all(place, templates, {"application/json"}, exactly=True)
    body = templates["application/json"]
    if unknown := {name for name in _VARIABLE.findall(body) if not variables.fullmatch(name)}:
        raise NotModeled(f"The local stack does not model {', '.join(sorted(unknown))} ({place}).")
    headers = {}
    for name, value in response.get("responseParameters", {}).items():
        if not (name.startswith(prefix) and re.fullmatch(r"'[^']*'", value)):
            raise NotModeled(f"The local stack does not model the response parameter {name}: {value} ({place}).")
        headers[name.removeprefix(prefix)] = value[1:-1]
    status = response.get("statusCode")
    return Answer(int(status) if status else None, headers, body)


def _authorizer(place: str, scheme: Any, functions: Mapping[str, str]) -> Authorizer:
    _require(place, scheme, {"in", "name", "type", "x-amazon-apigateway-authorizer", "x-amazon-apigateway-authtype"})
    details = scheme["x-amazon-apigateway-authorizer"]
    _require(place, details, {"authorizerResultTtlInSeconds", "authorizerUri", "identityValidationExpression", "type"})
    if details["type"] != "token":
        raise NotModeled(f"The local stack does not model an authorizer of type {details['type']} ({place}).")
    expression = details.get("identityValidationExpression")
    return Authorizer(
        function=_function(place, details["authorizerUri"], functions, _BUFFERED),
        header=scheme["name"],
        expression=re.compile(expression) if expression else None,
        ttl=int(details.get("authorizerResultTtlInSeconds", 300)),
    )


def _functions(template: Template) -> dict[str, str]:
    """A function's ARN or alias -> its logical id. Here every version runs the source."""
    named = {}
    for name, resource in template["Resources"].items():
        match resource:
            case {"Type": "AWS::Lambda::Function"}:
                named[f"{name}.Arn"] = name
            case {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": str(function)}}}:
                named[name] = function
    return named


def _function(place: str, uri: Any, functions: Mapping[str, str], call: str) -> str:
    """The logical id behind an integration's URI: SAM writes ${Name.Arn} or ${Alias}, in the text or as a variable."""
    match uri:
        case {"Fn::Sub": str(text)} if found := re.search(rf"/functions/\$\{{([\w.]+)\}}/{call}$", text):
            called = found[1]
        case {"Fn::Sub": [str(text), {"__FunctionArn__": {"Fn::GetAtt": [str(name), "Arn"]}}]} if text.endswith(
            f"/{call}"
        ):
            called = f"{name}.Arn"
        case {"Fn::Sub": [str(text), {"__FunctionArn__": {"Ref": str(name)}}]} if text.endswith(f"/{call}"):
            called = name
        case _:
            called = ""
    if called not in functions:
        raise NotModeled(f"The local stack cannot tell which function {json.dumps(uri)} is ({place}).")
    return functions[called]


def _only(template: Template, kind: str) -> dict[str, Any]:
    found = [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == kind]
    if len(found) != 1:
        raise NotModeled(f"The local stack serves one {kind}; the template has {len(found)}.")
    properties: dict[str, Any] = found[0]
    return properties


def _require(place: str, found: Mapping[str, Any], known: Collection[str]) -> None:
    if unknown := found.keys() - set(known):
        raise NotModeled(f"The local stack does not model {', '.join(sorted(unknown))} ({place}).")


def _require_all(place: str, found: Mapping[str, Any], needed: set[str], *, exactly: bool = False) -> None:
    if missing := needed - found.keys():
        raise NotModeled(f"The local stack needs {', '.join(sorted(missing))} ({place}).")
    if exactly:
        _require(place, found, needed)
