"""Rejects expressions that DynamoDB rejects, and moto accepts: unused and undefined names and values, empty ranges."""

import re

from tests.aws.rejected import Rejected

_KINDS = {"ExpressionAttributeNames": "#", "ExpressionAttributeValues": ":"}


def check(parameters):
    """Why DynamoDB would reject the expressions in a request or in one of its parts, or None."""
    for part in _parts(parameters):
        text = " ".join(value for name, value in part.items() if name.endswith("Expression"))
        for kind, sign in _KINDS.items():
            if (given := part.get(kind)) == {}:
                return _refused(f"{kind} must not be empty")
            used = set(re.findall(rf"{sign}\w+", text))
            if unused := set(given or ()) - used:
                return _refused(f"Value provided in {kind} unused in expressions: keys: {_listed(unused)}")
            if undefined := used - set(given or ()):
                return _refused(f"An expression uses what {kind} does not define: {_listed(undefined)}")
    return _range(parameters)


def _range(parameters):
    """Of texts, which DynamoDB compares as UTF-8."""
    values = parameters.get("ExpressionAttributeValues") or {}
    for ends in re.findall(r"BETWEEN (:\w+) AND (:\w+)", parameters.get("KeyConditionExpression", "")):
        lower, upper = (values[end].get("S", "").encode() for end in ends)
        if lower > upper:
            return _refused(
                "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal "
                "to lower bound"
            )
    return None


def _parts(parameters):
    """The places with expressions: the request, each part of a transaction, each table of a batch."""
    yield parameters
    for item in parameters.get("TransactItems", ()):
        yield from item.values()
    for table in parameters.get("RequestItems", {}).values():
        if isinstance(table, dict):
            yield table


def _refused(message):
    return Rejected("ValidationException", message)


def _listed(names):
    return ", ".join(sorted(names))
