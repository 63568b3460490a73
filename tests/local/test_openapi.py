"""The route table, read from the API's body. Anything that AWS would serve differently is an error."""

import copy

import pytest

from infra.local import template as sam
from infra.local.openapi import read_routes
from infra.local.routes import Function
from infra.local.template import NotModeled
from tests.aws.in_memory import TEMPLATE

PATH = "/v1/client-tokens"
ANY = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
REFUSALS = "x-amazon-apigateway-gateway-responses"


@pytest.fixture
def template():
    return copy.deepcopy(TEMPLATE)


@pytest.fixture
def body(template):
    return template["Resources"]["Api"]["Properties"]["Body"]


def test_routes_map_to_the_functions_of_the_template():
    routes = read_routes(TEMPLATE)
    assert routes.stage == "api"
    assert routes.paths[PATH]["POST"].target == Function("CreateClientToken")
    authorizer = routes.paths[PATH]["POST"].authorizer
    assert (authorizer.function, authorizer.header, authorizer.ttl) == ("Authorize", "Authorization", 60)
    assert routes.paths[PATH]["OPTIONS"].authorizer is None
    assert routes.paths[PATH]["PATCH" if "PATCH" in routes.paths[PATH] else "ANY"].target.answer.status == 405
    assert routes.refusals["MISSING_AUTHENTICATION_TOKEN"].status == 404
    assert routes.refusals["DEFAULT_4XX"].status is None


def test_literal_segment_wins_over_a_parameter(body, template):
    body["paths"] = {f"{PATH}/{{id}}": body["paths"][PATH], f"{PATH}/mine": body["paths"][PATH]}
    assert list(read_routes(template).paths) == [f"{PATH}/mine", f"{PATH}/{{id}}"]


def test_route_streams_where_the_template_says_so():
    """The whole way: SAM's own event property, its translation, and our reading of it."""
    source = sam.read()
    route = source["Resources"]["InitSession"]["Properties"]["Events"]["Route"]["Properties"]
    route |= {"ResponseTransferMode": "RESPONSE_STREAM", "TimeoutInMillis": 300_000}
    paths = read_routes(sam.translate(source)).paths
    assert paths["/v1/client/init"]["POST"].target == Function("InitSession", streams=True, timeout=300.0)
    assert paths[PATH]["POST"].target == Function("CreateClientToken", streams=False, timeout=29.0)


@pytest.mark.parametrize(
    "change",
    [
        # Each streams in one of two places only, which AWS refuses or buffers.
        {"responseTransferMode": "STREAM"},
        {"uri": {"Fn::Sub": "arn:x:path/2021-11-15/functions/${InitSessionAliaslive}/response-streaming-invocations"}},
        {"responseTransferMode": "RESPONSE_STREAM"},
        {"timeoutInMillis": 29_001},
        {"timeoutInMillis": 49},
    ],
)
def test_half_a_stream_is_not_modeled(body, template, change):
    body["paths"]["/v1/client/init"]["post"][INTEGRATION] |= change
    with pytest.raises(NotModeled, match=r"post /v1/client/init"):
        read_routes(template)


def test_authorizer_cache_defaults_to_five_minutes(body, template):
    del body["components"]["securitySchemes"]["Bearer"]["x-amazon-apigateway-authorizer"][
        "authorizerResultTtlInSeconds"
    ]
    assert read_routes(template).paths[PATH]["GET"].authorizer.ttl == 300


def at(tree, *keys):
    for key in keys:
        tree = tree[key]
    return tree


@pytest.mark.parametrize(
    ("place", "change", "named"),
    [
        ([], {"x-amazon-apigateway-binary-media-types": ["*/*"]}, "x-amazon-apigateway-binary-media-types (Api)"),
        (["paths", PATH, "get"], {"parameters": []}, f"parameters (get {PATH})"),
        (["paths", PATH, "get", INTEGRATION], {"cacheNamespace": "x"}, f"cacheNamespace (get {PATH})"),
        (
            ["paths", PATH, "get", INTEGRATION],
            {"type": "http_proxy"},
            f"an integration of type http_proxy (get {PATH})",
        ),
        (
            ["paths", PATH, "get", INTEGRATION],
            {"uri": "arn:aws:other"},
            f'which function "arn:aws:other" is (get {PATH})',
        ),
        (
            ["paths", PATH, "get"],
            {"security": [{"Bearer": []}, {"Other": []}]},
            f"more than one authorizer (get {PATH})",
        ),
        (["paths"], {"/{proxy+}": {}}, "the greedy path /{proxy+}"),
        (
            ["paths", PATH, ANY, INTEGRATION],
            {"requestTemplates": {"application/json": '{"statusCode": 500}'}},
            f"a mock that chooses among responses ({ANY} {PATH})",
        ),
        (["paths", PATH, ANY, INTEGRATION, "responses"], {"4\\d\\d": {}}, f"4\\d\\d ({ANY} {PATH})"),
        (
            [REFUSALS, "THROTTLED", "responseTemplates"],
            {"application/json": '{"why": "$context.error.message"}'},
            "$context.error.message (gateway response THROTTLED)",
        ),
        (
            [REFUSALS, "THROTTLED", "responseParameters"],
            {"gatewayresponse.header.Via": "method.request.header.Via"},
            "gatewayresponse.header.Via: method.request.header.Via (gateway response THROTTLED)",
        ),
        (
            ["components", "securitySchemes", "Bearer", "x-amazon-apigateway-authorizer"],
            {"type": "request"},
            "an authorizer of type request (authorizer Bearer)",
        ),
    ],
)
def test_unmodeled_property_is_named_with_its_path(body, template, place, change, named):
    at(body, *place).update(change)
    with pytest.raises(NotModeled) as caught:
        read_routes(template)
    assert named in str(caught.value)


@pytest.mark.parametrize("kind", ["UNAUTHORIZED", "DEFAULT_4XX", "AUTHORIZER_FAILURE"])
def test_authorizer_context_is_modeled_only_in_denials(body, template, kind):
    body[REFUSALS][kind]["responseTemplates"] = {"application/json": '{"hint": "$context.authorizer.hint"}'}
    with pytest.raises(NotModeled, match=rf"\$context.authorizer.hint \(gateway response {kind}\)"):
        read_routes(template)


def test_default_gateway_responses_are_required(body, template):
    del body[REFUSALS]["DEFAULT_5XX"]
    with pytest.raises(NotModeled, match="needs DEFAULT_5XX"):
        read_routes(template)


def test_template_must_have_exactly_one_api(template):
    template["Resources"]["Second"] = template["Resources"]["Api"]
    with pytest.raises(NotModeled, match=r"serves one AWS::ApiGateway::RestApi; the template has 2\."):
        read_routes(template)
