"""Each patch works, and moto still needs it: if a test named "still" fails, remove the patch."""

import importlib.util
import json
import threading

import boto3
import pytest
from moto.core.common_models import BaseModel
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult
from moto.kms.models import Key

from infra.local import moto_patches
from infra.local.access import REGION
from tests.aws.in_memory import STACK

ACCOUNT = "123456789012"
KEY = {"pk": {"S": "patch"}, "sk": {"S": "counter"}}
# Only a run that is about to fail waits as long.
TIMEOUT_SECONDS = 60


@pytest.fixture
def dynamodb():
    client = boto3.client("dynamodb", region_name=REGION)
    client.put_item(TableName=STACK.outputs["TableName"], Item=KEY | {"count": {"N": "0"}})
    yield client
    client.delete_item(TableName=STACK.outputs["TableName"], Key=KEY)


def add_one(dynamodb):
    dynamodb.update_item(
        TableName=STACK.outputs["TableName"],
        Key=KEY,
        UpdateExpression="ADD #count :one",
        ExpressionAttributeNames={"#count": "count"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def count(dynamodb):
    return dynamodb.get_item(TableName=STACK.outputs["TableName"], Key=KEY)["Item"]["count"]["N"]


def test_dynamodb_serves_one_call_at_a_time(dynamodb, monkeypatch):
    """No call can begin while another is between its read and its write."""
    taken = []
    add = DynamoType.__add__

    def look(self, other):
        other_thread = threading.Thread(target=lambda: taken.append(moto_patches.DYNAMODB_LOCK.acquire(blocking=False)))
        other_thread.start()
        other_thread.join()
        return add(self, other)

    monkeypatch.setattr(DynamoType, "__add__", look)
    add_one(dynamodb)
    assert taken == [False]


def test_moto_still_loses_a_concurrent_update(dynamodb, monkeypatch):
    monkeypatch.setattr(DynamoHandler, "call_action", moto_patches._unpatched_call_action)
    add = DynamoType.__add__
    both_have_read = threading.Barrier(2, timeout=TIMEOUT_SECONDS)

    def meet(self, other):
        total = add(self, other)
        both_have_read.wait()
        return total

    monkeypatch.setattr(DynamoType, "__add__", meet)
    threads = [threading.Thread(target=add_one, args=[dynamodb]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(dynamodb) == "1"


def item(sort_key, **attributes):
    return {"pk": KEY["pk"], "sk": {"S": sort_key}} | {name: {"N": str(value)} for name, value in attributes.items()}


def transact(dynamodb, *counted, needs=None, token=None):
    """Adds one to each item of `counted`, if the item `needs` exists."""
    table = STACK.outputs["TableName"]
    adding = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}, "TableName": table}
    entries = [{"Update": adding | {"Key": item(one)}} for one in counted]
    if needs:
        condition = {"ConditionExpression": "attribute_exists(pk)", "TableName": table, "Key": item(needs)}
        entries.append({"ConditionCheck": condition})
    options = {"ClientRequestToken": token} if token else {}
    dynamodb.transact_write_items(TransactItems=entries, **options)


@pytest.fixture
def stored(dynamodb):
    """Two items with their counts."""
    name = STACK.outputs["TableName"]
    for sort_key in ("a", "b"):
        dynamodb.put_item(TableName=name, Item=item(sort_key, n=0))
    yield lambda: [
        int(dynamodb.get_item(TableName=name, Key=item(sort_key))["Item"]["n"]["N"]) for sort_key in ("a", "b")
    ]
    for sort_key in ("a", "b", "new"):
        dynamodb.delete_item(TableName=name, Key=item(sort_key))


def test_retried_transaction_is_applied_once(dynamodb, stored):
    for _ in range(2):
        transact(dynamodb, "a", token="sent-twice")
    transact(dynamodb, "b")
    assert stored() == [1, 1]


def test_transaction_token_is_rejected_for_another_transaction(dynamodb, stored):
    transact(dynamodb, "a", token="used-twice")
    with pytest.raises(dynamodb.exceptions.IdempotentParameterMismatchException):
        transact(dynamodb, "b", token="used-twice")
    assert stored() == [1, 0]


def test_moto_still_applies_a_retried_transaction_twice(dynamodb, stored, monkeypatch):
    monkeypatch.setattr(DynamoHandler, "transact_write_items", moto_patches._unpatched_transact)
    for _ in range(2):
        transact(dynamodb, "a", token="sent-twice-unpatched")
    assert stored() == [2, 0]


@pytest.fixture
def copies(monkeypatch):
    """Records the sort keys of items that moto copies."""
    copied = []
    original = Item.__deepcopy__

    def copy(self, memo):
        copied.append(self.range_key.value)
        return original(self, memo)

    monkeypatch.setattr(Item, "__deepcopy__", copy)
    return copied


def test_transaction_copies_only_what_it_changes(dynamodb, stored, copies):
    transact(dynamodb, "a", "new")
    assert set(copies) == {"a"}


def test_moto_still_copies_the_whole_table(dynamodb, stored, copies, monkeypatch):
    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", moto_patches._unpatched_transact_write_items)
    transact(dynamodb, "a")
    assert {"a", "b", "counter"} <= set(copies)


@pytest.fixture
def compared(monkeypatch):
    """Records the keys that moto compares to sort items."""
    seen = []
    original = DynamoType.__lt__

    def compare(self, other):
        seen.extend([self.value, other.value])
        return original(self, other)

    monkeypatch.setattr(DynamoType, "__lt__", compare)
    return seen


def query(dynamodb, attribute, value, **options):
    options |= {"KeyConditionExpression": f"{attribute} = :key", "ExpressionAttributeValues": {":key": {"S": value}}}
    return [item["sk"]["S"] for item in dynamodb.query(TableName=STACK.outputs["TableName"], **options)["Items"]]


@pytest.fixture
def listed(dynamodb):
    """Items in other partitions, and in the index under this key and another."""
    name = STACK.outputs["TableName"]
    places = [("listed 1", "this", "late"), ("listed 2", "this", "early"), ("listed 3", "other", "later")]
    keys = [{"pk": {"S": partition}, "sk": {"S": sort_key}} for partition, _, sort_key in places]
    for key, (_, list_key, _) in zip(keys, places, strict=True):
        dynamodb.put_item(TableName=name, Item=key | {"listing_pk": {"S": list_key}, "listing_sk": key["sk"]})
    yield
    for key in keys:
        dynamodb.delete_item(TableName=name, Key=key)


def test_query_reads_only_its_partition(dynamodb, stored, listed, compared):
    assert query(dynamodb, "pk", "patch") == ["a", "b", "counter"]
    assert set(compared) <= {"patch", "a", "b", "counter"}


def test_index_query_returns_its_partition_in_order(dynamodb, stored, listed):
    assert query(dynamodb, "listing_pk", "this", IndexName="listing") == ["early", "late"]


def test_moto_still_sorts_the_whole_table(dynamodb, stored, listed, compared, monkeypatch):
    monkeypatch.setattr(Table, "query", moto_patches._unpatched_query)
    query(dynamodb, "pk", "patch")
    assert "listed 1" in compared


def made(dynamodb):
    """How many tables and items moto keeps because of a transaction."""
    before = len(Item.instances_tracked) + len(Table.instances_tracked)
    transact(dynamodb, "a", "new")
    return len(Item.instances_tracked) + len(Table.instances_tracked) - before


def test_deleted_resources_are_released(dynamodb, stored):
    assert made(dynamodb) == 0


def test_moto_still_keeps_deleted_resources(dynamodb, stored, monkeypatch):
    monkeypatch.setattr(BaseModel, "__new__", staticmethod(moto_patches._unpatched_create))
    assert made(dynamodb) > 0


def test_failed_transaction_changes_nothing(dynamodb, stored):
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        transact(dynamodb, "a", "new", needs="missing", token="fails")
    assert stored() == [0, 0]
    assert "Item" not in dynamodb.get_item(TableName=STACK.outputs["TableName"], Key=item("new"))
    transact(dynamodb, "a", token="fails")
    assert stored() == [1, 0]


SIGNING_KEY = {
    "Description": "signs",
    "KeySpec": "HMAC_256",
    "KeyUsage": "GENERATE_VERIFY_MAC",
    "KeyPolicy": {"Version": "2012-10-17", "Statement": []},
}
TAGS = [{"Key": "team", "Value": "tokens"}]


def make_key(kind, **properties):
    return kind.create_from_cloudformation_json("SigningKey", {"Properties": properties}, ACCOUNT, REGION)


def test_key_matches_the_template():
    kms = boto3.client("kms", region_name=REGION)
    key = make_key(Key, **SIGNING_KEY, Tags=TAGS).id
    described = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (described["KeySpec"], described["KeyUsage"]) == ("HMAC_256", "GENERATE_VERIFY_MAC")
    policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert json.loads(policy) == SIGNING_KEY["KeyPolicy"]
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "team", "TagValue": "tokens"}]


def test_moto_still_ignores_the_key_spec():
    # A fresh copy of the module, without patches.
    spec = importlib.util.find_spec("moto.kms.models")
    unpatched = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(unpatched)
    key = make_key(unpatched.Key, **SIGNING_KEY)
    assert (key.key_spec, key.key_usage) == ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    assert isinstance(key.policy, dict)
    with pytest.raises(KeyError, match="TagKey"):
        make_key(unpatched.Key, **SIGNING_KEY, Tags=TAGS)


@pytest.fixture
def bare_table(dynamodb):
    """A table's name and declaration, as CloudFormation in moto makes it."""
    declared = {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    cloudformation = boto3.client("cloudformation", region_name=REGION)
    resources = {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": declared}}
    cloudformation.create_stack(StackName="bare", TemplateBody=json.dumps({"Resources": resources}))
    (resource,) = cloudformation.describe_stack_resources(StackName="bare")["StackResources"]
    yield resource["PhysicalResourceId"], declared
    cloudformation.delete_stack(StackName="bare")


def settings(dynamodb, table):
    ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return ttl, backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


def test_table_has_a_ttl_and_backups(dynamodb, bare_table):
    table, declared = bare_table
    moto_patches.restore_table_settings(dynamodb, table, declared)
    assert settings(dynamodb, table) == ("ENABLED", "ENABLED")


def test_moto_still_drops_ttl_and_backups(dynamodb, bare_table):
    table, _ = bare_table
    assert settings(dynamodb, table) == ("DISABLED", "DISABLED")


EVERY_TYPE = {
    "text": {"S": "\N{TEACUP WITHOUT HANDLE}"},
    "number": {"N": "-1.5"},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "list": {"L": [{"S": ""}, {"L": []}, {"M": {"n": {"N": "0"}}}]},
    "set": {"SS": ["a", "b"]},
}


@pytest.mark.parametrize("operation", ["get", "batch", "query", "scan", "put", "update", "delete", "transaction"])
def test_patched_serialization_matches_moto(dynamodb, monkeypatch, operation):
    name = STACK.outputs["TableName"]
    in_table = {"TableName": name, "Key": KEY}
    put = {"TableName": name, "Item": KEY | EVERY_TYPE, "ReturnValues": "ALL_OLD"}
    mine = {":pk": KEY["pk"]}
    operations = {
        "get": lambda: dynamodb.get_item(**in_table, ReturnConsumedCapacity="TOTAL"),
        "batch": lambda: dynamodb.batch_get_item(RequestItems={name: {"Keys": [KEY]}}),
        "query": lambda: dynamodb.query(
            TableName=name, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=mine, Limit=1
        ),
        # All pages, because other tests have filled the table.
        "scan": lambda: (
            dynamodb.get_paginator("scan")
            .paginate(TableName=name, FilterExpression="pk = :pk", ExpressionAttributeValues=mine)
            .build_full_result()
        ),
        "put": lambda: dynamodb.put_item(**put),
        "update": lambda: dynamodb.update_item(
            **in_table,
            UpdateExpression="SET flag = :t",
            ExpressionAttributeValues={":t": {"BOOL": True}},
            ReturnValues="ALL_NEW",
        ),
        "delete": lambda: dynamodb.delete_item(**in_table, ReturnValues="ALL_OLD"),
        "transaction": lambda: dynamodb.transact_get_items(TransactItems=[{"Get": in_table}]),
    }

    def answer():
        dynamodb.put_item(**put)
        answered = operations[operation]()
        return {name: part for name, part in answered.items() if name != "ResponseMetadata"}

    ours = answer()
    assert "set" in json.dumps(ours)
    monkeypatch.delattr(DynamoResult, "execute_result")
    assert ours == answer()
