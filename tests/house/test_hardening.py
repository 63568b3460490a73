"""Optional protection around the API: it exists if a parameter asks for it, and only then."""

import copy
import json
import re
from types import SimpleNamespace

import pytest
from cfnlint.api import lint
from samtranslator.model import apigateway

from infra.local import template as sam
from infra.local.parameters import InvalidParameters, require_valid
from tests import watched

ALL = {
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:pager",
    "AuthorizerConcurrency": "10",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b",
    "ChatConcurrency": "500",
    "Console": "on",
    "DefaultEndpoint": "closed",
    "DomainName": "tokens.example.com",
    "Firewall": "on",
    "HostedZoneId": "Z0123456789",
    "RetiredSigningKeyArns": "arn:aws:kms:us-east-1:123456789012:key/0a1b",
    "SigningKeyArn": "arn:aws:kms:us-east-1:123456789012:key/2c3d",
    "SnapStart": "on",
    "TableKey": "create",
    "Tracing": "Active",
}
# Behind a proxy, the proxy's own firewall is used.
PROXY = {"ClientAddressHeader": "CF-Connecting-IP", "ProxySecretDigests": f"{'0a' * 32},{'1B' * 32}"}
MODEL = "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0"
OTHERS = {
    "BedrockModelArns": f"{MODEL},{MODEL}",
    "ClerkAuthorizedParties": "https://app.example.com , http://[::1]:3000/,chrome-extension://abc",
    "ClerkIssuer": "https://clerk.example.com:8443/a",
    "TargetFunctionPrefix": "assistant-",
    "TargetSecretPrefix": "client-tokens/",
}
LINE_BREAKS = "\n\r\v\f\x1c\x85\u2028\u2029"
OPTIONAL = {
    "ConsolePage", "Domain", "DomainMapping", "DomainRecords", "TableEncryptionKey", "WebAcl", "WebAclAssociation",
}  # fmt: skip


@pytest.fixture(scope="module")
def everything(source):
    """The template with all options on."""
    return sam.translate(source, ALL)


def chosen(template, written):
    match written:
        case {"Fn::If": [condition, if_true, if_false]}:
            return chosen(template, if_true if sam.holds(template, condition) else if_false)
    return sam.parameter(template, written)


def there(template, name):
    return sam.resources(template)[name]["Properties"]


def test_optional_resources_exist_only_by_parameter(template, everything):
    assert OPTIONAL & sam.resources(template).keys() == set()
    assert OPTIONAL - sam.resources(everything).keys() == set()


def test_parameters_accept_the_documented_values(source):
    for name, value in (ALL | PROXY).items():
        parameter = source["Parameters"][name]
        if allowed := parameter.get("AllowedValues"):
            assert value in allowed
        if pattern := parameter.get("AllowedPattern"):
            for one in (value, parameter["Default"]):
                assert re.fullmatch(pattern, one), f"{name}: {one}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DomainName", "https://tokens.example.com"),
        ("DomainName", "localhost"),
        ("CertificateArn", "tokens.example.com"),
        ("SigningKeyArn", "alias/client-tokens-signing"),
        ("RetiredSigningKeyArns", f"{ALL['SigningKeyArn']},"),
        ("RetiredSigningKeyArns", f"{ALL['SigningKeyArn']}, {ALL['SigningKeyArn']}"),
        ("TableKey", ""),
        ("TableKey", "alias/aws/dynamodb"),
        ("AlarmTopicArn", "ops@example.com"),
        ("ClerkIssuer", "http://clerk.example.com"),
        ("ClerkIssuer", "clerk.example.com"),
        ("ClerkAuthorizedParties", "app.example.com"),
        ("ClerkAuthorizedParties", "https://app.example.com,"),
        ("ClerkAuthorizedParties", "https://*.example.com"),
        ("ClerkAuthorizedParties", "https://app.example.com/login"),
        ("ClerkAuthorizedParties", " "),
        ("ClerkAuthorizedParties", ","),
        ("ClerkAuthorizedParties", "https://app.example.com?x"),
        ("BedrockModelArns", f"{MODEL}, {MODEL}"),
        ("BedrockModelArns", ",".join([MODEL] * 60)),
        ("ProxySecretDigests", "the secret itself"),
        ("ProxySecretDigests", "0a" * 31),
        ("ProxySecretDigests", f"{'0a' * 32},"),
        ("ProxySecretDigests", f"{'0a' * 32}, {'0a' * 32}"),
        ("ProxySecretDigests", ",".join(["0a" * 32] * 3)),
    ],
)
def test_parameters_reject_values_that_would_fail_late(source, name, value):
    with pytest.raises(InvalidParameters, match=name):
        require_valid({"Parameters": {name: source["Parameters"][name]}}, {name: value})


def test_parameters_accept_a_model_without_a_region(source):
    """AWS's examples name the model of a global inference profile like this."""
    for value in ("arn:aws:bedrock:::foundation-model/amazon.nova-2-lite-v1:0", MODEL):
        require_valid(
            {"Parameters": {"BedrockModelArns": source["Parameters"]["BedrockModelArns"]}}, {"BedrockModelArns": value}
        )


def test_parameters_refuse_line_breaks(source):
    """One in a list would hide the entry after it, and one in a header or a log line would end it."""
    patterns = {name: one for name, one in source["Parameters"].items() if "AllowedPattern" in one}
    assert len(patterns) > 20
    for name, one in patterns.items():
        value = (ALL | PROXY | OTHERS).get(name) or one["Default"]
        assert value, f"{name} needs an example"
        assert re.fullmatch(one["AllowedPattern"], value), name
        broken = [f"{value[:at]}{each}{value[at:]}" for at in range(len(value) + 1) for each in LINE_BREAKS]
        assert [each for each in broken if re.fullmatch(one["AllowedPattern"], each)] == [], name


@pytest.mark.parametrize(
    ("given", "broken"),
    [
        ({"DomainName": "tokens.example.com"}, "DomainName requires CertificateArn."),
        ({"HostedZoneId": "Z0123456789"}, "HostedZoneId requires DomainName."),
        ({"ClientAddressHeader": "X-Forwarded-For"}, "requires ProxySecretDigests"),
        ({"ProxySecretDigests": "0a" * 32}, "ProxySecretDigests requires ClientAddressHeader"),
        (PROXY | {"Firewall": "on"}, "use a firewall at the proxy"),
        ({"DefaultEndpoint": "closed"}, "Leave DefaultEndpoint open."),
        ({"ClerkIssuer": "https://clerk.example.com"}, "ClerkIssuer requires ClerkAuthorizedParties"),
        ({}, None),
        (ALL, None),
        (ALL | PROXY | {"Firewall": "off"}, None),
    ],
)
def test_dependent_parameters_are_checked_before_deployment(source, given, broken):
    template = sam.translate(source, given)
    # A CloudFormation rule is a condition with a sentence for the case that it is false.
    said = []
    for rule in template["Rules"].values():
        conditions = {"If": rule["RuleCondition"], "Then": rule["Assertions"][0]["Assert"]}
        evaluated = {"Parameters": template["Parameters"], "Conditions": conditions}
        if sam.holds(evaluated, "If") and not sam.holds(evaluated, "Then"):
            said.append(rule["Assertions"][0]["AssertDescription"])
    assert [broken in one for one in said] == ([True] if broken else [])


class TestDomain:
    def test_uses_tls_1_2_and_maps_to_the_stage(self, everything):
        domain, mapping = there(everything, "Domain"), there(everything, "DomainMapping")
        assert domain["SecurityPolicy"] == "TLS_1_2"
        assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
        assert (mapping["RestApiId"], mapping["Stage"]) == ({"Ref": "Api"}, {"Ref": "ApiStage"})
        assert "BasePath" not in mapping

    def test_gets_records_in_the_given_zone(self, source, everything):
        records = there(everything, "DomainRecords")["RecordSets"]
        assert [one["Type"] for one in records] == ["A", "AAAA"]
        elsewhere = sam.translate(source, ALL | {"HostedZoneId": ""})
        assert "DomainRecords" not in sam.resources(elsewhere)

    def test_domain_is_the_url_in_the_outputs(self, template, everything):
        address = [chosen(one, one["Outputs"]["ApiUrl"]["Value"])["Fn::Sub"] for one in (template, everything)]
        assert "execute-api" in address[0]
        assert address[1] == "https://${DomainName}"

    def test_is_the_only_endpoint_once_execute_api_is_disabled(self, template, everything):
        for one, is_closed in ((template, False), (everything, True)):
            (server,) = there(one, "Api")["Body"]["servers"]
            written = server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
            assert chosen(one, written) is is_closed

    def test_execute_api_can_be_disabled_in_an_existing_stack(self, source, monkeypatch):
        """A stage serves a deployment, and CloudFormation creates a new one only under a different logical id."""

        def deployment(endpoint, at):
            monkeypatch.setattr(apigateway, "time", SimpleNamespace(time=lambda: at))
            template = sam.translate(source, ALL | {"DefaultEndpoint": endpoint})
            (name,) = watched.of_type(template, "AWS::ApiGateway::Deployment")
            assert there(template, "ApiStage")["DeploymentId"] == {"Ref": name}
            return name

        assert deployment("open", at=1_000_000_000) != deployment("closed", at=1_000_000_060)


def test_firewall_limits_connections_not_claimed_addresses(everything):
    """A header proves nothing to AWS WAF: by a header, callers could escape the limit or have others blocked."""
    limits = [
        chosen(everything, one)["Statement"]["RateBasedStatement"]
        for one in there(everything, "WebAcl")["Rules"]
        if "RateBasedStatement" in chosen(everything, one)["Statement"]
    ]
    assert [one["AggregateKeyType"] for one in limits] == ["IP", "IP"]
    assert not [one for one in limits if "ForwardedIPConfig" in one]


class TestFirewall:
    @pytest.fixture
    def rules(self, everything):
        rules = [chosen(everything, one) for one in there(everything, "WebAcl")["Rules"]]
        return sorted(rules, key=lambda one: one["Priority"])

    def test_is_associated_with_the_stage(self, everything):
        association = there(everything, "WebAclAssociation")
        assert association["WebACLArn"] == {"Fn::GetAtt": ["WebAcl", "Arn"]}
        assert association["ResourceArn"]["Fn::Sub"].endswith("::/restapis/${Api}/stages/${ApiStage}")
        assert there(everything, "WebAcl")["Scope"] == "REGIONAL"

    def test_has_rules_for_bad_addresses_attacks_and_floods(self, rules):
        groups = [one["Statement"].get("ManagedRuleGroupStatement", {}).get("Name") for one in rules]
        assert groups == [
            "AWSManagedRulesAmazonIpReputationList",
            None,
            "AWSManagedRulesCommonRuleSet",
            "AWSManagedRulesKnownBadInputsRuleSet",
            None,
        ]
        assert [one["Priority"] for one in rules] == [0, 1, 2, 3, 4]
        flood = rules[1]["Statement"]["RateBasedStatement"]
        assert flood == {"Limit": {"Ref": "FirewallRate"}, "EvaluationWindowSec": 300, "AggregateKeyType": "IP"}
        assert rules[1]["Action"] == {"Block": {}}

    def test_limits_requests_that_force_tracing(self, source, rules):
        limit = rules[-1]["Statement"]["RateBasedStatement"]
        assert (limit["Limit"], limit["EvaluationWindowSec"], limit["AggregateKeyType"]) == (100, 300, "IP")
        assert rules[-1]["Action"] == {"Block": {}}
        match = limit["ScopeDownStatement"]["ByteMatchStatement"]
        assert (match["FieldToMatch"], match["SearchString"], match["PositionalConstraint"]) == (
            {"SingleHeader": {"Name": "x-amzn-trace-id"}},
            "sampled=1",
            "CONTAINS",
        )
        assert [one["Type"] for one in match["TextTransformations"]] == ["LOWERCASE"]
        without = sam.translate(source, ALL | {"Tracing": "Disabled"})
        acl = there(without, "WebAcl")["Rules"]
        assert len([one for one in acl if chosen(without, one) != {"Ref": "AWS::NoValue"}]) == 4

    def test_firewall_ignores_request_bodies(self, rules):
        """A body is a transcript, of up to 6 MB; AWS's rule would block it from 8 KB on."""
        overrides = [
            one
            for rule in rules
            for one in rule["Statement"].get("ManagedRuleGroupStatement", {}).get("RuleActionOverrides", ())
        ]
        assert {one["Name"] for one in overrides} == {
            "SizeRestrictions_BODY",
            "CrossSiteScripting_BODY",
            "EC2MetaDataSSRF_BODY",
            "GenericLFI_BODY",
            "GenericRFI_BODY",
            "JavaDeserializationRCE_BODY",
            "Log4JRCE_BODY",
            "ReactJSRCE_BODY",
        }
        assert [one for one in overrides if one["ActionToUse"] != {"Count": {}}] == []


class TestTracing:
    @pytest.mark.parametrize(("given", "is_on"), [("Disabled", False), ("Active", True)])
    def test_traces_are_sent_only_by_parameter(self, source, given, is_on):
        template = sam.translate(source, {"Tracing": given})
        assert chosen(template, there(template, "ApiStage")["TracingEnabled"]) is is_on
        for name, one in sam.resources(template).items():
            properties = one.get("Properties", {})
            if one["Type"] == "AWS::Lambda::Function":
                mode = sam.parameter(template, properties.get("TracingConfig", {}).get("Mode"))
                assert mode == ("Active" if is_on else None), name
            if one["Type"] == "AWS::IAM::Role":
                assert ("xray" in json.dumps(one).lower()) == (is_on and name.endswith("Role")), name

    def test_is_off_by_default(self, source):
        assert source["Parameters"]["Tracing"]["Default"] == "Disabled"

    def test_publishes_new_versions_of_all_functions(self, source):
        names = [
            {
                name
                for name, one in sam.translate(source, {"Tracing": mode})["Resources"].items()
                if "Version" in one["Type"]
            }
            for mode in ("Disabled", "Active")
        ]
        assert not {name for name in names[0] & names[1] if "Layer" not in name}


class TestTableKey:
    @pytest.mark.parametrize(
        ("given", "key"),
        [
            ("aws", None),
            ("create", {"Fn::GetAtt": ["TableEncryptionKey", "Arn"]}),
            (ALL["SigningKeyArn"], ALL["SigningKeyArn"]),
        ],
    )
    def test_is_owned_by_dynamodb_created_or_given(self, source, given, key):
        template = sam.translate(source, {"TableKey": given})
        encryption = chosen(template, there(template, "Table")["SSESpecification"])
        if key is None:
            assert encryption == {"Ref": "AWS::NoValue"}
        else:
            assert (encryption["SSEEnabled"], encryption["SSEType"]) == (True, "KMS")
            assert chosen(template, encryption["KMSMasterKeyId"]) == key

    def test_rotates_and_outlives_the_stack(self, everything):
        key = everything["Resources"]["TableEncryptionKey"]
        assert key["Properties"]["EnableKeyRotation"] is True
        assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")

    def test_table_key_is_usable_only_through_dynamodb(self, everything):
        own, through = there(everything, "TableEncryptionKey")["KeyPolicy"]["Statement"]
        assert own["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
        assert through["Condition"] == {
            "StringEquals": {
                "kms:CallerAccount": {"Ref": "AWS::AccountId"},
                "kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"},
            }
        }
        assert "kms:*" not in through["Action"]

    def test_own_key_needs_the_documented_policy(self, everything):
        manual = (sam.ROOT / "docs/operate.md").read_text(encoding="utf-8")
        given = json.loads(re.search(r"```json\n(.*?)```", manual, re.DOTALL)[1])
        ours = copy.deepcopy(there(everything, "TableEncryptionKey")["KeyPolicy"]["Statement"][1])
        for statement in (given, ours):
            statement["Condition"]["StringEquals"] = sorted(statement["Condition"]["StringEquals"])
        assert given == ours


@pytest.mark.parametrize(
    ("function", "parameter"), [("Authorize", "AuthorizerConcurrency"), ("Chat", "ChatConcurrency")]
)
def test_concurrency_is_reserved_only_by_parameter(template, everything, function, parameter):
    written = there(template, function)["ReservedConcurrentExecutions"]
    # A reservation of zero would stop the function.
    assert chosen(template, written) == {"Ref": "AWS::NoValue"}
    assert chosen(everything, written) == ALL[parameter]


def test_cloudformation_accepts_the_transformed_template(everything):
    """Circular references and duplicates appear only in the transformed template.

    cfn-lint checks both sides of every condition; `make scan` lints the source.
    """
    # W1028: SAM repeats a function's condition within its route's. W1030: SAM refers to Tracing only if it is Active.
    # W2001: SAM has replaced a parameter with its value. W3002: `sam package` uploads the nested template.
    found = lint(json.dumps(everything), config={"ignore_checks": ["W1028", "W1030", "W2001", "W3002"]})
    assert [str(match) for match in found] == []


def test_nested_stack_receives_each_of_its_parameters(template):
    stack = template["Resources"]["Watching"]
    child = sam.nested(stack)
    assert stack["Properties"]["Parameters"].keys() == child["Parameters"].keys()
    assert [str(match) for match in lint(json.dumps(child))] == []
