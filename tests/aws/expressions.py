"""Refuses names and values of expressions that are unused or undefined, as DynamoDB does. moto takes them."""

import re

from tests.aws.rejected import Rejected

_KINDS = {"ExpressionAttributeNames": "#", "ExpressionAttributeValues": ":"}


def check(parameters):
    """Why DynamoDB would refuse the expressions of a request, of any of its parts, or None."""
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
    return None


def _parts(parameters):
    """Wherever expressions may be: the request, each part of a transaction, each table of a batch."""
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
