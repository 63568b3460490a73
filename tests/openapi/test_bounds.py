"""The document has exactly the bounds that the wire enforces, so a client that follows it is never refused."""

import json
import re
from functools import reduce

import pytest
from jsonschema import Draft202012Validator

from infra.local.template import ROOT
from infra.tools.openapi import browser, management, schemas
from infra.tools.openapi.examples import VALUE
from shared.errors import InvalidRequest
from shared.wire.chat import VisitorMessage

COMPONENTS = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))["components"]
OPERATIONS = management.OPERATIONS | browser.OPERATIONS
LONG = 100_000
DEEP = reduce(lambda inner, _: {"a": inner}, range(200), {})
PROBES = {
    "empty text": "",
    "a space": " ",
    "a space inside": "x y",
    "a control character": "x\x01",
    "a byte order mark": "\ufeffx",
    "an emoji of several characters": "\N{WOMAN}\u200d\N{PERSONAL COMPUTER}",
    "a character that Unicode has not assigned": "\u0378",
    "long text": "x" * LONG,
    "zero": 0,
    "minus one": -1,
    "a large number": 10**12,
    "a fraction": 1.5,
    "true": True,
    "null": None,
    "an empty list": [],
    "a long list": [f"https://x{number}.example.com" for number in range(1_000)],
    "a list of an empty text": [""],
    "a list of a long text": ["x" * LONG],
    "a list of a number": [1],
    "a list of null": [None],
    "a list of a list": [[]],
    "an empty object": {},
    "a nested object": DEEP,
    "a large object": {"a": "x" * LONG},
}
# Rules that JSON Schema cannot express are in the field's description: invalid value -> words of the description.
IN_WORDS = {
    ("config", "a nested object"): "nested at most 16 deep",
    ("config", "a large object"): "at most 16 KB",
    ("inputs", "a nested object"): "Nested at most 64 deep",
    ("metadata", "a nested object"): "Nested at most 64 deep",
    ("context", "a nested object"): "Nested at most 64 deep",
    ("toolOutputs", "a nested object"): "Nested at most 64 deep",
    **{("address", name): "IPv4 or IPv6 address" for name, value in PROBES.items() if isinstance(value, str)},
    **{("conversationId", name): "Needs visitorToken" for name, value in PROBES.items() if isinstance(value, str)},
}
# Pages send their whole transcript, which the schemas describe; the wire reads only the user's last message.
TRANSCRIPT = {"messages", "role"}
# The same for the format of a text.
GRAMMARS = {"expiresAt": "date-time"}


def _requests():
    """Each model with a valid body."""
    for operation in OPERATIONS.values():
        if operation.body is not None:
            yield operation.body, next(iter(operation.bodies.values()))
    yield VisitorMessage, {"role": "user", "content": "Hello"}


FIELDS = [
    pytest.param(model, body, field, id=f"{model.__name__}.{field}")
    for model, body in _requests()
    for field in COMPONENTS["schemas"][model.__name__]["properties"]
]


def _is_taken(model, body):
    try:
        model.parse(body)
    except InvalidRequest:
        return False
    return True


@pytest.mark.parametrize(("model", "body", "field"), FIELDS)
def test_schema_and_wire_reject_the_same_values(model, body, field):
    schema = COMPONENTS["schemas"][model.__name__]["properties"][field]
    validator = Draft202012Validator({"components": COMPONENTS, **schema})
    assert _is_taken(model, body)
    for name, value in PROBES.items():
        if field in GRAMMARS and isinstance(value, str):
            assert schema["format"] == GRAMMARS[field]
        elif validator.is_valid(value) == _is_taken(model, body | {field: value}):
            continue
        elif field in TRANSCRIPT:
            assert _is_taken(model, body | {field: value}) is (field == "messages")
        else:
            assert (field, name) in IN_WORDS, f"{field} and {name}: the document says {validator.is_valid(value)}"
            assert IN_WORDS[field, name] in schema["description"]


QUERIES = [pytest.param(name, one.query, id=name) for name, one in OPERATIONS.items() if one.query]
IN_QUERIES = [
    *("-1", "0", "1", "100", "101", "200", "201", "1000", "1001", "999999999", "1000000000", " 1", "+1", "1.0", "0x1"),
    *("", " ", "x", "x y", "\x00", "null", "true", "x" * 128, "x" * 129, "\N{TEACUP WITHOUT HANDLE}" * 129, "x" * 1025),
    *("2027-01-31", "2027-01-31T00:00:00", "2027-01-31T00:00:00Z", "2027-01-31T25:00:00Z", "0000-01-01T00:00:00Z"),
    *("day", "DAY", "month", "all", "app", "csat", "upvote", "stars"),
    *(VALUE, "ct_", f"ct_{'0' * 26}", f"ct_{'u' * 26}", f"ct_{'0' * 27}", f"conv_{'0' * 26}", f"cs_{'0' * 26}"),
]


def _sent(schema, text):
    """As a client sends it: a number for a whole number."""
    return int(text) if schema["type"] == "integer" and re.fullmatch("-?[0-9]+", text) else text


@pytest.mark.parametrize(("name", "query"), QUERIES)
def test_parameters_and_wire_reject_the_same_values(name, query):
    operation_id = name[0].lower() + name[1:]
    paths = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))["paths"]
    (operation,) = [
        operation for item in paths.values() for operation in item.values() if operation["operationId"] == operation_id
    ]
    parameters = {one["name"]: one for one in operation["parameters"] if one.get("in") == "query"}
    assert parameters.keys() == {field.alias or name for name, field in query.model_fields.items()}
    required = {name: one["example"] for name, one in parameters.items() if one["required"]}
    assert _is_taken(query, required)
    for parameter in parameters.values():
        schema = parameter["schema"]
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        for text in IN_QUERIES:
            is_taken = _is_taken(query, required | {parameter["name"]: text})
            assert is_taken == validator.is_valid(_sent(schema, text)), (parameter["name"], text)


@pytest.mark.parametrize(("name", "query"), QUERIES)
def test_parameters_offer_no_null(name, query):
    """A query string has none, and generators would make a value of it."""
    for schema in schemas.parameters(query).values():
        assert None not in schema.get("enum", [])
