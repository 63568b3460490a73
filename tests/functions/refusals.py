"""What refusals say, held to refusals.yaml word for word."""

import re
from pathlib import Path

import yaml

_PLACEHOLDERS = {"<n>": r"\d[\d,.]*", "<size>": r"\d[\d,.]* (bytes|KB|MB)", "<word>": r"\S+", "<any>": r".+"}
_LISTED = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))


def _pattern(said):
    for placeholder, pattern in _PLACEHOLDERS.items():
        said = pattern.join(said.split(re.escape(placeholder)))
    return said


def _patterns(listed):
    return [re.compile(_pattern(re.escape(one))) for one in (listed if isinstance(listed, list) else [listed])]


_PATTERNS = {code: (_patterns(said["error"]), _patterns(said.get("hint", ""))) for code, said in _LISTED.items()}


def assert_says(code, error, hint=None):
    """Asserts that an error and its hint say what their code stands for. `hint`: not asserted if None."""
    errors, hints = _PATTERNS[code]
    assert any(pattern.fullmatch(error) for pattern in errors), (code, error)
    assert hint is None or any(pattern.fullmatch(hint) for pattern in hints), (code, hint)
