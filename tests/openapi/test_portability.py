"""The document keeps to what client generators read, which is less than what OpenAPI 3.1 allows."""

import json
import re
from collections import Counter
from urllib.parse import urlsplit

from infra.local.template import ROOT

WRITTEN = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS = WRITTEN["components"]["schemas"]
OPERATIONS = [operation for item in WRITTEN["paths"].values() for operation in item.values()]
# Keywords of JSON Schema 2020-12 that at least one of the generators in tests/clients ignores or rejects.
UNREAD = {
    "$defs", "allOf", "anyOf", "contentMediaType", "contentSchema", "dependentRequired", "dependentSchemas", "else",
    "if", "not", "patternProperties", "prefixItems", "propertyNames", "then", "unevaluatedProperties",
}  # fmt: skip


def _objects(part):
    """Every object in it, except in examples, which are data."""
    if isinstance(part, dict):
        yield part
        for name, inner in part.items():
            if name not in {"example", "examples"}:
                yield from _objects(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _objects(inner)


def _types(schema):
    found = schema.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def test_references_have_no_sibling_keywords():
    assert [one for one in _objects(WRITTEN) if isinstance(one.get("$ref"), str) and len(one) > 1] == []


def test_references_resolve():
    for one in _objects(WRITTEN):
        if isinstance(one.get("$ref"), str):
            _, *steps = one["$ref"].split("/")
            found = WRITTEN
            for step in steps:
                found = found[step]


def test_schemas_use_only_keywords_that_generators_support():
    assert {name for schema in _objects(SCHEMAS) for name in schema.keys() & UNREAD} == set()


def test_objects_that_may_be_null_have_no_default():
    nullable = [schema for schema in _objects(SCHEMAS) if {"object", "null"} <= _types(schema)]
    assert nullable
    assert [schema for schema in nullable if "default" in schema] == []


def test_nullable_types_are_a_pair_with_null():
    """Generators make an optional type of this form, and a union class of any other."""
    for schema in _objects(SCHEMAS):
        if isinstance(schema.get("type"), list):
            assert len(schema["type"]) == 2
            assert schema["type"][1] == "null"


def test_every_error_response_uses_the_error_schema():
    responses = [
        response for operation in OPERATIONS for status, response in operation["responses"].items() if status >= "400"
    ]
    for response in [*responses, *WRITTEN["components"]["responses"].values()]:
        assert response["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/ApiError"}}}
    assert SCHEMAS["ApiError"]["required"] == ["error", "code", "requestId"]


def test_stream_response_is_text():
    (chat,) = [operation for operation in OPERATIONS if operation["operationId"] == "chat"]
    (media,) = chat["responses"]["200"]["content"].items()
    assert (media[0], media[1]["schema"]) == ("text/event-stream", {"type": "string"})


def test_events_have_a_discriminator():
    union = SCHEMAS["ChatEvent"]
    mapping = union["discriminator"]["mapping"]
    assert [one["$ref"] for one in union["oneOf"]] == list(mapping.values())
    for kind, reference in mapping.items():
        event = SCHEMAS[reference.rpartition("/")[2]]
        assert event["properties"][union["discriminator"]["propertyName"]]["const"] == kind
        assert union["discriminator"]["propertyName"] in event["required"]


def test_operations_have_distinct_ids_and_one_tag_each():
    assert max(Counter(operation["operationId"] for operation in OPERATIONS).values()) == 1
    tags = {tag["name"] for tag in WRITTEN["tags"]}
    assert {tuple(operation["tags"]) for operation in OPERATIONS} == {(tag,) for tag in tags}


def test_everything_has_a_description():
    for operation in OPERATIONS:
        assert operation["summary"]
        assert operation["description"]
        assert all(one.get("description") or "$ref" in one for one in operation.get("parameters", ()))
    for name, schema in SCHEMAS.items():
        assert schema.get("description"), name
        for field, inner in schema.get("properties", {}).items():
            assert "$ref" in inner or inner.get("description"), f"{name}.{field}"


def test_descriptions_are_markdown_without_accidents():
    """In Markdown a star means emphasis, unless it is in code."""
    for one in _objects(WRITTEN):
        if isinstance(text := one.get("description"), str):
            assert "*" not in re.sub(r"`[^`]*`", "", text), text


def test_default_server_is_localhost():
    """Generators take the first server for the default; a credential must not go to a stranger's API by mistake."""
    assert urlsplit(WRITTEN["servers"][0]["url"]).hostname == "127.0.0.1"


def test_servers_declare_each_of_their_variables():
    for server in WRITTEN["servers"]:
        variables = server.get("variables", {})
        assert all(f"{{{name}}}" in server["url"] and one["default"] for name, one in variables.items())
        assert server["url"].count("{") == len(variables)
