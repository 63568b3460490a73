"""Mends of moto, which would otherwise not behave as AWS does. A test of each fails once moto no longer needs it."""

from __future__ import annotations

import json
import threading
from typing import Any

from moto.dynamodb.responses import DynamoHandler
from moto.kms.models import Key, kms_backends

DYNAMODB_LOCK = threading.RLock()


def apply() -> None:
    """Mends moto in this process. Applying it again changes nothing."""
    DynamoHandler.call_action = _call_action  # type: ignore[method-assign]
    Key.create_from_cloudformation_json = classmethod(_create_key)  # type: ignore[method-assign,assignment]


_unmended_call_action = DynamoHandler.call_action


def _call_action(handler: DynamoHandler) -> Any:
    """DynamoDB's calls are atomic. moto's threads read, decide and write in each other's midst, and lose updates."""
    with DYNAMODB_LOCK:
        return _unmended_call_action(handler)


def _create_key(
    _cls: type[Key],
    /,
    resource_name: str,  # noqa: ARG001 - moto passes it by this name
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **_: Any,
) -> Key:
    """moto's own makes every key symmetric, fails on tags, and keeps the policy in a form that DescribeKey rejects."""
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
    """CloudFormation in moto drops what expires, and backups; by DynamoDB's own calls they hold."""
    if ttl := properties.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
    if backups := properties.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=backups)
