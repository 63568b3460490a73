"""The Public Suffix List: domains such as com and vercel.app, below which strangers get names of their own."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def is_public_suffix(domain: str) -> bool:
    """Whether strangers can get names below `domain` (lower case, ASCII), at any depth.

    So a domain with a public suffix below it counts as one: `amazonaws.com` is Amazon's alone, but anybody can get a
    bucket below `s3.amazonaws.com`, and a wildcard reaches that too. An unlisted top-level name, such as `internal`,
    does not: nobody gives out names there.
    Source: https://publicsuffix.org/list/, as it was on the day of the package's release.
    """
    names = _names()
    parent = domain.partition(".")[2]
    return domain in names or (f"*.{parent}" in names and f"!{domain}" not in names)


@cache
def _names() -> frozenset[str]:
    """Every rule of the list, and every domain that a rule lies below."""
    # Reading 10,000 rules takes a while: only who asks pays for it.
    from publicsuffixlist import PSLFILE  # noqa: PLC0415

    lines = Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    rules = (_ascii(line.split()[0]).split(".") for line in lines if line.strip() and not line.startswith("//"))
    return frozenset(".".join(labels[depth:]) for labels in rules for depth in range(len(labels)))


def _ascii(rule: str) -> str:
    """Punycode for the few rules that need it: the codec is too slow for all."""
    return rule if rule.isascii() else rule.encode("idna").decode("ascii")
