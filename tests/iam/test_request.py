"""Requests are read as IAM reads them. Unknown requests raise an error."""

from dataclasses import replace

import pytest

from tests.iam.request import Reader
from tests.iam.role import Unknown
from tests.iam.sample import ALIAS, KEY, LISTING, TABLE, VALUES, access, template

PK = {"pk": {"S": "A#1"}, "sk": {"S": "RECORD"}}
ON = {"TableName": "stack-Table"}


def _query(condition, values, **options):
    attributes = {name: {"S": value} for name, value in values.items()}
    return ON | {"KeyConditionExpression": condition, "ExpressionAttributeValues": attributes, **options}


@pytest.mark.parametrize(
    ("service", "operation", "request_body", "accesses"),
    [
        ("dynamodb", "GetItem", ON | {"Key": PK}, [("GetItem", TABLE, "A#1")]),
        ("dynamodb", "GetItem", {"TableName": TABLE, "Key": PK}, [("GetItem", TABLE, "A#1")]),
        ("dynamodb", "UpdateItem", ON | {"Key": PK}, [("UpdateItem", TABLE, "A#1")]),
        ("dynamodb", "DeleteItem", ON | {"Key": PK}, [("DeleteItem", TABLE, "A#1")]),
        ("dynamodb", "PutItem", ON | {"Item": PK | {"listing_pk": {"S": "B#1"}}}, [("PutItem", TABLE, "A#1")]),
        (
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": {"stack-Table": {"Keys": [PK, {"pk": {"S": "B#1"}}]}}},
            [("BatchGetItem", TABLE, "A#1", "B#1")],
        ),
        (
            "dynamodb",
            "TransactGetItems",
            {"TransactItems": [{"Get": ON | {"Key": PK}}, {"Get": ON | {"Key": {"pk": {"S": "B#1"}}}}]},
            [("GetItem", TABLE, "A#1"), ("GetItem", TABLE, "B#1")],
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": ON | {"Item": PK}},
                    {"Update": ON | {"Key": PK}},
                    {"Delete": ON | {"Key": PK}},
                    {"ConditionCheck": ON | {"Key": {"pk": {"S": "B#1"}}}},
                ]
            },
            [
                ("PutItem", TABLE, "A#1"),
                ("UpdateItem", TABLE, "A#1"),
                ("DeleteItem", TABLE, "A#1"),
                ("ConditionCheckItem", TABLE, "B#1"),
            ],
        ),
        ("dynamodb", "Query", _query("pk = :a", {":a": "A#1"}), [("Query", TABLE, "A#1")]),
        ("dynamodb", "Query", _query("(pk=:a) AND sk > :b", {":a": "A#1", ":b": "x"}), [("Query", TABLE, "A#1")]),
        ("dynamodb", "Query", _query("sk = :b AND pk = :a", {":a": "A#1", ":b": "x"}), [("Query", TABLE, "A#1")]),
        (
            "dynamodb",
            "Query",
            _query("begins_with(sk, :b) AND #k = :a", {":a": "A#1", ":b": "x"}, ExpressionAttributeNames={"#k": "pk"}),
            [("Query", TABLE, "A#1")],
        ),
        (
            "dynamodb",
            "Query",
            _query("listing_pk = :a AND pk > :b", {":a": "A#1", ":b": "x"}, IndexName="listing"),
            [("Query", LISTING, "A#1")],
        ),
    ],
)
def test_request_is_read_as_iam_does(service, operation, request_body, accesses):
    read = [_bare(one) for one in Reader(template(), VALUES).accesses(service, operation, request_body)]
    assert read == [access(f"{service}:{action}", *rest) for action, *rest in accesses]


def test_transaction_is_read_in_every_way_aws_may_evaluate_it():
    put = {"Put": ON | {"Item": PK}}
    put_other = {"Put": ON | {"Item": {"pk": {"S": "B#1"}}}}
    delete = {"Delete": ON | {"Key": {"pk": {"S": "C#1"}}}}
    request = {"TransactItems": [put, put_other, delete]}
    readings = Reader(template(), VALUES).readings("dynamodb", "TransactWriteItems", request)
    assert {reading: {_bare(one) for one in accesses} for reading, accesses in readings.items()} == {
        "per item": {
            access("dynamodb:PutItem", TABLE, "A#1"),
            access("dynamodb:PutItem", TABLE, "B#1"),
            access("dynamodb:DeleteItem", TABLE, "C#1"),
        },
        "per action": {
            access("dynamodb:PutItem", TABLE, "A#1", "B#1"),
            access("dynamodb:DeleteItem", TABLE, "C#1"),
        },
        "per transaction": {
            access("dynamodb:PutItem", TABLE, "A#1", "B#1", "C#1"),
            access("dynamodb:DeleteItem", TABLE, "A#1", "B#1", "C#1"),
        },
        "absent": {access("dynamodb:PutItem", TABLE), access("dynamodb:DeleteItem", TABLE)},
    }


def test_single_call_is_read_in_one_way():
    readings = Reader(template(), VALUES).readings("dynamodb", "GetItem", ON | {"Key": PK})
    assert {reading: [_bare(one) for one in accesses] for reading, accesses in readings.items()} == {
        "documented": [access("dynamodb:GetItem", TABLE, "A#1")]
    }


UPDATE = ON | {
    "Key": PK,
    "UpdateExpression": "SET #n = if_not_exists(size_now, :zero), tags.deep = :listing_pk ADD hits :one REMOVE old[0]",
    "ConditionExpression": "attribute_exists(seen)",
    "ExpressionAttributeNames": {"#n": "listing_pk"},
}


@pytest.mark.parametrize(
    ("operation", "request_body", "attributes"),
    [
        ("PutItem", ON | {"Item": PK | {"listing_pk": {"S": "B#1"}}}, {"listing_pk"}),
        ("UpdateItem", UPDATE, {"listing_pk", "size_now", "tags", "hits", "old", "seen"}),
        ("DeleteItem", ON | {"Key": PK, "ConditionExpression": "listing_sk = :x"}, {"listing_sk"}),
        ("GetItem", ON | {"Key": PK, "ProjectionExpression": "a.b, c"}, {"a", "c"}),
    ],
)
def test_request_lists_the_top_level_attributes_it_uses(operation, request_body, attributes):
    (read,) = Reader(template(), VALUES).accesses("dynamodb", operation, request_body)
    keywords = {"SET", "ADD", "REMOVE", "if_not_exists", "attribute_exists", "0"}
    assert read.attributes - keywords == attributes | {"pk", "sk"}


def test_transaction_lists_attributes_under_each_reading():
    put = {"Put": ON | {"Item": PK | {"a": {"S": ""}}}}
    put_other = {"Put": ON | {"Item": PK | {"b": {"S": ""}}}}
    delete = {"Delete": ON | {"Key": PK, "ConditionExpression": "c = :x"}}
    readings = Reader(template(), VALUES).readings(
        "dynamodb", "TransactWriteItems", {"TransactItems": [put, put_other, delete]}
    )
    named = {reading: [one.attributes - {"pk", "sk"} for one in accesses] for reading, accesses in readings.items()}
    assert named == {
        "per item": [{"a"}, {"b"}, {"c"}],
        "per action": [{"a", "b"}, {"a", "b"}, {"c"}],
        "per transaction": [{"a", "b", "c"}] * 3,
        "absent": [set()] * 3,
    }


def _bare(read):
    """Without the attributes, which another test covers."""
    return replace(read, attributes=frozenset())


@pytest.mark.parametrize("key", ["1234-abcd", KEY, ALIAS, f"arn:aws:kms:us-east-1:123456789012:{ALIAS}"])
def test_kms_key_is_resolved_to_its_arn(key):
    assert Reader(template(), VALUES).accesses("kms", "GenerateMac", {"KeyId": key}) == [access("kms:GenerateMac", KEY)]


@pytest.mark.parametrize(
    ("service", "operation", "request_body"),
    [
        ("dynamodb", "Scan", ON),
        ("dynamodb", "ExecuteStatement", {"Statement": 'SELECT * FROM "stack-Table"'}),
        ("dynamodb", "Query", ON | {"KeyConditions": {}}),
        ("dynamodb", "Query", _query("pk > :a", {":a": "A#1"})),
        ("dynamodb", "GetItem", {"TableName": "another", "Key": PK}),
        ("kms", "GenerateMac", {"KeyId": "alias/another"}),
        ("s3", "GetObject", {}),
    ],
)
def test_unknown_request_raises_instead_of_guessing(service, operation, request_body):
    with pytest.raises(Unknown):
        Reader(template(), VALUES).accesses(service, operation, request_body)
