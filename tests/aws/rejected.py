"""What AWS would refuse, and moto does not."""

from typing import NamedTuple


class Rejected(NamedTuple):
    """AWS's name for why, and a sentence."""

    code: str
    message: str
