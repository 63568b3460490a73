"""Patches of moto where it does not behave as AWS does. A test of each fails once moto no longer needs it."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections import defaultdict, deque
from functools import partial
from types import SimpleNamespace
from typing import Any

from moto.core.common_models import BaseModel
from moto.core.responses import ActionContext, ActionResult
from moto.dynamodb import models
from moto.dynamodb.exceptions import ERROR_TYPE_PREFIX, DynamodbException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult
from moto.kms.models import Key, kms_backends

DYNAMODB_LOCK = threading.RLock()
# Token and content of recent transactions: enough for any that may still be retried.
_KNOWN_TRANSACTIONS: deque[tuple[str, bytes]] = deque(maxlen=1000)
_OF_ITEMS = {"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems", "UpdateItem"}


def apply() -> None:
    """Patches moto in this process. Applying it again changes nothing."""
    DynamoHandler.call_action = _call_action  # type: ignore[method-assign]
    DynamoDBBackend.transact_write_items = _transact_write_items  # type: ignore[method-assign,assignment]
    DynamoHandler.transact_write_items = _transact_once  # type: ignore[method-assign,assignment]
    Key.create_from_cloudformation_json = classmethod(_create_key)  # type: ignore[method-assign,assignment]
    Table.query = _query  # type: ignore[method-assign,assignment]
    BaseModel.__new__ = staticmethod(_create)  # type: ignore[method-assign,assignment]
    DynamoResult.execute_result = _write_result  # type: ignore[method-assign,assignment]


_unpatched_call_action = DynamoHandler.call_action
_unpatched_transact_write_items = DynamoDBBackend.transact_write_items
_unpatched_transact = DynamoHandler.transact_write_items
_unpatched_query = Table.query
_unpatched_create = BaseModel.__new__


def _call_action(handler: DynamoHandler) -> Any:
    """DynamoDB's calls are atomic. moto's threads interleave reads and writes, and lose updates."""
    with DYNAMODB_LOCK:
        return _unpatched_call_action(handler)


def _write_result(result: DynamoResult, context: ActionContext) -> Any:
    """moto looks up the shape of each attribute that it writes. Items are JSON already, so this skips the lookup."""
    if context.operation_model.name in _OF_ITEMS:
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(result.result)
    return ActionResult.execute_result(result, context)


def _transact_once(handler: DynamoHandler) -> Any:
    """Runs a transaction once, even if it is retried, and refuses its token for any other. moto does neither."""
    token = handler.body["ClientRequestToken"]
    contents = hashlib.sha256(json.dumps(handler.body["TransactItems"], sort_keys=True).encode()).digest()
    known = dict(_KNOWN_TRANSACTIONS)
    if known.get(token, contents) != contents:
        raise DynamodbException(
            f"{ERROR_TYPE_PREFIX}IdempotentParameterMismatchException",
            "The request uses the same client token as a previous, but non-identical request.",
        )
    if token in known:
        handler.body["TransactItems"] = []
    answer = _unpatched_transact(handler)
    _KNOWN_TRANSACTIONS.append((token, contents))
    return answer


def _transact_write_items(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """moto copies the whole table in case the transaction fails, so each is slower than the last."""
    parts = [part for entry in transact_items for part in entry.values()]
    vars(models)["copy"] = SimpleNamespace(deepcopy=partial(_copied, backend, parts))
    try:
        _unpatched_transact_write_items(backend, transact_items)
    finally:
        vars(models)["copy"] = copy


def _copied(backend: DynamoDBBackend, parts: list[dict[str, Any]], thing: Any) -> Any:
    """A copy of the table that copies only the items that the transaction changes, and shares the rest."""
    if not (isinstance(thing, Table) and thing.has_range_key):
        return copy.deepcopy(thing)
    twin = copy.copy(thing)
    twin.items = defaultdict(dict, thing.items)
    for part in parts:
        if part["TableName"] in {thing.name, thing.table_arn}:
            partition, place = backend.get_keys_value(thing, part.get("Key") or part["Item"])
            if partition in thing.items:
                items = twin.items[partition] = dict(twin.items[partition])
                if place in items:
                    items[place] = copy.deepcopy(items[place])
    return twin


def _query(table: Table, *arguments: Any, **options: Any) -> Any:
    """moto sorts the whole table before it searches it, so each query is slower than the last."""
    [(attribute, value)] = options["hash_key_conditions"]
    if attribute == table.hash_key_attr:
        found = table.items.get(value, {})
    else:
        everything = (item for items in table.items.values() for item in items.values())
        found = dict(
            enumerate(item for item in everything if attribute in item.attrs and item.attrs[attribute] == value)
        )
    narrowed = copy.copy(table)
    narrowed.items = defaultdict(dict, {value: found})
    return _unpatched_query(narrowed, *arguments, **options)


def _create(model: type[BaseModel], *_arguments: Any, **_options: Any) -> BaseModel:
    """moto keeps references to everything that it ever created, even deleted items and copies for transactions."""
    return object.__new__(model)


def _create_key(
    _cls: type[Key],
    /,
    resource_name: str,  # noqa: ARG001 - moto passes it by this name
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **_: Any,
) -> Key:
    """moto makes every key symmetric, fails on tags, and keeps the policy in a form that DescribeKey rejects."""
    properties = cloudformation_json["Properties"]
    key: Key = kms_backends[account_id][region_name].create_key(
        policy=json.dumps(properties["KeyPolicy"]) if "KeyPolicy" in properties else None,
        key_usage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        key_spec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        description=properties.get("Description"),
        tags=[{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", ())],
    )
    return key


def restore_table_settings(dynamodb: Any, table: str, properties: dict[str, Any]) -> None:
    """moto's CloudFormation ignores TTL and backups, so they are set by DynamoDB calls."""
    if ttl := properties.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
    if backups := properties.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=backups)
