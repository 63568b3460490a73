"""JSON Schemas of requests and responses, from the models and typed dictionaries of the wire."""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import cache
from typing import Any, NotRequired, cast, get_args, get_origin, get_type_hints, is_typeddict

import typing_extensions
from pydantic import BaseModel, TypeAdapter
from pydantic.alias_generators import to_camel

from infra.tools.openapi.fields import meaning
from shared.rules import identifier
from shared.rules.client_tools import TOOLS_MAX
from shared.rules.token_settings import TokenSettings
from shared.wire.audit import ListAuditRecords
from shared.wire.chat import Chat, VisitorMessage
from shared.wire.client_tools import ClientTool
from shared.wire.regeneration import RegenerateClientToken
from shared.wire.resumes import ResumeExecution
from shared.wire.token_settings import CreateClientToken, UpdateClientToken

Schema = dict[str, Any]
AT = "#/components/schemas/"

# pydantic's keywords for a bound that follows one of our validators.
_WORDS = {"ge": "minimum", "le": "maximum"}
_WORDS_OF_LISTS = {"minLength": "minItems", "maxLength": "maxItems"}


def reference(kind: type) -> Schema:
    return {"$ref": AT + kind.__name__}


def of(kinds: list[type]) -> dict[str, Schema]:
    """The schemas of these models and typed dictionaries, and of all that they contain, by name."""
    found: dict[str, Schema] = {}
    for kind in kinds:
        schema = TypeAdapter(_read_by_pydantic(kind)).json_schema(ref_template=AT + "{model}")
        found |= schema.pop("$defs", {})
        found[kind.__name__] = schema
    for model, refine in _REFINEMENTS.items():
        if model.__name__ in found:
            refine(found[model.__name__]["properties"])
    return {name: _refined(name, found[name]) for name in sorted(found)}


def parameters(model: type[BaseModel]) -> dict[str, Schema]:
    """The schema of each parameter of a query string, by name, with `required`. A query string has no null."""
    whole = of([model])[model.__name__]
    properties = {name: dict(schema) for name, schema in whole["properties"].items()}
    for name, schema in properties.items():
        if name in whole.get("required", ()):
            schema["required"] = True
        schema["type"] = next(kind for kind in _types(schema) if kind != "null")
        if "enum" in schema:
            schema["enum"] = [word for word in schema["enum"] if word is not None]
        if schema.get("default", ...) is None:
            del schema["default"]
    return properties


def nullable(schema: Schema) -> Schema:
    """The schema, with null allowed."""
    also = {"type": [*_types(schema), "null"]}
    return schema | also | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


@cache
def _read_by_pydantic(kind: type) -> type:
    """The same typed dictionary from typing_extensions: below Python 3.12, pydantic reads no other."""
    if not is_typeddict(kind):
        return kind
    hints = get_type_hints(kind, include_extras=True)
    made = typing_extensions.TypedDict(kind.__name__, {name: _hint(hint) for name, hint in hints.items()})  # type: ignore[misc]
    made.__doc__ = kind.__doc__
    return cast("type", made)


def _hint(hint: Any) -> Any:
    if is_typeddict(hint):
        return _read_by_pydantic(hint)
    if get_origin(hint) is NotRequired:
        return NotRequired[_hint(get_args(hint)[0])]
    if get_origin(hint) is list:
        return list[_hint(get_args(hint)[0])]  # type: ignore[misc]
    return hint


def _refined(name: str, schema: Schema) -> Schema:
    refined = _plain(schema)
    if "description" in refined:
        # Docstrings use our names of fields.
        words = re.sub(r"`(\w+)`", lambda found: to_camel(found[1]), refined["description"])
        refined["description"] = re.sub(r"(?<!\n)\n(?!\n)", " ", words)
    refined["properties"] = {
        field: _described(name, field, _plain(inner)) for field, inner in schema["properties"].items()
    }
    return refined


def _described(name: str, field: str, schema: Schema) -> Schema:
    if "$ref" in schema:
        # Generators drop or reject keywords beside a reference, so the description is in the referenced schema.
        return schema
    if field.endswith("At") and "string" in _types(schema):
        schema["format"] = "date-time"
    return {"description": meaning(name, field)} | schema


def _plain(schema: Schema) -> Schema:
    """Without pydantic's generated titles, and with OpenAPI's keywords for bounds and null."""
    match schema:
        case {"anyOf": [inner, {"type": "null"}], **rest} if "type" in inner:
            schema = nullable(inner) | rest
    if "enum" in schema:
        # Python shares one type among optional literals of the same words, so their order is that of any package's.
        schema = schema | {"enum": sorted(schema["enum"], key=lambda word: (word is None, word))}
    words = _WORDS | (_WORDS_OF_LISTS if "array" in _types(schema) else {})
    first = {word: schema[word] for word in ("description", "type") if word in schema}
    plain = first | {words.get(word, word): value for word, value in schema.items() if word != "title"}
    # A default of null on a nullable field adds nothing, and no generator accepts an object as a default.
    if "null" in _types(plain) and isinstance(plain.get("default"), dict | None):
        plain.pop("default", None)
    if "items" in plain:
        plain["items"] = _plain(plain["items"])
    return plain


def _types(schema: Schema) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else list(found)


def _create(properties: dict[str, Schema]) -> None:
    """An absent setting has its own default, and null means absent."""
    defaults = {to_camel(name): value for name, value in asdict(TokenSettings(name="", allowed_origins=())).items()}
    defaults["originEnforcement"] = "enforce"
    for name, schema in properties.items():
        if "default" not in schema:
            continue
        plain = _plain(schema)
        if name in defaults:
            plain["default"] = defaults[name]
        properties[name] = plain if "null" in _types(plain) else nullable(plain)


def _no_defaults(properties: dict[str, Schema]) -> None:
    """An absent field has its own meaning, which no value expresses."""
    for schema in properties.values():
        del schema["default"]


def _chat(properties: dict[str, Schema]) -> None:
    properties["messages"]["items"] = reference(VisitorMessage)
    _tools(properties)


def _tools(properties: dict[str, Schema]) -> None:
    """Only checked if there are any."""
    properties["clientTools"] = {"type": ["array", "null"], "maxItems": TOOLS_MAX, "items": reference(ClientTool)}


def _audit(properties: dict[str, Schema]) -> None:
    properties["token"]["pattern"] = f"^ct_{identifier.ULID_PATTERN}$"


def _message(properties: dict[str, Schema]) -> None:
    """A transcript also holds the assistant's messages. The content is either text or a list."""
    properties["role"] = {"type": "string", "examples": ["user", "assistant"]}
    content = properties["content"]
    content["oneOf"] = content.pop("anyOf")


_REFINEMENTS = {
    CreateClientToken: _create,
    UpdateClientToken: _no_defaults,
    RegenerateClientToken: _no_defaults,
    Chat: _chat,
    ResumeExecution: _tools,
    ListAuditRecords: _audit,
    VisitorMessage: _message,
}
