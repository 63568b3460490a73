"""The deploy role may do what CloudFormation needs for the template's resources, and little else.

CloudFormation publishes, for each type of resource, which actions its handlers take, and which of them tag. cfn-lint
ships that.
"""

import json
import re
from functools import cache
from importlib.resources import files

import pytest

from infra.local import template as sam
from infra.local.template import ROOT
from tests import watched
from tests.house.test_hardening import ALL


def _policy(stack):
    values = {"REGION": "us-east-1", "ACCOUNT": "123456789012", "STACK": stack}
    text = (ROOT / "infra/deploy-role.json").read_text(encoding="utf-8")
    return json.loads(re.sub("REGION|ACCOUNT|STACK", lambda name: values[name[0]], text))


POLICY = _policy("client-tokens")
VIA_CLOUDFORMATION = {"aws:CalledViaFirst": "cloudformation.amazonaws.com"}
# Actions of handlers for properties that none of our resources has.
UNUSED = re.compile(
    # Other services, and WAF's actions for them.
    r"(amplify|apprunner|appsync|bedrock-agentcore|codedeploy|cognito-idp|ec2|elasticfilesystem|elasticloadbalancing"
    r"|firehose|kinesis|payments|s3files):.*|s3:(GetObjectMetadata|ListBucket|REST\.PUT\.OBJECT)"
    r"|wafv2:(Get|Put)PermissionPolicy"
    # The table's items, its replicas, imports, streams, and a policy of its own.
    r"|dynamodb:((BatchWrite|Delete|Get|Put|Update)Item|Query|Scan|.*Replica|ImportTable|DescribeImport"
    r"|(Disable|Enable|Update)KinesisStreamingDestination|(Delete|Put)ResourcePolicy|UpdateContributorInsights)"
    # Provisioned concurrency, signed code, pinned runtimes, scaling, recursion.
    r"|lambda:(Delete|Put)ProvisionedConcurrencyConfig|lambda:(PassCapacityProvider|AssociateRuntimeAlias)"
    r"|lambda:((Delete|Put)Function(CodeSigning|Recursion|Scaling)Config|GetCodeSigningConfig|PutRuntimeManagementConfig)"
    # Use of keys: the keys' own policies allow it where it is needed.
    r"|kms:(CreateGrant|Decrypt|Encrypt|GenerateDataKey|RevokeGrant)"
    r"|iam:(CreateServiceLinkedRole|(Delete|Put)RolePermissionsBoundary)"
    # Keys, policies, and indexes of log groups.
    r"|logs:(AssociateKmsKey|DisassociateKmsKey|CreateLogDelivery|CreateLogStream|PutLogEvents|DescribeLogStreams"
    r"|(Delete|Put)(DataProtectionPolicy|IndexPolicy|ResourcePolicy)|PutBearerTokenAuthentication"
    r"|PutLogGroupDeletionProtection)"
)
# Actions that handlers need for properties that our resources of this type don't have.
UNUSED_BY_TYPE = {
    # The nested stack's own role, policy, and termination protection.
    "AWS::CloudFormation::Stack": {"iam:PassRole", "cloudformation:(SetStackPolicy|UpdateTerminationProtection)"},
    "AWS::ApiGateway::RestApi": {"iam:PassRole", "s3:GetObject"},
    "AWS::DynamoDB::Table": {"kms:DescribeKey", "kms:ListAliases", "s3:GetObject", "logs:.*"},
    "AWS::Lambda::Function": {"kms:DescribeKey"},
}
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/client-tokens/1234"
NESTED = STACK.replace("client-tokens", "client-tokens-Watching-AbC123")
LAMBDA = "arn:aws:lambda:us-east-1:123456789012"
API = "arn:aws:apigateway:us-east-1::"
ROLE = "arn:aws:iam::123456789012:role/client-tokens-ChatRole-AbC123"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234-abcd"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/WebAcl-AbC123/1234"
STAGE = f"{API}/restapis/a1b2c3/stages/api"
LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/client-tokens"
TALLY_LOGS = f"{LOG_GROUP}-tally"
ACCESS_LOGS = LOG_GROUP.replace("lambda", "apigateway")
FUNCTION = f"{LAMBDA}:function:client-tokens-Chat-AbC123"
# Type -> ARNs that its handlers act on.
RESOURCES = {
    "AWS::ApiGateway::Account": [f"{API}/account"],
    "AWS::ApiGateway::BasePathMapping": [f"{API}/domainnames/tokens.example.com/basepathmappings"],
    "AWS::ApiGateway::Deployment": [f"{API}/restapis/a1b2c3/deployments"],
    "AWS::ApiGateway::DomainName": [f"{API}/domainnames", f"{API}/domainnames/tokens.example.com"],
    "AWS::ApiGateway::RestApi": [f"{API}/restapis", f"{API}/restapis/a1b2c3"],
    "AWS::ApiGateway::Stage": [STAGE],
    "AWS::CloudFormation::Stack": [NESTED],
    "AWS::CloudWatch::Alarm": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:client-tokens-chat-slow"],
    "AWS::CloudWatch::Dashboard": ["arn:aws:cloudwatch::123456789012:dashboard/client-tokens-overview"],
    "AWS::DynamoDB::Table": ["arn:aws:dynamodb:us-east-1:123456789012:table/client-tokens-Table-AbC123"],
    "AWS::IAM::Role": [ROLE],
    "AWS::KMS::Alias": ["arn:aws:kms:us-east-1:123456789012:alias/client-tokens-signing", KEY],
    "AWS::KMS::Key": [KEY],
    "AWS::Lambda::Alias": [FUNCTION, f"{FUNCTION}:live"],
    "AWS::Lambda::EventInvokeConfig": [FUNCTION, f"{FUNCTION}:live"],
    "AWS::Lambda::Function": [FUNCTION],
    "AWS::Lambda::LayerVersion": [f"{LAMBDA}:layer:client-tokens-shared", f"{LAMBDA}:layer:client-tokens-shared:1"],
    "AWS::Lambda::Permission": [FUNCTION, f"{FUNCTION}:live"],
    "AWS::Lambda::Version": [FUNCTION, f"{FUNCTION}:1"],
    "AWS::Logs::LogGroup": [one for group in (LOG_GROUP, TALLY_LOGS, ACCESS_LOGS) for one in (group, f"{group}:*")],
    "AWS::Logs::MetricFilter": [LOG_GROUP, TALLY_LOGS, ACCESS_LOGS],
    "AWS::Logs::SubscriptionFilter": [LOG_GROUP],
    "AWS::Route53::RecordSetGroup": ["arn:aws:route53:::hostedzone/Z0123456789"],
    "AWS::WAFv2::WebACL": [WEB_ACL, "arn:aws:wafv2:us-east-1:123456789012:regional/managedruleset/x/1234"],
    "AWS::WAFv2::WebACLAssociation": [WEB_ACL, STAGE],
}
# Type -> ARN that its tags have. Other types take their tags under their own ARNs.
TAGS = {
    f"AWS::ApiGateway::{kind}": f"{API}/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2F{path}"
    for kind, path in (
        ("DomainName", "domainnames%2Ftokens.example.com"),
        ("RestApi", "restapis%2Fa1b2c3"),
        ("Stage", "restapis%2Fa1b2c3%2Fstages%2Fapi"),
    )
}
# Actions on other resources, or on none with an ARN.
ELSEWHERE = {
    "apigateway:SetWebACL": [STAGE],
    "apigateway:UpdateRestApiPolicy": [f"{API}/restapis/a1b2c3"],
    "cloudwatch:DescribeAlarms": ["*"],
    "iam:GetRole": [ROLE],
    "iam:PassRole": [ROLE],
    "kms:CreateKey": ["*"],
    "kms:ListAliases": ["*"],
    "lambda:GetLayerVersion": [f"{LAMBDA}:layer:client-tokens-shared:1"],
    "logs:DescribeLogGroups": ["*"],
    "logs:DescribeResourcePolicies": ["*"],
    "s3:GetObject": ["arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-abc/1234"],
    "s3:GetObjectVersion": ["arn:aws:s3:::aws-sam-cli-managed-default-samclisourcebucket-abc/1234"],
}
CONTEXT = {
    "iam:AttachRolePolicy": {"iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"},
    "iam:DetachRolePolicy": {"iam:PolicyARN": "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"},
    "iam:PassRole": {"iam:PassedToService": "lambda.amazonaws.com"},
}
ADMINISTRATOR = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
# CloudFormation publishes no handlers of this type.
ROUTE_53 = ["ChangeResourceRecordSets", "GetHostedZone", "ListResourceRecordSets"]
# The calls of `aws cloudformation delete-stack` and of `sam deploy`, from samcli/lib/deploy/deployer.py of aws-sam-cli
# 1.170.0. An upgrade calls GetTemplateSummary, and --tags tags the stack.
_CLOUDFORMATION = [
    "CreateChangeSet", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet", "DescribeStackEvents", "DescribeStacks",
    "ExecuteChangeSet", "GetTemplateSummary", "TagResource", "UntagResource",
]  # fmt: skip
COMMANDS = [
    *((f"cloudformation:{name}", STACK) for name in _CLOUDFORMATION),
    ("cloudformation:CreateChangeSet", "arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31"),
    ("cloudformation:DescribeStacks", STACK.replace("client-tokens", "aws-sam-cli-managed-default")),
    ("s3:PutObject", ELSEWHERE["s3:GetObject"][0]),
    ("route53:GetChange", "arn:aws:route53:::change/C1"),
    # SAM tags a nested stack, which also has the tags of its parent.
    ("cloudformation:TagResource", NESTED),
    ("cloudformation:UntagResource", NESTED),
]


def _published():
    """Type -> the actions of CloudFormation's handlers, and those that tag."""
    handlers, tagging = {}, {}
    for file in (files("cfnlint") / "data/schemas/resources").iterdir():
        if file.name.endswith(".json"):
            schema = json.loads(file.read_text(encoding="utf-8"))
            if schema["typeName"] in RESOURCES:
                used = [one for name, one in schema.get("handlers", {}).items() if name != "list"]
                handlers[schema["typeName"]] = {action for one in used for action in one["permissions"]}
                tagging[schema["typeName"]] = schema.get("tagging", {}).get("permissions", [])
    return handlers | {"AWS::Route53::RecordSetGroup": {f"route53:{name}" for name in ROUTE_53}}, tagging


def _is_needed(kind, action):
    unused_here = "|".join(UNUSED_BY_TYPE.get(kind, {"(?!)"}))
    return not UNUSED.fullmatch(action) and not re.fullmatch(unused_here, action)


@cache
def _resources():
    """The resources of both stacks, with all options on."""
    template = sam.translate(sam.read(), ALL)
    return [*sam.resources(template).values(), *sam.resources(watched.nested(template)).values()]


@pytest.fixture(scope="module")
def needed():
    """Every (action, ARN) that a deployment with all options on needs."""
    kinds = {one["Type"] for one in _resources()}
    assert kinds == RESOURCES.keys()
    handlers, tagging = _published()
    asked = {(kind, action) for kind in kinds for action in handlers[kind] if _is_needed(kind, action)}
    handled = {(action, arn) for kind, action in asked for arn in ELSEWHERE.get(action, RESOURCES[kind])}
    tagged = {
        (action, arn)
        for kind, actions in tagging.items()
        for action in actions
        for arn in ([TAGS[kind]] if kind in TAGS else RESOURCES[kind])
    }
    return handled | tagged | {*COMMANDS}


def _matches(pattern, value):
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), value, re.DOTALL)


def _listed(one_or_many):
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def _allowing(action, arn, context, policy=POLICY):
    """The statement of the policy that allows it, if any."""
    for statement in policy["Statement"]:
        conditions = [one for operator in statement.get("Condition", {}).values() for one in operator.items()]
        if (
            any(_matches(one, action) for one in _listed(statement["Action"]))
            and any(one == arn or _matches(one, arn) for one in _listed(statement["Resource"]))
            and all(context.get(key) in _listed(values) for key, values in conditions)
        ):
            return statement["Sid"]
    return None


def test_policy_allows_everything_a_deployment_needs(needed):
    refused = [one for one in needed if not _allowing(*one, VIA_CLOUDFORMATION | CONTEXT.get(one[0], {}))]
    assert sorted(refused) == []


def test_policy_allows_nothing_a_deployment_does_not_need(needed):
    for statement in POLICY["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in _listed(statement["Action"]):
            assert "*" not in action
            assert any(
                action == asked and any(_matches(one, arn) or one == arn for one in _listed(statement["Resource"]))
                for asked, arn in needed
            ), f"{statement['Sid']}: {action}"
        for resource in _listed(statement["Resource"]):
            assert any(
                action in _listed(statement["Action"]) and (_matches(resource, arn) or resource == arn)
                for action, arn in needed
            ), f"{statement['Sid']}: {resource}"


@pytest.mark.parametrize(
    ("action", "arn", "context"),
    [
        ("iam:PassRole", "arn:aws:iam::123456789012:role/Administrator", CONTEXT["iam:PassRole"]),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", ROLE, {}),
        ("iam:AttachRolePolicy", ROLE, VIA_CLOUDFORMATION | ADMINISTRATOR),
        ("iam:CreateRole", "arn:aws:iam::123456789012:role/other", VIA_CLOUDFORMATION),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/client-tokens", VIA_CLOUDFORMATION),
        ("iam:PutRolePolicy", ROLE, {}),
        ("iam:UpdateAssumeRolePolicy", ROLE, {}),
        ("iam:AttachRolePolicy", ROLE, CONTEXT["iam:AttachRolePolicy"]),
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/x", {}),
        ("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/x", {}),
        ("kms:PutKeyPolicy", KEY, {}),
        ("kms:ScheduleKeyDeletion", KEY, {}),
        ("kms:GenerateMac", KEY, VIA_CLOUDFORMATION),
        ("kms:Decrypt", KEY, VIA_CLOUDFORMATION),
        ("kms:CreateAlias", "arn:aws:kms:us-east-1:123456789012:alias/other", {}),
        ("dynamodb:GetItem", RESOURCES["AWS::DynamoDB::Table"][0], VIA_CLOUDFORMATION),
        ("dynamodb:DeleteTable", "arn:aws:dynamodb:us-east-1:123456789012:table/orders", {}),
        ("lambda:InvokeFunction", FUNCTION, {}),
        ("lambda:UpdateFunctionCode", f"{LAMBDA}:function:payments", {}),
        ("lambda:UpdateFunctionCode", FUNCTION.replace("us-east-1", "eu-west-1"), {}),
        ("cloudformation:DeleteStack", STACK.replace("client-tokens", "payments"), {}),
        ("cloudformation:UpdateStack", STACK, VIA_CLOUDFORMATION),
        ("cloudformation:CreateStack", NESTED.replace("Watching", "Other"), VIA_CLOUDFORMATION),
        ("cloudwatch:DeleteDashboards", "arn:aws:cloudwatch::123456789012:dashboard/client-tokens", {}),
        ("cloudformation:DeleteStack", STACK.replace("client-tokens", "client-tokens-dev"), {}),
        ("s3:GetObject", "arn:aws:s3:::customer-data/x", {}),
        ("logs:GetLogEvents", LOG_GROUP, {}),
    ],
)
def test_deploy_role_denies_what_no_deployment_needs(action, arn, context):
    assert _allowing(action, arn, context) is None


# Stacks whose names begin with "deploy" are the ones whose resources could share a prefix with the deploy roles.
@pytest.mark.parametrize("stack", ["client-tokens", "deploy", "deploy-client", "deploy-deploy"])
def test_deploy_role_cannot_change_itself(stack):
    manual = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    (documented,) = set(re.findall(r'--role-name "(.+?)"', manual))
    roles = [documented.replace("$STACK", one) for one in (stack, "client-tokens")]
    assert documented.replace("$STACK", "x") != documented

    statements = _policy(stack)["Statement"]
    iam = [one for one in statements if any(action.startswith("iam:") for action in _listed(one["Action"]))]
    assert len(iam) == 3
    reached = [
        (statement["Sid"], role)
        for statement in iam
        for role in roles
        if any(
            _matches(resource, f"arn:aws:iam::123456789012:role/{role}") for resource in _listed(statement["Resource"])
        )
    ]
    assert reached == []


def test_policy_fits_the_size_limit_of_a_role():
    """An inline policy has at most 10,240 characters, not counting whitespace."""
    assert len(re.sub(r"\s", "", json.dumps(POLICY))) <= 10_240


def test_chosen_names_contain_the_stack_name(needed):
    chosen = {
        str(one["Properties"][name])
        for one in _resources()
        for name in ("AlarmName", "AliasName", "DashboardName", "FunctionName", "LayerName", "LogGroupName", "RoleName")
        # A reference is the name of another resource.
        if name in one.get("Properties", {}) and "Ref" not in one["Properties"][name]
    }
    assert len(chosen) > 15
    assert [name for name in chosen if "AWS::StackName" not in name] == []


def _role_name(stack, logical_id):
    """As CloudFormation generates it, seen on AWS: at most 64 characters, of which the last 13 are a hyphen and random.
    The stack's name and the logical id share the rest, and each takes what the other leaves.
    """
    whole = 64 - 13 - len("-")
    kept = max(whole // 2, whole - len(logical_id))
    stack = stack[:kept]
    return f"{stack}-{logical_id[: whole - len(stack)]}-AbCdEfGhIjKl"


def test_deploy_role_creates_the_roles_of_the_longest_stack_name():
    manual = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    stack = "s" * int(re.search(r"use at most (\d+) characters", manual)[1])
    found = sam.translate(sam.read(), ALL)["Resources"].items()
    roles = [name for name, one in found if one["Type"] == "AWS::IAM::Role"]
    names = [_role_name(stack, role) for role in roles]
    assert max(map(len, names)) == 64
    refused = [
        name
        for name in names
        if not _allowing(
            "iam:CreateRole", f"arn:aws:iam::123456789012:role/{name}", VIA_CLOUDFORMATION, policy=_policy(stack)
        )
    ]
    assert refused == []


def test_deploy_page_names_the_policy_file():
    assert "infra/deploy-role.json" in (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
