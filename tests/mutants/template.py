"""Mutants of the templates: one value is changed, or one list entry removed. Texts for people are not mutated."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.code import Mutant

PATHS = ("template.yaml", "infra/templates/watching.yaml")
_VALUE = re.compile(r"(?P<head>\s*(?:- )?(?P<key>[\w:.-]+): )(?P<value>[^\s#&>|{\[!].*?)\s*")
# The actions of a grant, and its keys.
_GRANT = re.compile(r"\s*(- .*\bSid: |Condition: ).*")
_QUOTED = re.compile(r'"[^"]+"')
_ENTRY = re.compile(r"\s*- (?![\w:.-]+: |[\w:.-]+:$)(?P<value>\S.*)")
# Only for people, or only for tools.
_WORDS = {
    "AWSTemplateFormatVersion", "AssertDescription", "Comment", "ConstraintDescription", "Description", "default",
    "summary", "title",
}  # fmt: skip


def mutants(root: Path) -> Iterator[Mutant]:
    for path in PATHS:
        yield from _mutants(path, root)


def _mutants(path: str, root: Path) -> Iterator[Mutant]:
    place, is_begun = 0, False
    for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(keepends=True), start=1):
        is_begun = is_begun or line == "Parameters:\n"
        for change, code in _changes(line.removesuffix("\n")) if is_begun else ():
            yield Mutant(
                path=path,
                line=number,
                column=0,
                change=change,
                original=line.strip(),
                start=place,
                end=place + len(line),
                code=code,
            )
        place += len(line)


def _changes(line: str) -> Iterator[tuple[str, str]]:
    if (found := _VALUE.fullmatch(line)) and found["key"] not in _WORDS:
        value = found["value"]
        yield f"{value[:40]} becomes {_other(value)[:40]}", found["head"] + _other(value) + "\n"
    elif _GRANT.fullmatch(line):
        for found in _QUOTED.finditer(line):
            yield (
                f"{found[0]} becomes {_other(found[0])}",
                line[: found.start()] + _other(found[0]) + line[found.end() :] + "\n",
            )
    elif _ENTRY.fullmatch(line):
        yield "the entry is dropped", ""


def _other(value: str) -> str:
    if value in {"true", "false"}:
        return "false" if value == "true" else "true"
    if value.isdecimal():
        return str(int(value) + 1)
    if value[-1] in "\"'":
        return f"{value[:-1]}X{value[-1]}"
    return f"{value}X"
