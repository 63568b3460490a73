"""The document as one readable page: plain HTML, without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

Part = Mapping[str, Any]

STYLE = Path(__file__).with_name("docs.css")

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}: the API</title>
  <link rel="icon" href="icon.svg">
  <link rel="stylesheet" href="palette.css">
  <link rel="stylesheet" href="docs.css">
</head>
<body>
<nav>{menu}<a href="#schemas">Schemas</a><a href="openapi.json">openapi.json</a></nav>
<main>
<header><h1>{title} <small>{version}</small></h1>{description}<ul>{servers}</ul></header>
{planes}
<h2 id="schemas">Schemas</h2>
{schemas}
</main>
</body>
</html>
"""
# Words of JSON Schema for the two ends of a range, and what is counted.
_RANGES = [("minimum", "maximum", ""), ("minLength", "maxLength", " characters"), ("minItems", "maxItems", " entries")]


def render(document: Part) -> str:
    info, components = document["info"], document["components"]
    planes = {
        tag["name"]: [
            (method, path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation["tags"]
        ]
        for tag in document["tags"]
    }
    return _PAGE.format(
        title=escape(info["title"]),
        version=escape(info["version"]),
        description=_prose(info["description"]),
        menu="".join(f"<strong>{escape(name)}</strong>{_menu(plane)}" for name, plane in planes.items()),
        servers="".join(
            f"<li><code>{escape(one['url'])}</code> {_line(one['description'])}</li>" for one in document["servers"]
        ),
        planes="\n".join(
            f"<h2>{escape(tag['name'])}</h2>{_prose(tag['description'])}"
            + "\n".join(_operation(*one, components) for one in planes[tag["name"]])
            for tag in document["tags"]
        ),
        schemas="\n".join(_schema(name, schema) for name, schema in components["schemas"].items()),
    )


def _menu(plane: Iterable[tuple[str, str, Part]]) -> str:
    return "".join(
        f'<a href="#{one["operationId"]}"><b class="{method}">{method.upper()}</b> {escape(one["summary"])}</a>'
        for method, _, one in plane
    )


def _operation(method: str, path: str, operation: Part, components: Part) -> str:
    scopes = [scope for scheme in operation["security"] for scopes in scheme.values() for scope in scopes]
    parameters = [_found(one, components) for one in operation.get("parameters", ())]
    parts = [
        f'<h3><b class="{method}">{method.upper()}</b> <code>{escape(path)}</code></h3>',
        f"<p><strong>{escape(operation['summary'])}.</strong></p>{_prose(operation['description'])}",
        *(f"<p>Needs the scope <code>{escape(scope)}</code>.</p>" for scope in scopes),
    ]
    if parameters:
        rows = [_row(one["name"], one["schema"] | {"description": one["description"]}, one["in"]) for one in parameters]
        parts.append(f"<h4>Parameters</h4>{_table(rows)}")
    if "requestBody" in operation:
        optional = "" if operation["requestBody"]["required"] else ", may be left out"
        parts.append(f"<h4>Body{optional}</h4>{_content(operation['requestBody'])}")
    parts.append("<h4>Answers</h4>")
    parts += [_response(status, one, components) for status, one in operation["responses"].items()]
    return f'<section id="{operation["operationId"]}">{"".join(parts)}</section>'


def _response(status: str, response: Part, components: Part) -> str:
    headers = [(name, _found(one, components)) for name, one in response.get("headers", {}).items()]
    rows = [_row(name, one["schema"] | {"description": one["description"]}) for name, one in headers]
    codes = "" if status < "400" else " ".join(re.findall(r"^- (`\w+`)", response["description"], re.MULTILINE))
    shown = " open" if status < "400" else ""
    return (
        f'<details{shown}><summary><b class="s{status[0]}">{status}</b> {_line(codes)}</summary>'
        f"{_prose(response['description'])}{_content(response)}{_table(rows) if rows else ''}</details>"
    )


def _content(holder: Part) -> str:
    return "".join(
        f"<p><code>{escape(kind)}</code>: {_type(media['schema'])}</p>"
        + "".join(
            f"<details><summary>Example: {escape(name)}</summary><pre>{_json(example['value'])}</pre></details>"
            for name, example in media.get("examples", {}).items()
        )
        for kind, media in holder["content"].items()
    )


def _schema(name: str, schema: Part) -> str:
    required = schema.get("required", ())
    rows = [
        _row(field, one, "required" if field in required else "") for field, one in schema.get("properties", {}).items()
    ]
    return f'<section id="{name}"><h3>{name}</h3>{_prose(schema.get("description", ""))}{_table(rows)}</section>'


def _table(rows: Iterable[str]) -> str:
    return f"<table>{''.join(rows)}</table>"


def _row(name: str, schema: Part, mark: str = "") -> str:
    small = f" <small>{escape(mark)}</small>" if mark else ""
    return (
        f"<tr><th><code>{escape(name)}</code>{small}</th>"
        f"<td>{_type(schema)}{_limits(schema)}</td><td>{_prose(schema.get('description', ''))}</td></tr>"
    )


def _type(schema: Part) -> str:
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            text = f'<a href="#{name}">{name}</a>'
        case {"enum": list(values)}:
            text = " or ".join(f"<code>{_json(value)}</code>" for value in values)
        case {"const": value}:
            text = f"<code>{_json(value)}</code>"
        case {"anyOf": list(choices)}:
            text = " or ".join(_type(choice) for choice in choices)
        case {"type": list(types)}:
            text = " or ".join(_type({**schema, "type": one}) for one in types)
        case {"type": "array", "items": items}:
            text = f"list of {_type(items)}"
        case {"type": "string", "format": "date-time"}:
            text = "time"
        case _:
            text = schema.get("type", "anything")
    return text


def _limits(schema: Part) -> str:
    words = []
    for least, most, counted in _RANGES:
        if most in schema:
            words.append(f"{schema.get(least, 0)} to {schema[most]}{counted}")
        elif least in schema:
            words.append(f"at least {schema[least]}{counted.removesuffix('s') if schema[least] == 1 else counted}")
    if "default" in schema:
        words.append(f"default <code>{_json(schema['default'])}</code>")
    return "".join(f"<br><small>{word}</small>" for word in words)


def _prose(text: str) -> str:
    """Paragraphs, and lists of lines that begin with a hyphen."""
    blocks = []
    for block in re.split(r"\n\n", text):
        if block.startswith("- "):
            blocks.append(f"<ul>{''.join(f'<li>{_line(line[2:])}</li>' for line in block.splitlines())}</ul>")
        elif block:
            blocks.append(f"<p>{_line(block)}</p>")
    return "".join(blocks)


def _line(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _json(value: Any) -> str:
    return escape(json.dumps(value, indent=2, ensure_ascii=False), quote=False)


def _found(one: Part, components: Part) -> Part:
    """The component that it refers to, or itself."""
    if "$ref" not in one:
        return one
    _, _, kind, name = one["$ref"].split("/")
    found: Part = components[kind][name]
    return found
