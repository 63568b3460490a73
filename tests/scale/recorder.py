"""Records our AWS clients' calls: which items each touches, and their size in bytes."""

from collections import defaultdict
from contextlib import contextmanager

import boto3

from infra.tools.bench import units
from shared.store import table
from tests.aws.item_size import item_bytes
from tests.aws.network import NETWORK

_dynamodb = boto3.client("dynamodb")


class Recorder:
    def __init__(self):
        self.operations = defaultdict(list)
        self._operation = None
        self._before = {}

    @contextmanager
    def recording(self, operation):
        """Within it, calls are recorded for `operation`."""
        self._operation = operation
        with NETWORK.hooked(self._look_ahead, self._look_back):
            yield

    def _look_ahead(self, request):
        self._before = {key: _item(key) for key in _written(request.operation, request.parameters)}

    def _look_back(self, request, answer):
        call = {"call": request.operation}
        if request.operation == "Query":
            call |= _queried(request.parameters, answer.body["Items"])
        elif request.operation in {"GetItem", "BatchGetItem"}:
            keys, call["consistent"] = _asked(request.operation, request.parameters)
            found = [{"key": _family(key), "bytes": item_bytes(_item(key))} for key in keys]
            # A batch has no order, and some keys are random.
            call["items"] = sorted(found, key=lambda item: (item["key"], item["bytes"]))
        elif self._before:
            call["items"] = [_change(key, before, _item(key)) for key, before in self._before.items()]
        self.operations[self._operation].append(call)


def _written(call, params):
    match call:
        case "PutItem":
            return [_key(params["Item"])]
        case "UpdateItem" | "DeleteItem":
            return [_key(params["Key"])]
        case "TransactWriteItems":
            writes = [write for part in params["TransactItems"] for write in part.values()]
            return [_key(write.get("Item") or write["Key"]) for write in writes]
    return []


def _asked(call, params):
    if call == "GetItem":
        return [_key(params["Key"])], params["ConsistentRead"]
    asked = params["RequestItems"][table.name()]
    return [_key(key) for key in asked["Keys"]], asked["ConsistentRead"]


def _queried(params, items):
    name = params["KeyConditionExpression"].split()[2]
    place = params.get("IndexName", "table")
    key = f"{place}/{params['ExpressionAttributeValues'][name]['S'].split('#')[0]}"
    return {
        "consistent": params.get("ConsistentRead", False),
        "items": [{"key": key, "bytes": sum(map(item_bytes, items))}],
    }


def _change(key, before, after):
    change = {"key": _family(key), "before": item_bytes(before), "after": item_bytes(after)}
    for index in units.indexes():
        if writes := units.index_writes(units.Change(before, after), index):
            partition = (after if units.index_entry(after, index) else before)[units.indexes()[index][0][0]]["S"]
            change[index] = {"key": partition.split("#")[0], "writes": writes}
    return change


def _key(attributes):
    return attributes["pk"]["S"], attributes["sk"]["S"]


def _family(key):
    return "/".join(part.split("#")[0] for part in key)


def _item(key):
    """Reads with a separate client, which is not recorded."""
    found = _dynamodb.get_item(TableName=table.name(), Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}})
    return found.get("Item", {})
