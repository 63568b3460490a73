"""The tables in the user pages match the API, the targets, and the sentences."""

import json
import re
from dataclasses import fields

import pytest

from infra.local.template import ROOT
from shared.rules import target
from shared.rules.input_limits import InputLimits
from tests.docs import pages

DOCUMENT = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
MANAGING = "docs/managing-tokens.md"
TARGETS = "docs/targets.md"
EMBEDDING = "docs/embedding.md"
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "shared").rglob("*.py")))
# Texts or prefixes of Runtype's widget.
WIDGET = ("Session expired. Please refresh to continue.", "Invalid client token:", "Origin not allowed:")


def rows(text):
    """The cells of each row of the first table."""
    table = text.partition("\n| --- |")[2].partition("\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in table.splitlines()]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def subsection(page, heading):
    return pages.read(page).partition(f"\n### {heading}\n")[2].partition("\n#")[0]


def management():
    return [
        operation
        for path, methods in DOCUMENT["paths"].items()
        if path.startswith("/v1/client-tokens")
        for method, operation in methods.items()
        if method != "parameters"
    ]


def test_every_field_of_a_token_is_in_the_table_of_fields():
    listed = [name for cell, *_ in rows(subsection(MANAGING, "Fields")) for name in names(cell)]
    settable = SCHEMAS["CreateClientToken"]["properties"] | SCHEMAS["UpdateClientToken"]["properties"]
    assert sorted(listed) == sorted(settable)


@pytest.mark.parametrize("cells", rows(subsection(MANAGING, "Fields")), ids=lambda cells: names(cells[0])[0])
def test_defaults_and_bounds_of_fields_are_those_of_the_api(cells):
    for name in names(cells[0]):
        schema = SCHEMAS["CreateClientToken"]["properties"].get(name, {})
        if "default" in schema:
            written = re.sub(r"^`|`.*$", "", cells[1]).replace(",", "")
            assert written in {str(schema["default"]), json.dumps(schema["default"])}
        if "maximum" in schema:
            assert f"{schema['minimum']:,} to {schema['maximum']:,}" in cells[2]


def test_every_status_is_in_the_table_of_errors():
    listed = {status for cell, _ in rows(pages.section(MANAGING, "Errors")) for status in re.findall(r"\d+", cell)}
    answered = {status for operation in management() for status in operation["responses"] if status >= "400"}
    assert answered - listed == set()


def test_every_warning_is_in_the_table_of_warnings():
    listed = {name for cell, _ in rows(subsection(MANAGING, "Warnings")) for name in names(cell)}
    assert listed == set(re.findall(r"\b[a-z]+_\w+|info", SCHEMAS["Warned"]["properties"]["type"]["description"]))


def test_every_kind_of_target_is_in_the_table_of_kinds():
    assert [names(cells[0])[0] for cells in rows(pages.section(TARGETS, "Kinds"))] == list(target.KINDS)


def test_limits_of_targets_match_the_defaults_in_code():
    listed = {
        names(cells[0])[0]: int(re.match(r"\d+", cells[1])[0])
        for cells in rows(pages.section(TARGETS, "Limits: what one message may cost"))
    }
    assert listed == {field.name: field.default for field in fields(InputLimits)}


def test_every_code_of_a_failed_target_exists():
    codes = [code for cells in rows(pages.section(TARGETS, "When a target fails")) for code in names(cells[0])]
    assert [code for code in codes if f'"{code}"' not in SOURCE] == []


@pytest.mark.parametrize(
    "cells", rows(pages.section(EMBEDDING, "What visitors read when a request is refused")), ids=lambda cells: cells[0]
)
def test_sentences_for_visitors_match_the_service(cells):
    said = cells[1]
    for words in WIDGET:
        said = said.replace(words, "")
    said = re.sub(r"Please wait \d+ seconds and try again\.|\(The next message says why, as below\.\)", "", said)
    # The rest is in the source, except for the variable parts.
    for sentence in re.split(r"https://\.\.\.|\.\.\.| to \d+ KB\.", said):
        assert sentence.strip(" ") in re.sub(r'"\s*\n\s*f?"', "", SOURCE)
