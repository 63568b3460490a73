"""A small stack to try the evaluator on: a table with an index, a key with an alias, one function with a role."""

from tests.iam.role import Access

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/stack-Table"
LISTING = f"{TABLE}/index/listing"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234-abcd"
OTHER_KEY = "arn:aws:kms:us-east-1:123456789012:key/5678-abcd"
ALIAS = "alias/stack-signing"
VALUES = {"Table.Arn": TABLE, "Key.Arn": KEY, "Alias": ALIAS}

ON_TABLE = {"Fn::GetAtt": ["Table", "Arn"]}
ON_LISTING = {"Fn::Sub": "${Table.Arn}/index/listing"}
ON_KEY = {"Fn::GetAtt": ["Key", "Arn"]}


def under(*patterns):
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(patterns)}}


def on_attributes(*names):
    return {"ForAnyValue:StringEquals": {"dynamodb:Attributes": list(names)}}


def allow(action, resource, **elements):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action, resource, **elements):
    return allow(action, resource, **elements) | {"Effect": "Deny"}


def template(*statements, **role):
    """One table with an index, one key with an alias, and the function Chat with these statements in its role."""
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    index = {"IndexName": "listing", "KeySchema": [{"AttributeName": "listing_pk", "KeyType": "HASH"}]}
    policies = [{"PolicyName": "Own", "PolicyDocument": {"Statement": list(statements)}}]
    return {
        "Resources": {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {"KeySchema": keys, "GlobalSecondaryIndexes": [index]},
            },
            "Key": {"Type": "AWS::KMS::Key"},
            "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"TargetKeyId": {"Ref": "Key"}}},
            "Chat": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["ChatRole", "Arn"]}}},
            "ChatRole": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies, **role}},
        }
    }


def access(action, resource, *leading_keys, attributes=()):
    return Access(action, resource, frozenset(leading_keys), frozenset(attributes))


GET = allow("dynamodb:GetItem", ON_TABLE)
GET_TOKENS = allow("dynamodb:GetItem", ON_TABLE, Condition=under("TOKEN#*"))
