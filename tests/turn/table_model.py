"""A table as a value: what DynamoDB does with the requests that our store sends, and no more.

It reads the store's own expressions, so the search evaluates the conditions that are sent to AWS. It refuses what it
cannot read, so that nothing passes unnoticed.
"""

import json
import re
from functools import lru_cache

from shared.store.attributes import deserialize, serialize

EMPTY = frozenset()
_TOKEN = re.compile(r"\s*(<=|>=|<>|[()=<>,]|[:#]?\w+)")
_COMPARE = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
}


def items(state):
    """The items of a state, as the store reads them, in the order of their keys."""
    return [deserialize(json.loads(text)) for _, text in sorted(state)]


def apply(state, operation, parameters):
    """The state after a request, and its response: `None`, or a dict, or a failed condition as a list of one item."""
    match operation:
        case "GetItem":
            found = _get(state, _key(parameters["Key"]))
            return state, {"Item": serialize(found)} if found is not None else {}
        case "Query":
            return state, {"Items": [serialize(item) for item in _query(state, parameters)]}
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return _write(state, operation.removesuffix("Item"), parameters)
        case "TransactWriteItems":
            before = state
            for one in parameters["TransactItems"]:
                ((kind, part),) = one.items()
                state, response = _write(state, kind, part)
                if isinstance(response, list):
                    return before, response
            return state, {}
    raise AssertionError(f"{operation} is not modeled")


def _write(state, kind, parameters):
    key = _key(parameters.get("Key") or parameters["Item"])
    before = _get(state, key)
    values = deserialize(parameters.get("ExpressionAttributeValues", {}))
    names = parameters.get("ExpressionAttributeNames", {})
    condition = parameters.get("ConditionExpression")
    if condition and not _holds(condition, before or {}, names, values):
        return state, [serialize(before) if before is not None else None]
    others = frozenset(one for one in state if one[0] != key)
    if kind == "Delete":
        return others, {}
    if kind == "Put":
        after = deserialize(parameters["Item"])
    else:
        start = before or {"pk": key[0], "sk": key[1]}
        after = _updated(parameters["UpdateExpression"], start, names, values)
    text = json.dumps(serialize(after), sort_keys=True)
    return others | {(key, text)}, {"Attributes": serialize(after)}


def _key(typed):
    return typed["pk"]["S"], typed["sk"]["S"]


def _get(state, key):
    return next((deserialize(json.loads(text)) for found, text in state if found == key), None)


def _query(state, parameters):
    assert parameters["KeyConditionExpression"] == "pk = :pk"
    pk = parameters["ExpressionAttributeValues"][":pk"]["S"]
    return [item for item in items(state) if item["pk"] == pk]


@lru_cache(None)
def _tokens(expression):
    tokens, position = [], 0
    while position < len(expression):
        found = _TOKEN.match(expression, position)
        assert found, f"cannot read {expression[position:]}"
        tokens.append(found[1])
        position = found.end()
    return tokens


class _Reader:
    """Reads an expression from left to right. AND binds closer than OR."""

    def __init__(self, expression, item, names, values):
        self._rest = _tokens(expression)[::-1]
        self._item, self._names, self._values = item, names, values

    def next_is(self, *expected):
        return bool(self._rest) and self._rest[-1] in expected

    def take(self, *expected):
        token = self._rest.pop()
        assert not expected or token in expected, f"{token} instead of {expected}"
        return token

    def name(self):
        token = self.take()
        return self._names[token] if token.startswith("#") else token

    def operand(self):
        """A value, or what an attribute holds: None if it is not there, which fails every comparison."""
        if self.next_is("if_not_exists"):
            self.take(), self.take("(")
            stored, _, default, _ = self.operand(), self.take(","), self.operand(), self.take(")")
            return default if stored is None else stored
        if self._rest[-1].startswith(":"):
            return self._values[self.take()]
        return self._item.get(self.name())

    def disjunction(self):
        holds = self.conjunction()
        while self.next_is("OR"):
            self.take()
            holds = self.conjunction() or holds
        return holds

    def conjunction(self):
        holds = self.term()
        while self.next_is("AND"):
            self.take()
            holds = self.term() and holds
        return holds

    def term(self):
        if self.next_is("("):
            self.take()
            holds = self.disjunction()
            self.take(")")
            return holds
        if self.next_is("attribute_exists", "attribute_not_exists"):
            wanted = self.take() == "attribute_exists"
            self.take("(")
            holds = (self.name() in self._item) is wanted
            self.take(")")
            return holds
        left, compare, right = self.operand(), self.take(*_COMPARE), self.operand()
        return left is not None and right is not None and _COMPARE[compare](left, right)

    def update(self):
        after = dict(self._item)
        while self._rest:
            clause = self.take("SET", "ADD", "REMOVE")
            while True:
                name = self.name()
                if clause == "SET":
                    self.take("=")
                    after[name] = self.operand()
                elif clause == "ADD":
                    after[name] = self._item.get(name, 0) + self.operand()
                else:
                    after.pop(name, None)
                if not self.next_is(","):
                    break
                self.take()
        return after


def _holds(condition, item, names, values):
    reader = _Reader(condition, item, names, values)
    holds = reader.disjunction()
    assert not reader._rest, f"cannot read the end of {condition}"
    return holds


def _updated(expression, item, names, values):
    return _Reader(expression, item, names, values).update()
