"""Reads a request as IAM does: actions, their ARNs, the partition keys, and the attributes that it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from infra.local import template as sam
from tests.iam.role import Access, Unknown

TRANSACTION_ACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
TRANSACTIONS = {"TransactGetItems", "TransactWriteItems"}


class Reader:
    """Knows the tables and keys of `template`, and their names in the running stack (`values`)."""

    def __init__(self, template: dict[str, Any], values: Mapping[str, str]) -> None:
        self._partition_key: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        for name, resource in sam.resources(template).items():
            match resource:
                case {"Type": "AWS::DynamoDB::Table", "Properties": properties}:
                    arn = values[f"{name}.Arn"]
                    self._partition_key[arn] = _partition_key(properties)
                    for index in properties.get("GlobalSecondaryIndexes", []):
                        self._partition_key[f"{arn}/index/{index['IndexName']}"] = _partition_key(index)
                case {"Type": "AWS::KMS::Key"}:
                    arn = values[f"{name}.Arn"]
                    self._keys[arn.partition(":key/")[2]] = arn
                # The alias is optional, because no call may use it.
                case {"Type": "AWS::KMS::Alias", "Properties": properties} if name in values:
                    self._keys[values[name]] = values[f"{properties['TargetKeyId']['Ref']}.Arn"]

    def readings(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, list[Access]]:
        """Each way in which IAM may read the request, with everything that must then be allowed.

        AWS does not document which partition keys and attributes a condition sees inside a transaction, so a role has
        to pass under every reading. Every other operation has one.
        """
        accesses = self.accesses(service, operation, request)
        if operation not in TRANSACTIONS:
            return {"documented": accesses}
        of_action = [[other for other in accesses if _target(other) == _target(one)] for one in accesses]
        return {
            "per item": accesses,
            "per action": [_with_values_of(same, one) for one, same in zip(accesses, of_action, strict=True)],
            "per transaction": [_with_values_of(accesses, one) for one in accesses],
            "absent": [_with_values_of((), one) for one in accesses],
        }

    def accesses(self, service: str, operation: str, request: dict[str, Any]) -> list[Access]:
        """`operation`: its name, or its path where a service's protocol names none."""
        match service, request:
            case "dynamodb", _:
                return self._items(operation, request)
            case "kms", {"KeyId": str(key)}:
                return [Access(f"kms:{operation}", self._key(key))]
            case "lambda", _ if function := re.fullmatch(
                r"/2021-11-15/functions/(arn:.+)/response-streaming-invocations", operation
            ):
                return [Access("lambda:InvokeFunction", function[1])]
            case "bedrock-runtime", _ if model := re.fullmatch(r"/model/(arn:.+)/converse-stream", operation):
                return [Access("bedrock:InvokeModelWithResponseStream", model[1])]
            case "secretsmanager", {"SecretId": str(arn)}:
                return [Access(f"secretsmanager:{operation}", arn)]
            case _:
                raise Unknown(f"how IAM sees {service}:{operation}")

    def _items(self, operation: str, request: dict[str, Any]) -> list[Access]:
        match operation, request:
            case ("GetItem" | "UpdateItem" | "DeleteItem" | "ConditionCheckItem", {"TableName": table, "Key": item}) | (
                "PutItem",
                {"TableName": table, "Item": item},
            ):
                return [replace(self._on_items(operation, table, item), attributes=_attributes(request, item))]
            case "BatchGetItem", {"RequestItems": tables}:
                return [self._on_items(operation, table, *wanted["Keys"]) for table, wanted in tables.items()]
            case "Query", {"TableName": table, "KeyConditionExpression": _}:
                arn = self._table(table) + (f"/index/{request['IndexName']}" if "IndexName" in request else "")
                return [Access("dynamodb:Query", arn, frozenset({_queried(request, self._partition_key[arn])}))]
            # IAM has no action for a transaction, only for each of its parts.
            case "TransactGetItems", {"TransactItems": entries}:
                return [access for entry in entries for access in self._items("GetItem", entry["Get"])]
            case "TransactWriteItems", {"TransactItems": entries}:
                parts = [part for entry in entries for part in entry.items()]
                return [access for kind, part in parts for access in self._items(TRANSACTION_ACTIONS[kind], part)]
            case _:
                raise Unknown(f"how IAM sees dynamodb:{operation} with {', '.join(sorted(request))}")

    def _on_items(self, operation: str, table: str, *items: dict[str, Any]) -> Access:
        arn = self._table(table)
        return Access(f"dynamodb:{operation}", arn, frozenset(_text(item[self._partition_key[arn]]) for item in items))

    def _table(self, name_or_arn: str) -> str:
        for arn in self._partition_key:
            if name_or_arn in {arn, arn.partition(":table/")[2]}:
                return arn
        raise Unknown(f"table {name_or_arn}: it is not in the template")

    def _key(self, key: str) -> str:
        """A call names a key by its id, its ARN, or an alias; IAM always evaluates the key's ARN."""
        if ":key/" in key:
            return key
        id_or_alias = key.rpartition(":")[2]
        if id_or_alias not in self._keys:
            raise Unknown(f"key {key}: it is not in the template")
        return self._keys[id_or_alias]


def _target(access: Access) -> tuple[str, str]:
    return access.action, access.resource


def _with_values_of(others: Iterable[Access], access: Access) -> Access:
    others = list(others)
    return replace(
        access,
        leading_keys=frozenset[str]().union(*(other.leading_keys for other in others)),
        attributes=frozenset[str]().union(*(other.attributes for other in others)),
    )


def _attributes(request: dict[str, Any], item: dict[str, Any]) -> frozenset[str]:
    """The top-level attributes that a request names: in its item or key, and in its expressions."""
    names = request.get("ExpressionAttributeNames", {})
    written = " ".join(text for part, text in request.items() if part.endswith("Expression"))
    # An expression is attributes, values (`:x`), keywords and functions; a keyword too many in the set harms nothing.
    words = re.findall(r"(?<![\w:#.])#?\w+", written)
    return frozenset(item) | {names.get(word, word) for word in words}


def _partition_key(properties: dict[str, Any]) -> str:
    (name,) = (str(key["AttributeName"]) for key in properties["KeySchema"] if key["KeyType"] == "HASH")
    return name


def _queried(request: dict[str, Any], partition_key: str) -> str:
    """The value that the key condition requires for `partition_key`, anywhere in the expression."""
    names = request.get("ExpressionAttributeNames", {})
    tokens = re.findall(r"[\w#:.-]+|[<>=]+", request["KeyConditionExpression"])
    for name, operator, value in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if operator == "=" and names.get(name, name) == partition_key:
            return _text(request["ExpressionAttributeValues"][value])
    raise Unknown(f"a query for no {partition_key}: {request['KeyConditionExpression']}")


def _text(attribute: dict[str, str]) -> str:
    (value,) = attribute.values()
    return value
