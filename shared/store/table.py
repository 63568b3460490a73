"""The one table: its client, how values become attributes, and how a failed call becomes a refusal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared import aws
from shared.errors import Unavailable

NAME = os.environ["TABLE_NAME"]
LISTING = "listing"
Item = dict[str, Any]

_dynamodb = aws.client("dynamodb")
_BATCH = 100


class ConditionFailed(Exception):  # noqa: N818 - told to the entity, which knows what it means; never leaves the store
    """A conditional write found something else. `found`: the item that stands there, if there is one."""

    def __init__(self, found: Item | None) -> None:
        self.found = found
        super().__init__()


def get(pk: str, sk: str) -> Item | None:
    """The item as of now (strongly consistent)."""
    answer = _call("get_item", TableName=NAME, Key=_packed({"pk": pk, "sk": sk}), ConsistentRead=True)
    return _unpacked(answer["Item"]) if "Item" in answer else None


def put(item: Mapping[str, Any], *, condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
    """Writes the whole item. Raises ConditionFailed with what stands there instead."""
    conditional: dict[str, Any] = {}
    if condition is not None:
        conditional = {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if values:
            conditional["ExpressionAttributeValues"] = _packed(values)
    _call("put_item", TableName=NAME, Item=_packed(item), **conditional)


def delete(keys: Iterable[tuple[str, str]], *, condition: str, values: Mapping[str, Any]) -> None:
    """Removes all of `keys` at once, if the condition holds for the first. A transaction may safely be sent twice."""
    writes: list[dict[str, Any]] = [
        {"Delete": {"TableName": NAME, "Key": _packed({"pk": pk, "sk": sk})}} for pk, sk in keys
    ]
    writes[0]["Delete"] |= {"ConditionExpression": condition, "ExpressionAttributeValues": _packed(values)}
    _call("transact_write_items", TransactItems=writes)


def batch_get(keys: Iterable[tuple[str, str]]) -> Iterator[Item]:
    """Those of `keys` that exist, in no order; one call for each hundred."""
    wanted = [_packed({"pk": pk, "sk": sk}) for pk, sk in keys]
    while wanted:
        answer = _call("batch_get_item", RequestItems={NAME: {"Keys": wanted[:_BATCH]}})
        yield from map(_unpacked, answer["Responses"].get(NAME, ()))
        left_over = answer.get("UnprocessedKeys", {}).get(NAME, {}).get("Keys", [])
        wanted = left_over + wanted[_BATCH:]


def query(
    condition: str,
    values: Mapping[str, Any],
    **options: Any,
) -> Iterator[Item]:
    """Every item that fits, page by page. `options` as the Query operation spells them."""
    for page in _pages(condition, values, options):
        yield from map(_unpacked, page["Items"])


def query_slice(
    condition: str, values: Mapping[str, Any], offset: int, limit: int, **options: Any
) -> tuple[list[Item], bool]:
    """`limit` items after the first `offset`, and whether more follow.

    DynamoDB cannot jump, but it counts without sending: what comes before the slice costs read units, not transfer.
    """
    is_filtered = "FilterExpression" in options
    start: dict[str, Any] = {}
    while offset:
        counting = options | start | {"Select": "COUNT"} | ({} if is_filtered else {"Limit": offset})
        counted = _query(condition, values, counting)
        if counted["Count"] > offset:
            break
        offset -= counted["Count"]
        if "LastEvaluatedKey" not in counted:
            return [], False
        start = {"ExclusiveStartKey": counted["LastEvaluatedKey"]}
    found: list[Item] = []
    enough = offset + limit + 1
    for page in _pages(condition, values, options | start | ({} if is_filtered else {"Limit": enough})):
        found += map(_unpacked, page["Items"])
        if len(found) >= enough:
            break
    return found[offset : offset + limit], len(found) > offset + limit


def _pages(condition: str, values: Mapping[str, Any], options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    start: dict[str, Any] = {}
    while True:
        page = _query(condition, values, options | start)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _query(condition: str, values: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    return _call(
        "query",
        TableName=NAME,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=_packed(values),
        **options,
    )


def _call(operation: str, **parameters: Any) -> dict[str, Any]:
    """One AWS call. What goes wrong with it is either a failed condition or makes us unavailable: we fail closed."""
    try:
        answer: dict[str, Any] = getattr(_dynamodb, operation)(**parameters)
    except _dynamodb.exceptions.ConditionalCheckFailedException as error:
        found = error.response.get("Item")
        raise ConditionFailed(_unpacked(found) if found else None) from error
    except _dynamodb.exceptions.TransactionCanceledException as error:
        reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", ())]
        if "ConditionalCheckFailed" in reasons:
            raise ConditionFailed(None) from error
        raise Unavailable from error
    except (ClientError, BotoCoreError) as error:
        raise Unavailable from error
    return answer


def _packed(values: Mapping[str, Any]) -> dict[str, Any]:
    """None is left out: an absent attribute and an unknown value are the same thing here."""
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def _attribute(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [_attribute(one) for one in value]}
    raise TypeError(f"no attribute type for {type(value).__name__}")


def _unpacked(attributes: Mapping[str, Any]) -> Item:
    return {name: _value(attribute) for name, attribute in attributes.items()}


def _value(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    if kind == "L":
        return [_value(one) for one in value]
    return value
