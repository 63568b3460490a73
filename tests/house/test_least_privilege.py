"""Law 4: imports and IAM tell one story. (tests/functions/test_calls.py finds grants that no call needs.)"""

import json
import re

import pytest

from infra.local import template as sam
from tests.house.code import module, reached_from
from tests.house.test_foreign_words import ENVIRONMENT
from tests.iam.role import Access, decide, role_of
from tests.operations import OPERATIONS

# Each names the keys that it touches. A Scan or PartiQL statement need not, and would pass any condition on keys.
ITEM_ACTIONS = {
    f"dynamodb:{name}"
    for name in ("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem")
}
# A digest is not the secret.
SECRET = re.compile(r"SECRET(?!_DIGESTS$)|PASSWORD|PRIVATE|CREDENTIAL|API_KEY")
READ_BY_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
# Its wrapper starts our own runtime client.
READ_BY_LAMBDA = {"AWS_LAMBDA_EXEC_WRAPPER"}
# Lambda sets these itself, or the tool that runs the stack elsewhere.
NOT_FOR_THE_TEMPLATE = (
    ENVIRONMENT["shared.aws.client"]
    | ENVIRONMENT["shared.aws.credentials"]
    | ENVIRONMENT["shared.gateway.request"]
    | ENVIRONMENT["shared.http.endpoint"]
)


FUNCTIONS = "arn:aws:lambda:us-east-1:123456789012:function:"
MODEL = "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0"
SECRETS = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0"


def _roles(template, functions):
    """Logical id -> the statements of its role, each resource under its logical name."""
    values = {f"{name}.Arn": name for name in template["Resources"]}
    values |= {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}
    return {name: role_of(template, name, values) for name in functions}


@pytest.fixture(scope="module")
def roles(template, functions):
    """The roles of a deployment that names no function and no model."""
    return _roles(template, functions)


@pytest.fixture(scope="module")
def roles_with_targets(source, functions):
    """The roles of a deployment that names both."""
    parameters = {
        "TargetFunctionPrefix": "assistant-",
        "BedrockModelArns": f"{MODEL},{PROFILE}",
        "TargetSecretPrefix": "tokens/",
    }
    return _roles(sam.translate(source, parameters), functions)


@pytest.fixture(scope="module")
def loaded(functions):
    """Logical id -> our modules that its handler may load."""
    handlers = {name: properties["Handler"].removesuffix(".handler") for name, properties in functions.items()}
    return {name: reached_from(f"functions.{handler}") for name, handler in handlers.items()}


def test_a_role_names_every_action_and_every_resource(roles):
    wide = [
        (name, text)
        for name, role in roles.items()
        for statement in role
        for text in statement.actions + statement.resources
        if re.search(r"[*?]", text)
    ]
    assert wide == []


def test_grant_with_the_same_name_is_the_same_in_every_role(source):
    """A role then reads as a list of sentences. IAM allows letters and digits, and each name once per policy."""
    meaning = {}
    for function, resource in source["Resources"].items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        # A function that calls nothing has none.
        (policy,) = resource["Properties"].get("Policies", [{"Statement": []}])
        names = []
        for written in policy["Statement"]:
            statement = written["Fn::If"][1] if "Fn::If" in written else written
            name = statement.get("Sid", "")
            assert re.fullmatch(r"([A-Z][a-z]+){2,}", name), f"{function}: {statement}"
            assert meaning.setdefault(name, written) == written, f"{function}: {name}"
            names.append(name)
        assert len(names) == len(set(names)), function
    grants = [json.dumps({**one, "Sid": ""}, sort_keys=True) for one in meaning.values() if "Sid" in one]
    assert len(grants) == len(set(grants)), "one grant has two names"


def test_role_statements_are_restricted_to_partition_keys(roles):
    for name, role in roles.items():
        for statement in role:
            items = {action for action in statement.actions if action.startswith("dynamodb:")}
            assert items <= ITEM_ACTIONS, name
            if items and statement.allow:
                assert statement.leading_keys, f"{name}: {items} on every key"
                assert [key for key in statement.leading_keys if not re.fullmatch(r"[A-Z]+#\*", key)] == [], name


@pytest.mark.parametrize("attributes", [{"listing_pk"}, {"listing_sk"}, {"pk", "sk", "listing_pk", "listing_sk", "id"}])
@pytest.mark.parametrize("write", ["PutItem", "UpdateItem"])
def test_role_without_need_cannot_set_index_attributes(roles, write, attributes):
    """Only functions that write conversations or audit records place items in the index."""
    may = {
        name
        for name, role in roles.items()
        for key in ("SESSION#1", "CONVERSATION#1", "RATE#1", "USAGE#1", "AUDIT#1", "TOKEN#1", "IDEMPOTENCY#1")
        if decide(role, Access(f"dynamodb:{write}", "Table", frozenset({key}), frozenset(attributes))).allowed
    }
    assert may <= {"Chat", *(operation.name for operation in OPERATIONS if operation.records)}


@pytest.mark.parametrize("write", ["PutItem", "UpdateItem"])
def test_role_without_need_cannot_give_a_visitor_a_conversation(roles, write):
    """A deletion by its visitor has the owner in a condition, which IAM cannot tell from a write."""
    may = {
        name
        for name, role in roles.items()
        for key in ("SESSION#1", "CONVERSATION#1", "RATE#1", "VISITOR#1", "FEEDBACK#1")
        if decide(role, Access(f"dynamodb:{write}", "Table", frozenset({key}), frozenset({"owner_pk"}))).allowed
    }
    owns = {"InitSession", "Chat", "DeleteVisitorConversation", "DeleteVisitorConversations"}
    assert may <= owns | {operation.name for operation in OPERATIONS if operation.records}


@pytest.mark.parametrize("write", ["PutItem", "UpdateItem", "DeleteItem"])
def test_only_feedback_is_written_by_its_function(roles, write):
    """It may place feedback in the index, so it must not reach what the index lists otherwise."""
    places = ("SESSION#1", "CONVERSATION#1", "USAGE#1", "AUDIT#1", "TOKEN#1", "VISITOR#1", "BUDGET#1")
    for place in places:
        for others in (frozenset(), frozenset({"FEEDBACK#1"})):
            asked = Access(f"dynamodb:{write}", "Table", frozenset({place}) | others)
            assert not decide(roles["LeaveFeedback"], asked).allowed, place
    writers = {
        name
        for name, role in roles.items()
        if decide(role, Access(f"dynamodb:{write}", "Table", frozenset({"FEEDBACK#1"}))).allowed
    }
    deletes = {"DeleteFeedback", "DeleteConversation", "DeleteVisitorConversation", "DeleteVisitorConversations"}
    assert writers <= {"LeaveFeedback"} | deletes


@pytest.mark.parametrize("place", ["APIKEYS#acme", "TENANT#acme", "TOKENS#acme"])
def test_no_role_reads_api_key_lists(roles, place):
    """A function that lists a tenant's client tokens reads neither its API keys nor its targets."""
    who = {
        "TOKENS#acme": {"ListClientTokens", "ListConversations"},
        "TENANT#acme": {"CheckClientToken", "CreateClientToken", "UpdateClientToken", "ListTargets"},
    }
    for resource in ("Table", "Table/index/listing"):
        asked = Access("dynamodb:Query", resource, frozenset({place}))
        allowed = {name for name, role in roles.items() if decide(role, asked).allowed}
        assert allowed == (who.get(place, set()) if resource == "Table" else set())


@pytest.mark.parametrize("others", [(), ("SESSION#1",), ("SESSION#1", "CONVERSATION#1", "RATE#1", "USAGE#1")])
@pytest.mark.parametrize(
    "place",
    [
        "TOKEN#1",
        "TOKENS#acme",
        "VALUE#1",
        "APIKEY#1",
        "APIKEYS#acme",
        "TARGET#1",
        "TENANT#acme",
        "AUDIT#1",
        "IDEMPOTENCY#1",
    ],
)
def test_browser_functions_write_no_management_items(roles, functions, place, others):
    """Alone, or in a transaction that IAM evaluates by the keys of all its items."""
    browser = [name for name, properties in functions.items() if properties["Handler"].startswith("browser.")]
    assert browser
    for name in browser:
        for write in ("PutItem", "UpdateItem", "DeleteItem"):
            asked = Access(f"dynamodb:{write}", "Table", frozenset({place, *others}))
            assert not decide(roles[name], asked).allowed, f"{name}: {write}"


def test_role_grants_only_services_its_function_imports(roles_with_targets, loaded):
    services = {
        name: {action.split(":")[0] for statement in role for action in statement.actions}
        for name, role in roles_with_targets.items()
    }
    adapters = {
        "shared.signer": "kms",
        "shared.store.table": "dynamodb",
        "shared.targets.aws_lambda": "lambda",
        "shared.targets.bedrock": "bedrock",
        "shared.aws.secret": "secretsmanager",
    }
    assert services == {name: {adapters[one] for one in modules & adapters.keys()} for name, modules in loaded.items()}


def test_no_target_may_be_invoked_unless_configured(roles):
    actions = {action for role in roles.values() for statement in role for action in statement.actions}
    assert {action for action in actions if not action.startswith(("dynamodb:", "kms:"))} == set()


@pytest.mark.parametrize(
    ("action", "resource", "is_allowed"),
    [
        ("lambda:InvokeFunction", f"{FUNCTIONS}assistant-sales", True),
        ("lambda:InvokeFunction", f"{FUNCTIONS}assistant-sales:live", True),
        ("lambda:InvokeFunction", f"{FUNCTIONS}payments", False),
        ("lambda:InvokeFunction", f"{FUNCTIONS}my-assistant-sales", False),
        ("lambda:InvokeFunction", f"{FUNCTIONS}assistant-sales".replace("us-east-1", "eu-west-1"), False),
        ("lambda:InvokeFunction", f"{FUNCTIONS}assistant-sales".replace("123456789012", "210987654321"), False),
        ("lambda:UpdateFunctionCode", f"{FUNCTIONS}assistant-sales", False),
        ("bedrock:InvokeModelWithResponseStream", PROFILE, True),
        # A cross-region profile leads to its model in any of its regions.
        ("bedrock:InvokeModelWithResponseStream", MODEL.replace("*", "us-west-2"), True),
        ("bedrock:InvokeModelWithResponseStream", MODEL.replace("*", "us-west-2").replace("lite", "pro"), False),
        ("bedrock:InvokeModel", PROFILE, False),
        ("secretsmanager:GetSecretValue", f"{SECRETS}tokens/openai-AbCdEf", True),
        ("secretsmanager:GetSecretValue", f"{SECRETS}payments-AbCdEf", False),
        ("secretsmanager:GetSecretValue", f"{SECRETS}my-tokens/openai-AbCdEf", False),
        ("secretsmanager:GetSecretValue", f"{SECRETS}tokens/a-b".replace("123456789012", "210987654321"), False),
        ("secretsmanager:PutSecretValue", f"{SECRETS}tokens/openai-AbCdEf", False),
    ],
)
def test_chat_may_invoke_only_configured_targets(roles_with_targets, action, resource, is_allowed):
    allowed = {name for name, role in roles_with_targets.items() if decide(role, Access(action, resource)).allowed}
    assert allowed == ({"Chat", "ResumeExecution"} if is_allowed else set())


def test_signing_key_may_only_sign(roles):
    statements = [statement for role in roles.values() for statement in role]
    on_keys = [one for one in statements if any(action.startswith("kms:") for action in one.actions)]
    assert on_keys
    assert {(one.actions, one.resources) for one in on_keys} == {(("kms:GenerateMac",), ("SigningKey",))}


def test_key_policy_names_only_the_account(template):
    policy = template["Resources"]["SigningKey"]["Properties"]["KeyPolicy"]
    assert [one["Principal"] for one in policy["Statement"]] == [
        {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    ]


def test_only_lambda_can_assume_a_function_role(template, functions):
    for name in functions:
        trust = template["Resources"][f"{name}Role"]["Properties"]["AssumeRolePolicyDocument"]
        assert [one["Principal"] for one in trust["Statement"]] == [{"Service": ["lambda.amazonaws.com"]}]


def test_function_gets_exactly_the_variables_it_reads(functions, loaded):
    read = {
        name: {variable for one in modules for variable, _ in module(one).variables()} - NOT_FOR_THE_TEMPLATE
        | (READ_BY_POWERTOOLS if "shared.log" in modules else set())
        | (READ_BY_LAMBDA if "shared.gateway.streaming" in modules else set())
        for name, modules in loaded.items()
    }
    given = {
        name: {variable for variable, value in properties["Environment"]["Variables"].items() if value != sam.NO_VALUE}
        for name, properties in functions.items()
    }
    assert given == read


def test_no_variable_holds_a_secret(template, functions):
    """Everyone who may read a function's configuration can read its environment."""
    hidden = {name for name, parameter in template["Parameters"].items() if parameter.get("NoEcho")}
    for name, properties in functions.items():
        for variable, value in properties["Environment"]["Variables"].items():
            assert not SECRET.search(variable), f"{name}: {variable}"
            assert "{{resolve:" not in str(value), f"{name}: {variable}"
            assert not any(one in str(value) for one in hidden), f"{name}: {variable}"
