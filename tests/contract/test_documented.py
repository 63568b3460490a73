"""Our API has everything that Runtype documents: every field, type, default, bound, and status."""

import json
import re

import pytest
import yaml

from infra.local.template import ROOT
from tests import operations

DOCUMENT = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
DOCUMENTED = yaml.safe_load((ROOT / "tests/contract/documented.yaml").read_text(encoding="utf-8"))
OPERATIONS = DOCUMENTED["operations"]
FIELD = re.compile(
    r"(?P<type>.+?)(?P<null>\?)?(?P<required> required)?(?P<optional> optional)?"
    r"( = (?P<default>\S+))?( (?P<least>\d+)\.\.(?P<most>\d+)?)?"
)
BOUNDS = [("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")]


def _ours(name):
    method, path = name.split()
    return DOCUMENT["paths"][path][method.lower()]


def _schema(part):
    """Resolves a reference to a schema."""
    return DOCUMENT["components"]["schemas"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _body(name):
    return _schema(_ours(name)["requestBody"]["content"]["application/json"]["schema"])


def _answer(name):
    operation = OPERATIONS[name]
    content = _ours(name)["responses"][str(operation["status"])]["content"]
    return content["text/event-stream" if "events" in operation else "application/json"]


def _types(schema):
    found = schema.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def _fields(kind):
    return [(name, field, text) for name in OPERATIONS for field, text in OPERATIONS[name].get(kind, {}).items()]


def _read(text):
    return FIELD.fullmatch(text).groupdict()


def _assert_is(schema, kind, *, may_be_null):
    """`kind`: as in the data file."""
    schema = _schema(schema)
    if may_be_null is not None:
        assert ("null" in _types(schema)) <= may_be_null
    if " or " in kind:
        assert set(schema["enum"]) - {None} == set(kind.split(" or "))
    elif kind.startswith("list"):
        assert "array" in _types(schema)
        if entries := kind.removeprefix("list").removeprefix(" of "):
            _assert_is(schema["items"], entries, may_be_null=False)
    elif kind in DOCUMENTED["shapes"]:
        _assert_answers(schema, DOCUMENTED["shapes"][kind])
    else:
        assert kind in _types(schema)


def _assert_answers(schema, fields):
    for name, text in fields.items():
        field = _read(text)
        assert field["optional"] or name in schema["required"], name
        _assert_is(schema["properties"][name], field["type"], may_be_null=bool(field["null"]))


def _assert_takes(schema, field):
    _assert_is(schema, field["type"], may_be_null=None)
    assert not field["null"] or "null" in _types(schema)
    if field["default"]:
        assert schema["default"] == json.loads(field["default"])
    if field["least"]:
        least, most = next(bounds for bounds in BOUNDS if bounds[0] in schema)
        assert schema[least] == int(field["least"])
        assert not field["most"] or schema[most] == int(field["most"])


def test_every_operation_is_documented_or_listed_as_ours():
    theirs = {f"{operation.method} {operation.path}" for operation in operations.OPERATIONS if not operation.is_ours}
    assert theirs == OPERATIONS.keys()


@pytest.mark.parametrize(("name", "field", "text"), _fields("body"))
def test_every_documented_field_is_accepted(name, field, text):
    body, field_of = _body(name), _read(text)
    _assert_takes(body["properties"][field], field_of)
    assert (field in body.get("required", ())) is bool(field_of["required"])


@pytest.mark.parametrize(("name", "field", "text"), _fields("query"))
def test_every_documented_parameter_is_accepted(name, field, text):
    parameters = {one["name"]: one for one in _ours(name)["parameters"] if "$ref" not in one}
    assert (parameters[field]["in"], parameters[field]["required"]) == ("query", bool(_read(text)["required"]))
    _assert_takes(parameters[field]["schema"], _read(text))


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "answer" in OPERATIONS[name]])
def test_every_documented_field_is_returned(name):
    _assert_answers(_schema(_answer(name)["schema"]), OPERATIONS[name]["answer"])


def test_every_documented_event_is_sent_with_its_fields():
    name = "POST /v1/client/chat"
    examples = _answer(name)["examples"]
    lines = [line for label in ("an answer", "a pause") for line in examples[label]["value"].split("\n")]
    sent = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    found = {event["type"]: sorted(event) for event in sent}
    assert found == {kind: sorted(fields) for kind, fields in OPERATIONS[name]["events"].items()}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_documented_status_is_returned(name):
    said_no = {int(status) for status in _ours(name)["responses"] if status >= "400"}
    assert set(OPERATIONS[name]["errors"]) <= said_no


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_error_has_the_documented_shape(name):
    for status, response in _ours(name)["responses"].items():
        if status >= "400":
            _assert_answers(_schema(response["content"]["application/json"]["schema"]), DOCUMENTED["shapes"]["Error"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_credential_is_required_where_documented(name):
    assert bool(_ours(name)["security"]) is (OPERATIONS[name]["guard"] == "bearer")


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "ignored" in OPERATIONS[name]])
def test_documented_fields_that_are_ignored_are_accepted(name):
    body = _body(name)
    assert body.get("additionalProperties", True)
    assert body["properties"].keys().isdisjoint(OPERATIONS[name]["ignored"])
