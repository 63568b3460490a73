"""Law 6: every route is guarded: the management plane by the authorizer, the browser plane explicitly by none."""

import ast
import re

import pytest

from infra.local import template as sam
from tests import whole_numbers
from tests.house.code import module
from tests.operations import STREAMING, WITHOUT_OPERATION

METHODS = {"get", "put", "post", "delete", "patch", "head", "options", "x-amazon-apigateway-any-method"}


@pytest.fixture(scope="module")
def body(source):
    """With every route that there can be."""
    everything = sam.translate(source, {"Console": "on"})
    body = everything["Resources"]["Api"]["Properties"]["Body"]
    return body | {"paths": sam.resolved(everything, body["paths"])}


@pytest.fixture(scope="module")
def operations(body):
    """(path, method) -> the operation that API Gateway imports."""
    found = {(path, method): operation for path, item in body["paths"].items() for method, operation in item.items()}
    assert {method for _, method in found} <= METHODS
    return found


def _function(uri):
    """The function behind an alias, or without one."""
    return re.search(r"functions/\$\{(\w+)(Aliaslive|\.Arn)\}/(response-streaming-)?invocations", uri["Fn::Sub"])[1]


def _guard(path):
    """The guard of a path. SAM writes the template's `Authorizer: NONE` as an empty list."""
    if re.match(r"/v1/(client-tokens|targets|audit|conversations|feedback)(/|$)", path):
        return [{"Bearer": []}]
    if path.startswith("/v1/client/") or re.match(r"/console(/|$)", path):
        return [{"NONE": []}]
    return pytest.fail(f"{path} is on no plane")


def test_every_route_has_the_guard_of_its_plane(operations):
    guards = {where: one.get("security") for where, one in operations.items() if where[1] != "options"}
    assert guards == {(path, method): _guard(path) for path, method in guards}


def test_a_preflight_needs_no_credential(operations):
    assert [where for where, one in operations.items() if where[1] == "options" and one.get("security")] == []


def test_authorizer_reads_a_bearer_credential(body):
    assert body["components"]["securitySchemes"].keys() == {"Bearer"}
    bearer = body["components"]["securitySchemes"]["Bearer"]
    authorizer = bearer["x-amazon-apigateway-authorizer"]
    assert (bearer["in"], bearer["name"], authorizer["type"]) == ("header", "Authorization", "token")
    _, given = authorizer["authorizerUri"]["Fn::Sub"]
    assert given == {"__FunctionArn__": {"Ref": "AuthorizeAliaslive"}}


@pytest.mark.parametrize(
    ("header", "may_pass"),
    [
        ("Bearer ctk_abc", True),
        ("bearer eyJ.eyJ.s-_", True),
        ("BEARER ctk_abc", True),
        ("bEaReR   ctk_abc", True),
        ("Bearer\tctk_abc", False),
        (" Bearer ctk_abc", False),
        ("Bearer YQ==", True),
        ("Bearer ", False),
        ("Basic YTpi", False),
        ("Bearer a b", False),
        ("Bearer a\n", False),
        ("ctk_abc", False),
    ],
)
def test_request_without_a_bearer_credential_skips_the_authorizer(body, header, may_pass):
    authorizer = body["components"]["securitySchemes"]["Bearer"]["x-amazon-apigateway-authorizer"]
    # API Gateway matches the whole header.
    assert bool(re.fullmatch(authorizer["identityValidationExpression"], header)) is may_pass


def test_every_function_has_exactly_one_route(operations, functions):
    served = {
        where: _function(one["x-amazon-apigateway-integration"]["uri"])
        for where, one in operations.items()
        if one["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    }
    # But for the console, which is a page and its files.
    assert sorted(served.values()) == sorted([*functions.keys() - WITHOUT_OPERATION, *["ConsolePage"] * 2])


def test_function_and_handler_state_their_route(operations, functions):
    for (path, method), one in operations.items():
        if one["x-amazon-apigateway-integration"]["type"] == "aws_proxy":
            function = functions[_function(one["x-amazon-apigateway-integration"]["uri"])]
            handler = module(f"functions.{function['Handler'].removesuffix('.handler')}")
            route = f"{method.upper()} {path}"
            assert route in function["Description"].split(" and ")
            assert ast.get_docstring(handler.tree) == function["Description"]


def test_answers_stream_and_nothing_else_does(operations, functions):
    """It takes both: API Gateway's mode, and the layer's runtime client in place of Lambda's own."""
    streamed = {
        _function(one["x-amazon-apigateway-integration"]["uri"]): one["x-amazon-apigateway-integration"]
        for one in operations.values()
        if one["x-amazon-apigateway-integration"].get("responseTransferMode") == "STREAM"
    }
    assert streamed.keys() == STREAMING
    for one in streamed.values():
        assert one["uri"]["Fn::Sub"].endswith("/response-streaming-invocations")
    wrappers = {name: one["Environment"]["Variables"].get("AWS_LAMBDA_EXEC_WRAPPER") for name, one in functions.items()}
    assert {name: wrapper for name, wrapper in wrappers.items() if wrapper} == dict.fromkeys(STREAMING, "/opt/stream")


def test_lambda_ends_a_stream_before_api_gateway_does(template, operations, functions):
    """API Gateway's own end would leave the function running, and paid for, with nobody to read it."""
    for name, path in (("Chat", "chat"), ("ResumeExecution", "resume")):
        integration = operations[f"/v1/client/{path}", "post"]["x-amazon-apigateway-integration"]
        _, longest = whole_numbers.bounds(template["Parameters"][functions[name]["Timeout"]["Ref"]])
        assert integration["timeoutInMillis"] > longest * 1000


def test_unsupported_method_reaches_no_function(operations):
    for (path, method), one in operations.items():
        integration = one["x-amazon-apigateway-integration"]
        assert integration["type"] in {"aws_proxy", "mock"}, f"{method} {path}"
        if method == "x-amazon-apigateway-any-method":
            assert integration["type"] == "mock", path
            assert integration["responses"]["default"]["statusCode"] == "405", path


def test_allow_header_lists_the_served_methods(body):
    """RFC 9110, section 15.5.6."""
    for path, item in body["paths"].items():
        answer = item["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]["responses"]["default"]
        allowed = answer["responseParameters"]["method.response.header.Allow"].strip("'").split(", ")
        assert {method.lower() for method in allowed} == item.keys() - {"x-amazon-apigateway-any-method"}, path


def test_only_this_api_and_the_log_of_its_functions_may_invoke_one(template):
    resources = template["Resources"].values()
    permissions = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::Lambda::Permission"]
    sources = {"apigateway.amazonaws.com": "Api", "logs.amazonaws.com": "FunctionLogs"}
    assert {permission["Principal"] for permission in permissions} == sources.keys()
    for permission in permissions:
        assert {"Ref": sources[permission["Principal"]]} in _values(permission["SourceArn"])
    invoked_by_logs = [one["FunctionName"] for one in permissions if one["Principal"] == "logs.amazonaws.com"]
    assert invoked_by_logs == [{"Ref": "TallyAliaslive"}]
    assert [resource for resource in resources if resource["Type"] == "AWS::Lambda::Url"] == []


def test_batches_of_log_lines_are_tried_again_for_six_hours(template):
    """docs/operate.md says so."""
    (tries,) = [one["Properties"] for one in template["Resources"].values() if "EventInvokeConfig" in one["Type"]]
    assert tries["FunctionName"] == {"Ref": "Tally"}
    assert (tries["MaximumEventAgeInSeconds"], tries["MaximumRetryAttempts"]) == (6 * 60 * 60, 2)


def _values(written):
    """Every value in an intrinsic function, however deep."""
    yield written
    if isinstance(written, dict | list):
        for inner in written.values() if isinstance(written, dict) else written:
            yield from _values(inner)
