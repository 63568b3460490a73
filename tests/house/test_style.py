"""Law 9: prose is plain modern English. These are the patterns that a program can see."""

import ast
import io
import re
import tokenize

import pytest

from tests.house.code import ROOT, modules

# "a request in a file" is none of it: no preposition, conjunction, or verb may stand between.
_SMALL = "in|of|or|and|to|for|with|without|from|on|by|as|per|than|at|is|has|gets|into|after|before"
_PLAIN = rf"(?: (?!(?:{_SMALL})\b)[a-z-]*[a-rt-z])"
_UNIT = r"(?:operation|request|second|minute|hour|day|month|file|line|message)"
HABITS = {
    "a or an instead of per": rf"(?i)\b(?:an?|one|two|three|[0-9][0-9,]*){_PLAIN}{{1,2}} an? {_UNIT}\b",
    "a free relative as a subject": r"(?:^|[.:;] )(?:Who|Whoever) (?!is |are |was )[^.?]*[.;]|\btest_(?:who|whoever)_",
    "a verb in the wrong valency": (
        r"\banswers? (?:an? |the )?(?:`|ETag|[1-5][0-9]{2}\b)|\basks? (?:the target|AWS|KMS)\b|\btells? nothing of\b"
    ),
    "an ellipsis": r"\*\*(?:Over|Gone|Done)\.\*\*|\bsame (?:keys|ids|names) are others\b",
    "an archaic word": r"(?i)\b(?:anew|dearer|whom|himself|herself|misspelt|though it be|in the place of)\b",
    "a metaphor for a term": (
        r"(?i)\b(?:knock(?:s|ed|ing)?|is a hole|heats? its|(?:has|have|had) (?:its|their) time|the thief)\b"
    ),
    "a person for anybody": r"\b(?:[Hh]e|[Hh]is|[Hh]im)\b",
}
# Rooms whose prose follows the rules. A room that is not here has sentences left to rewrite.
ROOMS = ["functions", "shared", "infra"]
PAGES = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))


def _found(text):
    """The habits in a text. What stands in backticks is code."""
    text = re.sub(r"`[^`\n]*`", "`", text) if text.count("`") > 1 else text
    text = re.sub(r"\s+", " ", text)
    return [habit for habit, pattern in HABITS.items() if re.search(pattern, text)]


def _prose(module):
    """Comments, docstrings, and other texts of several words; names of tests."""
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string, token.start[0]
    for node in ast.walk(module.tree):
        match node:
            case ast.Constant(value=str(text)) if " " in text:
                yield text, node.lineno
            case ast.FunctionDef(name=name) if name.startswith("test_"):
                yield name, node.lineno


@pytest.mark.parametrize("module", modules(*ROOMS), ids=lambda module: module.name)
def test_module_is_written_in_plain_english(module):
    assert [f"{module.at(line)} {habit}" for text, line in _prose(module) for habit in _found(text)] == []


@pytest.mark.parametrize("page", PAGES)
def test_page_is_written_in_plain_english(page):
    paragraphs = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL).split("\n\n")
    assert [(habit, text[:80]) for text in paragraphs for habit in _found(text)] == []


@pytest.mark.parametrize(
    ("habit", "sentence"),
    [
        ("a or an instead of per", "One file an operation."),
        ("a or an instead of per", "There is a Lambda function an operation."),
        ("a free relative as a subject", "Who sends slowly is held to the limit like everybody."),
        ("a free relative as a subject", "test_who_sends_slowly"),
        ("a verb in the wrong valency", "Create answers an ETag."),
        ("a verb in the wrong valency", "It asks the target."),
        ("an ellipsis", "Other tenants' same keys are others."),
        ("an archaic word", "Applied once, though it be sent again."),
        ("an archaic word", "It is fetched anew."),
        ("a metaphor for a term", "Its counter has its time."),
        ("a person for anybody", "Delete it when he has left."),
    ],
)
def test_each_habit_is_found_when_it_comes_back(habit, sentence):
    assert _found(sentence) == [habit]
