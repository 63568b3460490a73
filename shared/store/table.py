"""The one table: its client, its operations, and the errors that failed calls become."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from shared.aws.client import AwsError, AwsErrorResponse
from shared.aws.json_client import JsonClient
from shared.errors import Unavailable
from shared.http.deadline import SecondsLeft
from shared.store.attributes import deserialize, serialize

LISTING = "listing"

Key = tuple[str, str]
"""Partition and sort key."""
Item = dict[str, Any]
Write = dict[str, Any]
"""One part of a transaction."""

BATCH = 100  # keys that one BatchGetItem takes at most
_CURRENT = "(attribute_not_exists(expires_at) OR expires_at > :expired_by)"
# How DynamoDB names throttling among the reasons for a canceled transaction.
_THROTTLING_REASONS = {"ProvisionedThroughputExceeded", "ThrottlingError"}
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE = 6


@cache
def name() -> str:
    return os.environ["TABLE_NAME"]


@cache
def _client() -> JsonClient:
    return JsonClient("dynamodb", "DynamoDB_20120810", "1.0")


class ConditionFailed(Exception):  # noqa: N818 - the caller in the store knows what it means; never leaves the store
    """The condition of a write failed. `index`: of the write in the transaction; `found`: the stored item, if any."""

    def __init__(self, found: Item | None, index: int) -> None:
        self.found = found
        self.index = index
        super().__init__()


class TransactionConflict(Exception):  # noqa: N818 - as above
    """Another transaction is writing to the same items. `indexes`: of our writes that conflict with it."""

    def __init__(self, indexes: Sequence[int]) -> None:
        self.indexes = indexes
        super().__init__()


class Throttled(Unavailable):
    """Part of the table is over its throughput for a moment."""


def get(key: Key, *, is_consistent: bool = True, at: datetime | None) -> Item | None:
    """Returns the current item, or None if it does not exist or has expired by `at`.

    DynamoDB deletes expired items up to days later, so every read filters them. `at=None` returns them, too.
    """
    answer = _call("GetItem", TableName=name(), Key=_key(key), ConsistentRead=is_consistent)
    item = deserialize(answer["Item"]) if "Item" in answer else None
    return None if item is None or _has_expired(item, at) else item


def read(keys: Iterable[Key], *, is_consistent: bool, at: datetime | None) -> dict[Key, Item]:
    """Returns the items of `keys` that exist and have not expired by `at`. It makes one call per hundred keys."""
    wanted = [_key(key) for key in keys]
    found: dict[Key, Item] = {}
    while wanted:
        asked = wanted[:BATCH]
        answer = _call("BatchGetItem", RequestItems={name(): {"Keys": asked, "ConsistentRead": is_consistent}})
        items = [deserialize(item) for item in answer["Responses"].get(name(), ())]
        found |= {(item["pk"], item["sk"]): item for item in items if not _has_expired(item, at)}
        left_over = answer.get("UnprocessedKeys", {}).get(name(), {}).get("Keys", [])
        if len(left_over) == len(asked):
            raise Unavailable
        wanted = left_over + wanted[BATCH:]
    return found


def put(item: Mapping[str, Any]) -> None:
    """Writes the whole item, replacing any item with the same key."""
    _call("PutItem", TableName=name(), Item=serialize(item))


def update(key: Key, expression: str, values: Mapping[str, Any]) -> Item:
    """Changes single attributes and returns the new item. Creates the item if it does not exist."""
    changes = {
        "UpdateExpression": expression,
        "ExpressionAttributeValues": serialize(values),
        "ReturnValues": "ALL_NEW",
    }
    answer = _call("UpdateItem", TableName=name(), Key=_key(key), **changes)
    return deserialize(answer["Attributes"])


def write(one: Write, seconds_left: SecondsLeft | None = None) -> Item:
    """Applies one write within `seconds_left`, and returns the item if the write asks for it. Raises ConditionFailed.

    If its response is lost, our client repeats it, and the second copy finds what the first has written, as does a
    copy that is delayed. The condition has to refuse both, and the caller recognizes its own work.
    """
    ((kind, parameters),) = one.items()
    return deserialize(_call(f"{kind}Item", seconds_left, **parameters).get("Attributes", {}))


def write_with_retries(one: Write, seconds_left: SecondsLeft | None = None) -> Item:
    """The same, for what must not be lost: waits up to two seconds while part of the table is throttled."""
    for attempt in range(_ATTEMPTS):
        try:
            return write(one, seconds_left)
        except Throttled:
            pause(min(2**attempt, _LONGEST_PAUSE))
    raise Throttled


def put_write(
    item: Mapping[str, Any], *, condition: str | None = None, values: Mapping[str, Any] | None = None
) -> Write:
    return {"Put": {"TableName": name(), "Item": serialize(item)} | _conditional(condition, values)}


def update_write(
    key: Key,
    expression: str,
    values: Mapping[str, Any],
    *,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
    returns_item: bool = False,
) -> Write:
    """`names`: placeholders for attributes whose names are reserved words."""
    changes = {"UpdateExpression": expression} | _conditional(condition, values)
    if names:
        changes["ExpressionAttributeNames"] = dict(names)
    if returns_item:
        changes["ReturnValues"] = "ALL_NEW"
    return {"Update": {"TableName": name(), "Key": _key(key)} | changes}


def delete_write(key: Key, *, condition: str | None = None, values: Mapping[str, Any] | None = None) -> Write:
    return {"Delete": {"TableName": name(), "Key": _key(key)} | _conditional(condition, values)}


def transact(writes: Sequence[Write]) -> None:
    """Applies all writes or none, and only once even if the request is retried.

    Raises ConditionFailed or TransactionConflict.
    """
    _call("TransactWriteItems", TransactItems=list(writes), ClientRequestToken=secrets.token_hex(16))


def transact_with_retries(writes: Sequence[Write]) -> None:
    """The same, but waits while an item is busy, for a fraction of a second.

    Raises ConditionFailed, and Unavailable if it stays busy.
    """
    for _ in range(_ATTEMPTS):
        try:
            return transact(writes)
        except TransactionConflict:
            pause()
    raise Unavailable


def pause(times: int = 1) -> None:
    """Sleeps for a random time of up to `times` pauses, so that waiting callers do not retry together."""
    time.sleep(random.uniform(0, times * _PAUSE_SECONDS))  # noqa: S311 - no secret


def query(condition: str, values: Mapping[str, Any], *, at: datetime | None, **options: Any) -> Iterator[Item]:
    """Yields every matching item that has not expired by `at`, page by page. `options`: parameters of Query."""
    start: dict[str, Any] = {}
    while True:
        page = query_page(condition, values, at=at, **options, **start)
        yield from map(deserialize, page["Items"])
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def query_page(condition: str, values: Mapping[str, Any], *, at: datetime | None, **options: Any) -> dict[str, Any]:
    """Returns one page of Query's response, without items that have expired by `at`."""
    if at is not None:
        filters = [_CURRENT, *filter(None, [options.get("FilterExpression")])]
        options["FilterExpression"] = " AND ".join(filters)
        values = {**values, ":expired_by": int(at.timestamp())}
    asked = {"TableName": name(), "KeyConditionExpression": condition, "ExpressionAttributeValues": serialize(values)}
    return _call("Query", **asked, **options)


def _has_expired(item: Item, at: datetime | None) -> bool:
    """As DynamoDB filters: an expiry that is no number has passed."""
    expiry = item.get("expires_at")
    return at is not None and expiry is not None and (type(expiry) is not int or expiry <= at.timestamp())


def _call(operation: str, seconds_left: SecondsLeft | None = None, /, **parameters: Any) -> dict[str, Any]:
    """Makes one AWS call. Raises ConditionFailed if a condition fails, and Unavailable for any other error."""
    try:
        return _client().call(operation, parameters, seconds_left)
    except AwsErrorResponse as error:
        if error.code == "TransactionCanceledException":
            raise _cancelled(error.answer.get("CancellationReasons", ())) from error
        if error.code == "ConditionalCheckFailedException":
            raise ConditionFailed(_found(error.answer), 0) from error
        raise Throttled if error.is_throttling else Unavailable from error
    except AwsError as error:
        raise Unavailable from error


def _cancelled(reasons: Sequence[Mapping[str, Any]]) -> Exception:
    """The error for a canceled transaction. A failed condition wins, because a retry would fail again."""
    for index, reason in enumerate(reasons):
        if reason.get("Code") == "ConditionalCheckFailed":
            return ConditionFailed(_found(reason), index)
    codes = [reason.get("Code") for reason in reasons]
    if contended := [index for index, code in enumerate(codes) if code == "TransactionConflict"]:
        return TransactionConflict(contended)
    return Unavailable() if _THROTTLING_REASONS.isdisjoint(codes) else Throttled()


def _found(failure: Mapping[str, Any]) -> Item | None:
    return deserialize(failure["Item"]) if failure.get("Item") else None


def _conditional(condition: str | None, values: Mapping[str, Any] | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if values:
        options["ExpressionAttributeValues"] = serialize(values)
    if condition:
        options |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return options


def _key(key: Key) -> dict[str, Any]:
    return serialize({"pk": key[0], "sk": key[1]})
