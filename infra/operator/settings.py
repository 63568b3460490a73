"""A target's settings as an operator writes them, judged by the target's kind before they are stored."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.errors import Invalid
from shared.targets import answering


def read(kind: str, written: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """What to store of the settings of a target of this kind. Raises Invalid, with a sentence for the first mistake."""
    given: dict[str, str] = {}
    for name, value in written:
        if name in given:
            raise Invalid(f"The setting {name} is given twice.")
        given[name] = value
    settings = answering.load(kind).Settings
    try:
        # What is not given is not stored: where a default changes, it changes for those who did not choose.
        return settings.model_validate(given).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        # What is missing may only be misspelt.
        wrong = min(error.errors(include_url=False), key=lambda one: one["type"] == "missing")
    raise Invalid(_sentence(kind, wrong, settings.model_json_schema()["properties"]))


def _sentence(kind: str, wrong: ErrorDetails, known: Mapping[str, Any]) -> str:
    name = str(wrong["loc"][0])
    match wrong["type"]:
        case "missing":
            return f"A target of kind {kind} needs the setting {name}."
        case "extra_forbidden":
            close = difflib.get_close_matches(name, known, n=1)
            mend = f"did you mean {close[0]}?" if close else f"there are {', '.join(known) or 'none'}."
            return f"A target of kind {kind} has no setting {name}: {mend}"
    # An optional one may also be null.
    match known[name].get("anyOf", [known[name]])[0]:
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"{name} must be a whole number from {least} to {most}."
        case {"type": "number", "minimum": least, "maximum": most}:
            return f"{name} must be a number from {least} to {most}."
        case {"maxLength": longest}:
            return f"{name} must be at most {longest} characters long."
    return f"{name} {wrong['msg']}."
