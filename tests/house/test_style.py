"""Law 9: prose is plain modern English. These are the patterns that a program can see."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.house.code import ROOT

# "a request in a file" is none of it: no preposition, conjunction, or verb may stand between.
_SMALL = (
    "in|of|or|and|to|for|with|without|against|from|on|by|as|per|than|at|is|has|gets|into|after|before|ago|later|"
    "that|which|who|whose|when|where|while|if|because|cannot|less"
)
_PLAIN = rf"(?: (?!(?:{_SMALL})\b)[a-z-]*[a-rt-z])"
_UNIT = (
    r"(?:operation|request|call|second|minute|hour|day|week|month|year|file|line|page|message|item|key|token|session|"
    r"service|function|process|event|test|run|round|visitor|tenant|window)"
)
_BE = "is|are|was|were|may|must|can|cannot|has|have|will"
# As _PLAIN, but also in the plural.
_ANY = rf"(?: (?!(?:{_SMALL})\b)[a-z-]+)"
_MANY = r"(?:two|three|four|five|six|ten|twenty|sixty|hundred|thousand|several|[0-9][0-9,.]*)"
_SAY = (
    "sends?|sent|says?|said|claims?|claimed|gives?|gave|gets?|got|needs?|asks?|asked|wants?|writes?|wrote|fails?|breaks?|"
    "comes?|came|goes|fits?|passes|passed|counts?|costs?|renders?|sees?|does|stores?|stored|returns?|chooses?|expires?"
)
# Where a sentence begins: of a paragraph, an item of a list, a cell, or after another.
_START = r"(?:^|[.:;|] |^[-*] | [-*] |[(\"])"
HABITS = {
    "a or an instead of per": (
        rf"(?i)\b(?:(?:an?|one){_PLAIN}{{1,2}}|{_MANY}{_ANY}{{1,2}}|(?:once|twice){_PLAIN}?|[0-9]+(?: [km]b)?)"
        rf" an? {_UNIT}\b"
    ),
    "a free relative as a subject": (
        rf"{_START}(?:Who|Whoever) (?!(?:is|are|was) [a-z ]+[:?])[^.?:|]*(?:[.;]|$)"
        rf"|{_START}What (?:is|are|was|were|has|have|comes|goes|does|passes|fits|fails|differs) [^.?:;|]*\b(?:{_BE})\b"
        rf"|{_START}What [^.?:;|]*\b(?:{_SAY}) (?:{_BE}|never|ends|becomes)\b"
        r"|(?i:\bwhat (?:it|they) (?:is|are|was|were) (?:asked|told|given|answered|said)\b)|\btest_(?:who|whoever)_"
    ),
    "a verb in the wrong valency": (
        r"\banswer(?:s|ed)? (?:an? |the )?(?:`|ETag|[1-5][0-9]{2}\b)"
        r"|(?i:\basks? (?:the target|AWS|KMS)\b|\b(?:asked|told) (?:of|for nothing|nothing)\b)"
        r"|(?i:\b(?:tells?|knows?|says?) (?:nothing )?of\b)"
    ),
    "an ellipsis": r"\*\*(?:Over|Gone|Done)\.\*\*|\bsame (?:keys|ids|names) are others\b|" + _START + r"Else\b",
    "an archaic word": (
        r"(?i)\b(?:anew|dearer|whom|himself|herself|misspelt|though it be|in the place of|in the midst of|for ever"
        r"|to the last one|(?:that|than) there (?:is|are)(?=[.,;])|so many (?!that)|amongst|whilst|whence|whereby"
        r"|thereof|thereby|thrice|unto|till|albeit|lest|shall|upon|hence|therein|wherein|hitherto|henceforth|oneself"
        r"|notwithstanding|whosoever)\b"
    ),
    "a metaphor for a term": (
        r"(?i)\b(?:knock(?:s|ed|ing)?|holes?|gates?|heats? its|(?:has|have|had) (?:its|their) time|the thief|doors?"
        r"|judge[sd]?|judging|mend(?:s|ed|ing)?|tours?|heard|hears?|lets? in)\b"
    ),
    "a person for anybody": r"\b(?:[Hh]e|[Hh]is|[Hh]im|[Ss]he|[Hh]ers?)\b",
    "a British spelling": (
        r"(?i)(?:neighbour|colour|behaviour|favour|honour|catalogue|artefact|(?:mod|lab|trav|canc)ell(?:ed(?!by)|ing)"
        r"|(?:normal|recogn|organ|author|serial|initial|optim|minim|summar|real|util|standard|general|synchron)is(?:e|ing)"
        r"|judgement|licence|defence|offence|towards|learnt|fulfil\b)"
    ),
}
# Identifiers are prose of one word.
PRIVATE = re.compile(
    r"doors?|doorkeeper|knock(?:s|ed)?|judge[sd]?|wish|tour|mend(?:s|ed)?|amend|instants?|seal(?:s|ed)?|rivals?|patience"
    r"|neighbours?|colours?|(?:un)?modelled|normalise|behaviour"
)
COMMENT = re.compile(r"\s*(?:#(?!!)|//|/?\*(?!\())+ ?(.*)")
ROOMS = [".ci", ".github", "docs", "functions", "infra", "shared", "tests"]
AT_THE_ROOT = ["*.md", "*.toml", "*.yaml", "Makefile", ".editorconfig", ".gitignore", "openapi.json"]
SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml", ".in", ".js", ".ts", ".css", ".html", ""}
# Only this file quotes the habits.
SAMPLES = "tests/house/test_style.py"


def _files():
    files = [path for pattern in AT_THE_ROOT for path in ROOT.glob(pattern)]
    inside = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in SUFFIXES]
    # Other people's code is as they wrote it.
    files += [path for path in inside if path.is_file() and not {path.name[0], path.parent.name} & {".", "vendor"}]
    return sorted({str(path.relative_to(ROOT)) for path in files} - {SAMPLES})


def _found(text):
    """The habits in a text. What stands in backticks is code."""
    text = re.sub(r"`[^`\n]*`", "`", text) if text.count("`") > 1 else text
    text = re.sub(r"\s+", " ", text).strip()
    return [habit for habit, pattern in HABITS.items() if re.search(pattern, text)]


def _in_file(path, text):
    """Yields `(line, habit)`."""
    match Path(path).suffix:
        case ".py":
            nodes = list(ast.walk(ast.parse(text)))
            yield from ((line, f"a private name: {name}") for name, line in _names(nodes) if _is_private(name))
            prose = [*_comments(text), *_texts(nodes)]
        case ".md":
            code = re.compile(r"```.*?```", re.DOTALL)
            prose = [(text, 0) for text in code.sub("", text).split("\n\n")]
            prose += [comment for block in code.findall(text) for comment in _comments(block)]
        case ".json":
            prose = [(text, 0) for text in _strings(json.loads(text))]
        case ".yaml" | ".yml":
            prose = [*_comments(text), *_scalars(text)]
        case _:
            prose = [*_comments(text), *_lines(text)]
    yield from ((line, habit) for text, line in prose for habit in _found(text))


def _comments(text):
    """Each comment; one over several lines as one text."""
    comment, begun = [], 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if match := COMMENT.match(line):
            begun = begun if comment else number
            comment.append(match[1])
            continue
        if comment:
            yield " ".join(comment), begun
        comment = []
        yield from ((part, number) for part in re.split(r"\s#+\s", line)[1:])


def _lines(text):
    """Each line that is no comment, without tags."""
    for number, line in enumerate(text.splitlines(), 1):
        if not COMMENT.match(line):
            yield re.sub(r"<[^>]*>", "", re.split(r"\s#+\s", line)[0]), number


def _texts(nodes):
    """Docstrings and other texts of several words; names of tests."""
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        match node:
            case ast.JoinedStr(values=values):
                yield "".join(one.value if isinstance(one, ast.Constant) else "..." for one in values), node.lineno
            case ast.Constant(value=str(value)) if " " in value and id(node) not in parts:
                yield value, node.lineno
            case ast.FunctionDef(name=name) if name.startswith("test_"):
                yield from ((form, node.lineno) for form in (name, name.replace("_", " ")))


def _scalars(text):
    """Texts of several words in YAML, folded ones on one line."""
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.ScalarToken) and " " in token.value:
            yield token.value, token.start_mark.line + 1


def _strings(value):
    match value:
        case dict():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)
        case str():
            yield value


def _names(nodes):
    for node in nodes:
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name) | ast.alias(asname=str(name)):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno


@cache
def _is_private(name):
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_")
    return any(PRIVATE.fullmatch(word) for word in words)


@pytest.mark.parametrize("path", _files())
def test_file_is_written_in_plain_english(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    assert [f"{path}:{line} {found}" for line, found in _in_file(path, text)] == []


SENTENCES = [
    ("a or an instead of per", "One file an operation."),
    ("a or an instead of per", "There is a Lambda function an operation."),
    ("a or an instead of per", "It is measured once a round."),
    ("a or an instead of per", "There is one client a service."),
    ("a or an instead of per", "It leaks 10 KB an event."),
    ("a or an instead of per", "It keeps one counter a visitor and two limits a window."),
    ("a or an instead of per", "Visitors may send sixty requests a minute."),
    ("a or an instead of per", "It takes 60 a minute."),
    ("a free relative as a subject", "Who sends slowly is held to the limit like everybody."),
    ("a free relative as a subject", "Whoever lists them reads no key."),
    ("a free relative as a subject", "What is not given is not stored."),
    ("a free relative as a subject", "What a page sends is ignored."),
    ("a free relative as a subject", "It repeats what it was asked."),
    ("a verb in the wrong valency", "Create answers an ETag."),
    ("a verb in the wrong valency", "It is answered 412."),
    ("a verb in the wrong valency", "It asks the target."),
    ("a verb in the wrong valency", "The log tells of the token."),
    ("an ellipsis", "Other tenants' same keys are others."),
    ("an ellipsis", "Else a large body would fill the memory."),
    ("an archaic word", "Applied once, though it be sent again."),
    ("an archaic word", "It is fetched anew."),
    ("an archaic word", "It takes so many seconds."),
    ("a metaphor for a term", "Its counter has its time."),
    ("a metaphor for a term", "Every door is one screen, behind the gate."),
    ("a person for anybody", "Delete it when he has left."),
    ("a British spelling", "The neighbour is not modelled."),
]
# A sentence stands at {}; over two lines, its second half at {rest}.
PLACES = {
    "docstring.py": '"""{}"""\n',
    "comment.py": "x = 1\n# {}\n# {rest}\n",
    "behind.py": "x = 1  # {}\n",
    "message.py": 'raise ValueError("{}")\n',
    "formatted.py": 'f"{{x}}: {} {{x}}"\n',
    "page.md": "## Title\n\n{}\n{rest}\n",
    "list.md": "- One.\n- {}\n  {rest}\n",
    "table.md": "| a | b |\n| --- | --- |\n| One | {} |\n",
    "code.md": "```sh\nls # {}\n```\n",
    "template.yaml": "Description: {}\n",
    "folded.yaml": "Resources:\n  Alarm:\n    Description: >-\n      {}\n      {rest}\n",
    "comment.yml": "on: push\n# {}\n# {rest}\n",
    "Makefile": "goal: ## {}\n",
    "run": "#!/bin/sh\n# {}\n",
    "page.js": "// {}\n// {rest}\n",
    "index.html": "<p>{}</p>\n",
    "openapi.json": '{{"description": "{}"}}',
}


@pytest.mark.parametrize(("habit", "sentence"), SENTENCES)
@pytest.mark.parametrize("place", PLACES)
def test_each_habit_is_found_when_it_comes_back(place, habit, sentence):
    middle = sentence.index(" ", len(sentence) // 2)
    first, rest = (sentence[:middle], sentence[middle + 1 :]) if "{rest}" in PLACES[place] else (sentence, "")
    assert {found for _, found in _in_file(place, PLACES[place].format(first, rest=rest))} == {habit}


@pytest.mark.parametrize(
    ("name", "habit"),
    [
        ("test_who_sends_slowly", "a free relative as a subject"),
        ("test_one_file_an_operation", "a or an instead of per"),
        ("test_it_asks_the_target", "a verb in the wrong valency"),
        ("test_key_is_made_anew", "an archaic word"),
        ("test_counter_has_its_time", "a metaphor for a term"),
        ("test_session_ends_when_he_leaves", "a person for anybody"),
    ],
)
def test_each_habit_is_found_in_the_name_of_a_test(name, habit):
    assert habit in {found for _, found in _in_file("test_x.py", f"def {name}():\n    pass\n")}


@pytest.mark.parametrize("name", ["knock", "open_door", "NotModelled", "judge_all", "Instant"])
def test_private_name_is_found(name):
    assert [found for _, found in _in_file("x.py", f"{name} = 1\n")] == [f"a private name: {name}"]
