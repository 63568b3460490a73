"""A request that AWS would reject and moto accepts."""

from typing import NamedTuple


class Rejected(NamedTuple):
    """AWS's error code, and a sentence."""

    code: str
    message: str
