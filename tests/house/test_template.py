"""What template.yaml promises to whoever deploys it."""

import json
import re

import botocore.session
import pytest

from infra.local import parameters
from infra.local import template as sam
from infra.local.template import ROOT
from shared import errors, replies
from shared.gateway.response import STATUS as STATUS_OF_ERROR
from shared.store import table
from tests import whole_numbers
from tests.docs import pages
from tests.operations import STREAMING

ON_EVERY_ANSWER = {
    "Access-Control-Allow-Origin": "'*'",
    "Vary": "'Origin'",
    "Cache-Control": "'no-store'",
    "X-Content-Type-Options": "'nosniff'",
    "Strict-Transport-Security": "'max-age=63072000'",
}
STATUS = {
    "ACCESS_DENIED": "401",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "503",
    "AUTHORIZER_FAILURE": "503",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "EXPIRED_TOKEN": "401",
    "INTEGRATION_FAILURE": "502",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "401",
    "INVALID_SIGNATURE": "401",
    "MISSING_AUTHENTICATION_TOKEN": "404",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "405",
    "WAF_FILTERED": "403",
}


# The status of each type that is not configured, which then has the headers and the body of its default:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
AWS_STATUS = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "403",
    "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}


RANGES = {name: found for name, one in sam.read()["Parameters"].items() if (found := whole_numbers.bounds(one))}


def _is_taken(source, name, value):
    """Whether CloudFormation would deploy with this value."""
    try:
        parameters.require_valid({"Parameters": {name: source["Parameters"][name]}}, {name: value})
    except parameters.InvalidParameters:
        return False
    return True


def _of_type(template, kind):
    return {name: one for name, one in template["Resources"].items() if one["Type"] == kind}


@pytest.fixture(scope="module")
def configured(template):
    return template["Resources"]["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]


@pytest.fixture(scope="module")
def responses(configured):
    """Type of gateway response -> what API Gateway answers."""
    return {kind: configured.get(kind, _default(kind, configured)) for kind in AWS_STATUS}


def _default(kind, configured):
    status = AWS_STATUS[kind]
    return configured[f"DEFAULT_{status[0]}XX"] | {"statusCode": status}


def _headers(response):
    return {
        name.removeprefix("gatewayresponse.header."): value for name, value in response["responseParameters"].items()
    }


def _body(response):
    return json.loads(response["responseTemplates"]["application/json"])


class TestFunctions:
    def test_functions_and_layers_share_a_runtime(self, template, functions):
        for name, properties in functions.items():
            assert (properties["Runtime"], properties["Architectures"]) == ("python3.13", ["arm64"]), name
        for name, layer in _of_type(template, "AWS::Lambda::LayerVersion").items():
            properties = layer["Properties"]
            assert properties["CompatibleRuntimes"] == ["python3.13"], name
            assert properties["CompatibleArchitectures"] == ["arm64"], name

    def test_have_one_role_each(self, functions):
        assert {name: properties["Role"] for name, properties in functions.items()} == {
            name: {"Fn::GetAtt": [f"{name}Role", "Arn"]} for name in functions
        }

    def test_only_the_authorizer_loads_cryptography(self, functions):
        layers = {
            name: [re.sub(r"[0-9a-f]{10}$", "", layer["Ref"]) for layer in properties["Layers"]]
            for name, properties in functions.items()
        }
        assert layers.pop("Authorize") == ["SharedLayer", "CryptographyLayer"]
        assert [name for name, refs in layers.items() if refs != ["SharedLayer"]] == []

    def test_time_out_before_api_gateway_does(self, functions):
        buffered = {name: properties["Timeout"] for name, properties in functions.items() if name not in STREAMING}
        assert {name for name, seconds in buffered.items() if seconds >= 29} == set()

    def test_leave_time_to_store_the_answer_of_a_target(self, template, functions):
        pauses = sum(min(2**attempt, table._LONGEST_PAUSE) for attempt in range(table._ATTEMPTS)) * table._PAUSE_SECONDS
        timeout = template["Parameters"][functions["Chat"]["Timeout"]["Ref"]]
        shortest, longest = whole_numbers.bounds(timeout)
        assert pauses < replies._SECONDS_TO_STORE < shortest
        # As the parameter's description says.
        assert [int(each) - replies._SECONDS_TO_STORE for each in (timeout["Default"], longest)] == [25, 300]

    def test_log_to_groups_with_retention(self, template, functions):
        groups = _of_type(template, "AWS::Logs::LogGroup")
        assert {name for name, group in groups.items() if "RetentionInDays" not in group["Properties"]} == set()
        assert {properties["LoggingConfig"]["LogGroup"]["Ref"] for properties in functions.values()} <= groups.keys()


class TestRefusalsOfApiGateway:
    def test_are_complete_and_have_defaults(self, configured):
        kinds = botocore.session.get_session().get_service_model("apigateway").shape_for("GatewayResponseType").enum
        assert AWS_STATUS.keys() | {"DEFAULT_4XX", "DEFAULT_5XX"} == set(kinds)
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
            # A status here would be that of all responses that are not configured.
            assert "statusCode" not in configured[kind]

    def test_are_configured_only_where_they_differ_from_their_default(self, configured):
        assert [kind for kind in configured.keys() & AWS_STATUS if configured[kind] == _default(kind, configured)] == []

    def test_have_a_status_that_callers_can_act_on(self, responses):
        assert {kind: response["statusCode"] for kind, response in responses.items()} == STATUS

    def test_bad_requests_and_misconfigurations_use_the_default_bodies(self, responses):
        for kind, code in (
            ("BAD_REQUEST_BODY", "invalid_request"),
            ("BAD_REQUEST_PARAMETERS", "invalid_request"),
            ("API_CONFIGURATION_ERROR", "internal_error"),
        ):
            assert _body(responses[kind])["code"] == code

    def test_have_the_same_body_as_errors_of_functions(self, responses):
        for kind, response in responses.items():
            body = _body(response)
            assert {"error", "code", "requestId"} <= body.keys() <= {"error", "code", "hint", "requestId"}, kind
            assert body["requestId"] == "$context.extendedRequestId", kind

    def test_have_the_same_status_per_code_as_functions(self, responses):
        ours = {kind.code: str(status) for kind, status in STATUS_OF_ERROR.items()}
        given = [(kind, response["statusCode"], _body(response)["code"]) for kind, response in responses.items()]
        assert errors.Unauthenticated.code in ours
        assert [one for one in given if one[1] != ours.get(one[2], one[1])] == []

    def test_responses_have_cors_and_no_store_headers(self, responses):
        assert {
            kind for kind, response in responses.items() if not ON_EVERY_ANSWER.items() <= _headers(response).items()
        } == set()

    def test_have_www_authenticate_and_retry_after_where_needed(self, responses):
        for kind, response in responses.items():
            headers = _headers(response)
            assert ("WWW-Authenticate" in headers) == (STATUS[kind] == "401"), kind
            assert ("Retry-After" in headers) == (STATUS[kind] in {"429", "503"}), kind
            exposed = headers["Access-Control-Expose-Headers"].strip("'").split(", ")
            assert exposed == (["Retry-After"] if "Retry-After" in headers else []) + ["x-amz-apigw-id"], kind


def test_access_log_line_is_json_without_credentials(template):
    written = template["Resources"]["ApiStage"]["Properties"]["AccessLogSetting"]["Format"]
    # API Gateway writes - for a missing value.
    line = json.loads(re.sub(r"\$context\.[\w.]+", "-", written))
    assert line.keys() == {
        "requestId", "time", "method", "route", "status", "responseType", "address", "principal", "latencyMs",
        "responseBytes",
    }  # fmt: skip
    # Callers can choose requestId, headers, path, and query.
    assert set(re.findall(r"\$context\.([\w.]+)", written)) == {
        "extendedRequestId", "requestTime", "httpMethod", "resourcePath", "status", "error.responseType",
        "identity.sourceIp", "authorizer.principalId", "responseLatency", "responseLength",
    }  # fmt: skip


class TestTable:
    @pytest.fixture
    def table(self, template):
        return template["Resources"]["Table"]

    def test_is_retained_protected_and_backed_up(self, table):
        assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
        assert table["Properties"]["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
        assert table["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}

    def test_table_is_protected_by_default(self, template):
        assert template["Parameters"]["DeletionProtection"]["Default"] == "true"

    def test_is_billed_per_request(self, table):
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"

    def test_table_has_a_ttl(self, table):
        assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_signing_key_is_an_hmac_key_that_is_retained(template):
    key = template["Resources"]["SigningKey"]
    assert (key["Properties"]["KeySpec"], key["Properties"]["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    # As docs/operate.md says: for so long its deletion can be canceled.
    assert key["Properties"]["PendingWindowInDays"] == 30


def test_stage_has_the_metrics_of_each_method(template):
    """The alarm on revealed values counts those of one method, which API Gateway otherwise does not report."""
    (settings,) = template["Resources"]["ApiStage"]["Properties"]["MethodSettings"]
    assert (settings["HttpMethod"], settings["ResourcePath"], settings["MetricsEnabled"]) == ("*", "/*", True)


def test_retained_resources_are_deleted_if_creation_fails(template):
    """Otherwise each failed first deployment would leave a table and keys behind."""
    kept = {name for name, one in template["Resources"].items() if one.get("DeletionPolicy", "Delete") != "Delete"}
    assert kept == {"ApiGatewayAccount", "ApiGatewayLogging", "SigningKey", "Table", "TableEncryptionKey"}
    for name in kept:
        one = template["Resources"][name]
        assert (one["DeletionPolicy"], one["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain"), name


def test_deploy_page_looks_up_what_is_kept_before_it_deletes_the_stack():
    """A deleted stack has no name to look it up by."""
    before, _, after = pages.section("docs/deploy.md", "Tear down").partition("delete-stack")
    assert set(re.findall(r"=\$\(resource (\w+)\)", before)) == {
        "ApiGatewayLogging", "SigningKey", "Table", "TableEncryptionKey",
    }  # fmt: skip
    assert not re.search(r"\bresource [A-Z]", after)


class TestParameters:
    def test_are_described(self, source):
        assert {name for name, one in source["Parameters"].items() if not one.get("Description")} == set()

    def test_parameters_have_defaults(self, source):
        assert {name for name, one in source["Parameters"].items() if "Default" not in one} == set()

    def test_numeric_parameters_have_a_range_or_a_list_of_values(self, source):
        numeric = {name: one for name, one in source["Parameters"].items() if str(one["Default"]).isdecimal()}
        assert len(numeric) > 10
        assert {
            name for name, one in numeric.items() if not (whole_numbers.bounds(one) or "AllowedValues" in one)
        } == set()

    @pytest.mark.parametrize("name", sorted(RANGES))
    def test_numeric_parameters_take_the_whole_numbers_of_their_range(self, source, name):
        low, high = RANGES[name]
        assert low <= int(source["Parameters"][name]["Default"]) <= high
        edges = {edge + step for edge in (low, high, *(10**power for power in range(12))) for step in (-1, 0, 1)}
        tried = edges.union(range(5000), range(0, 11 * high, high // 1000 + 1))
        assert {each for each in tried if _is_taken(source, name, str(each))} == {
            each for each in tried if low <= each <= high
        }

    @pytest.mark.parametrize("name", sorted(RANGES))
    @pytest.mark.parametrize(
        "value",
        ["", "1.5", "10.0", "00", "010", "-1", "+10", "1e3", " 1", "10 ", "10\n", "1,000", "0x10", "\u0661\u0660"],
    )
    def test_numeric_parameters_refuse_other_ways_to_write_a_number(self, source, name, value):
        """A function would fail at each request, or a condition that compares text would not hold."""
        assert not _is_taken(source, name, value)

    def test_are_used(self, source):
        """cfn-lint does not check this in a SAM template."""
        text = json.dumps({name: section for name, section in source.items() if name not in {"Metadata", "Parameters"}})
        unused = {
            name for name in source["Parameters"] if f'"Ref": "{name}"' not in text and f"${{{name}}}" not in text
        }
        assert unused == set()

    def test_are_shown_once_with_a_label(self, source):
        interface = source["Metadata"]["AWS::CloudFormation::Interface"]
        shown = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
        assert sorted(shown) == sorted(interface["ParameterLabels"]) == sorted(source["Parameters"])


def test_outputs_name_every_resource(source):
    assert source["Outputs"].keys() == {"ApiUrl", "ConsoleUrl", "DomainTarget", "TableName", "SigningKeyArn"}
    assert {name for name, output in source["Outputs"].items() if not output.get("Description")} == set()


def test_paths_that_sam_builds_from_exist(source):
    """`sam build` fails without them, and no other test builds."""
    found = set(_paths(source))
    assert {"functions/", "shared/"} < found
    assert {path for path in found if not (ROOT / path).exists()} == set()


def test_template_order_is_api_functions_data_monitoring(source):
    order = [
        "AWS::Serverless::Api",
        "AWS::Serverless::Function",
        "AWS::DynamoDB::Table",
        "AWS::Serverless::Application",
    ]
    assert list(source)[-6:] == ["Parameters", "Conditions", "Rules", "Globals", "Resources", "Outputs"]
    found = [one["Type"] for one in source["Resources"].values() if one["Type"] in order]
    assert found == sorted(found, key=order.index)


def _paths(node):
    for key, value in node.items() if isinstance(node, dict) else enumerate(node if isinstance(node, list) else ()):
        if key in {"CodeUri", "ContentUri", "ContextPath", "Location", "WorkingDirectory"} and isinstance(value, str):
            yield value
        else:
            yield from _paths(value)
