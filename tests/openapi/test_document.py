"""openapi.json: up to date, valid, and true to the code that it describes."""

import ast
import json

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from infra.local.openapi import read_routes
from infra.local.template import ROOT
from infra.tools.openapi import browser, document, events, fields, management, refusals, schemas
from infra.tools.openapi.schemas import parameters as parameters_of
from shared import errors
from shared.admission import feedback, rates
from shared.gateway.response import STATUS as STATUS_OF_ERROR
from tests.aws.in_memory import STACK, TEMPLATE
from tests.house.code import module, modules
from tests.operations import WITHOUT_OPERATION

WRITTEN = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS = management.OPERATIONS | browser.OPERATIONS
BY_ID = {operation["operationId"]: operation for item in WRITTEN["paths"].values() for operation in item.values()}


def _written(function):
    return BY_ID[function[0].lower() + function[1:]]


def test_document_is_up_to_date():
    is_fresh = document.text(document.write(read_routes(TEMPLATE))) == document.FILE.read_text(encoding="utf-8")
    assert is_fresh, "openapi.json is stale: run make openapi."


def test_document_does_not_depend_on_which_package_was_imported_first():
    """Python gives an optional literal the order of the first one with the same words, a client's for example."""
    models = [schema for schema in WRITTEN["components"]["schemas"].values() if "properties" in schema]
    fields = [field for model in models for field in model["properties"].values()]
    enums = [[word for word in field["enum"] if word is not None] for field in fields if "enum" in field]
    assert enums == [sorted(enum) for enum in enums]
    assert enums


def test_document_is_valid_openapi():
    assert list(OpenAPIV31SpecValidator(WRITTEN).iter_errors()) == []


def test_document_describes_exactly_the_functions_of_the_api():
    assert OPERATIONS.keys() == STACK.functions.keys() - WITHOUT_OPERATION


def _examples():
    for name, operation in BY_ID.items():
        holders = [operation["requestBody"]] if "requestBody" in operation else []
        for holder in [*holders, *operation["responses"].values()]:
            for media in holder["content"].values():
                for title, example in media.get("examples", {}).items():
                    yield pytest.param(media["schema"], example["value"], id=f"{name}: {title}")
        for parameter in operation.get("parameters", ()):
            one = (
                WRITTEN["components"]["parameters"][parameter["$ref"].split("/")[-1]]
                if "$ref" in parameter
                else parameter
            )
            if "example" in one:
                yield pytest.param(one["schema"], one["example"], id=f"{name}: {one['name']}")


@pytest.mark.parametrize(("schema", "example"), list(_examples()))
def test_every_example_fits_its_schema(schema, example):
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": WRITTEN["components"], **schema}
    Draft202012Validator(whole).validate(example)


def test_stream_examples_fit_the_event_schema():
    """Each event in order, named by its `event` line."""
    media = _written("Chat")["responses"]["200"]["content"]["text/event-stream"]
    frames = {
        label: [frame.split("\n") for frame in example["value"].strip().split("\n\n")]
        for label, example in media["examples"].items()
    }
    mapping = WRITTEN["components"]["schemas"][events.UNION]["discriminator"]["mapping"]
    *begun, tool_start, tool_complete, waiting, turn_complete, complete, error = mapping
    names = {label: [name.removeprefix("event: ") for name, _ in sent] for label, sent in frames.items()}
    assert names["an answer"] == [*begun, tool_start, tool_complete, turn_complete, complete]
    # The sentence that says so is text, too.
    assert names["a failure"] == [*begun[:-1], "text_delta", begun[-1], error]
    assert names["a pause"] == [*begun, tool_start, waiting]
    for name, data in [frame for sent in frames.values() for frame in sent]:
        event = json.loads(data.removeprefix("data: "))
        assert event["type"] == name.removeprefix("event: ")
        for reference in (schemas.AT + events.UNION, mapping[event["type"]]):
            Draft202012Validator({"components": WRITTEN["components"], "$ref": reference}).validate(event)


@pytest.mark.parametrize("function", [name for name, one in OPERATIONS.items() if one.bodies])
def test_every_example_body_is_accepted(function):
    for example in OPERATIONS[function].bodies.values():
        OPERATIONS[function].body.read(json.dumps(example))


@pytest.mark.parametrize("function", management.OPERATIONS)
def test_scope_matches_the_handler(function):
    handler = module(f"functions.{STACK.functions[function].handler.removesuffix('.handler')}")
    (decorator,) = next(node for node in handler.tree.body if isinstance(node, ast.FunctionDef)).decorator_list
    assert OPERATIONS[function].scope == decorator.args[0].value
    assert _written(function)["security"] == [{"Bearer": [OPERATIONS[function].scope]}]


def _said():
    """Each (status, code) that our code can return."""
    kinds = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    kinds = {
        name: kind for name, kind in kinds.items() if issubclass(kind, errors.ApiError) and kind in STATUS_OF_ERROR
    }
    yield from ((STATUS_OF_ERROR[kind], kind.code) for kind in kinds.values() if kind is not errors.ApiError)
    for one in modules("shared"):
        for node in ast.walk(one.tree):
            match node:
                case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name), keywords=[*keywords]) if name in kinds:
                    given = [word.value.value for word in keywords if word.arg == "code"]
                    yield from ((STATUS_OF_ERROR[kinds[name]], code) for code in given)
                case ast.ClassDef(bases=[ast.Name(name)], body=[*body]) if (
                    name in kinds and one.name != "shared.errors"
                ):
                    for line in body:
                        match line:
                            case ast.Assign(targets=[ast.Name("code")], value=ast.Constant(code)):
                                yield STATUS_OF_ERROR[kinds[name]], code


def _documented():
    for operation in BY_ID.values():
        for status, response in operation["responses"].items():
            if status >= "400":
                yield from ((int(status), code) for code in response[refusals.CODES])


def test_every_error_code_is_documented_with_its_status():
    # No HTTP request causes a foreign event; only a developer who invokes a function by hand does.
    assert set(_said()) - set(_documented()) == {(400, "invalid_event")}


def test_every_documented_error_code_can_occur():
    said = {code for _, code in _said()} | {
        json.loads(one.body)["code"] for one in read_routes(TEMPLATE).refusals.values()
    }
    assert {code for _, code in _documented()} <= said
    assert refusals.MEANINGS.keys() == {code for _, code in _documented()} | {"method_not_allowed"}


def test_every_description_belongs_to_a_field():
    schemas = WRITTEN["components"]["schemas"]
    named = {name for schema in schemas.values() for name in schema.get("properties", ())}
    named |= {f"{schema}.{name}" for schema in schemas for name in schemas[schema].get("properties", ())}
    queries = [one.query for one in OPERATIONS.values() if one.query]
    named |= {name for query in queries for name in parameters_of(query)}
    named |= {f"{query.__name__}.{name}" for query in queries for name in parameters_of(query)}
    assert fields.MEANINGS.keys() - named == set()


@pytest.mark.parametrize(("function", "window"), [("InitSession", rates.SESSIONS), ("LeaveFeedback", feedback.WINDOWS)])
def test_document_states_the_fixed_limits(function, window):
    (only,) = window
    assert f"At most {only.limit} in any {only.seconds} seconds" in _written(function)["description"].replace("\n", " ")


def test_document_holds_no_secret():
    """The value in the examples has no valid signature."""
    values = {
        part for example in _examples() for part in json.dumps(example.values[1]).split('"') if part.startswith("eyJ")
    }
    assert values == {"eyJhbGci", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.RVhBTVBMRQ.bm90LWEtc2lnbmF0dXJl"}
    assert "ctk_" not in json.dumps(WRITTEN).replace("ctk_...", "")
