"""A setting of every kind that asks a model: the instructions that its owner gives it."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_BYTES_MAX = 32_000


def _bounded(text: str) -> str:
    """The prompt is read with every message, at 4 KB per read unit."""
    if len(text.encode()) > _BYTES_MAX:
        raise PydanticCustomError("prompt", f"must be at most {_BYTES_MAX:,} bytes of UTF-8")
    return text


SystemPrompt = Annotated[str, AfterValidator(_bounded)]
