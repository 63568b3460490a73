"""The template's stack in moto."""

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local import cloud
from infra.local import template as sam
from infra.local.access import REGION
from tests.aws.in_memory import STACK, TEMPLATE

FUNCTIONS = [name for name, one in sam.resources(TEMPLATE).items() if one["Type"] == "AWS::Lambda::Function"]


def test_every_function_has_its_configuration():
    assert sorted(STACK.functions) == sorted(FUNCTIONS)
    create = STACK.functions["CreateClientToken"]
    assert create.handler == "management.create_client_token.handler"
    assert create.arn.endswith(f":function:{create.name}")
    declared = TEMPLATE["Resources"]["CreateClientToken"]["Properties"]
    assert (create.timeout, create.memory) == (declared["Timeout"], declared["MemorySize"])


def test_environments_are_resolved():
    for logical_id, function in STACK.functions.items():
        declared = TEMPLATE["Resources"][logical_id]["Properties"]["Environment"]["Variables"]
        assert function.environment.keys() == declared.keys()
        assert all(isinstance(value, str) for value in function.environment.values())
    environment = STACK.functions["CreateClientToken"].environment
    assert environment["TABLE_NAME"] == STACK.outputs["TableName"]
    assert environment["SIGNING_KEY_ARN"] == STACK.outputs["SigningKeyArn"]
    assert len(environment["TOKEN_ISSUER"]) == len("0082b570-ad24-4473-ad47-e9376bd6ab8b")


def test_the_key_signs_as_declared():
    kms = boto3.client("kms", region_name=REGION)
    signed = kms.generate_mac(KeyId=STACK.outputs["SigningKeyArn"], MacAlgorithm="HMAC_SHA_256", Message=b"x")
    assert len(signed["Mac"]) == 32


def test_table_matches_the_template():
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    table = STACK.outputs["TableName"]
    described = dynamodb.describe_table(TableName=table)["Table"]
    declared = TEMPLATE["Resources"]["Table"]["Properties"]
    assert described["KeySchema"] == declared["KeySchema"]
    assert [index["IndexName"] for index in described["GlobalSecondaryIndexes"]] == ["listing", "visitors"]
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert ttl == {"AttributeName": "expires_at", "TimeToLiveStatus": "ENABLED"}


def test_stack_is_created_once():
    with pytest.raises(ClientError, match="AlreadyExists"):
        cloud.create(TEMPLATE)
