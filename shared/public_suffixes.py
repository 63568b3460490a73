"""The Public Suffix List: domains such as com and vercel.app, below which anybody can register a name."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def is_public_suffix(domain: str) -> bool:
    """Whether anybody can register names below `domain` (lower case, ASCII), at any depth.

    A domain with a public suffix below it counts too: `amazonaws.com` is Amazon's, but anybody can get a bucket below
    `s3.amazonaws.com`, and a wildcard covers that. An unlisted top-level name, such as `internal`, does not count.
    Source: https://publicsuffix.org/list/, as of the package's release.
    """
    names = _names()
    parent = domain.partition(".")[2]
    return domain in names or (f"*.{parent}" in names and f"!{domain}" not in names)


@cache
def _names() -> frozenset[str]:
    """Every rule of the list, and every domain that a rule lies below."""
    # Loaded on first use: reading 10,000 rules takes a while.
    from publicsuffixlist import PSLFILE  # noqa: PLC0415

    lines = Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    rules = (_ascii(line.split()[0]).split(".") for line in lines if line.strip() and not line.startswith("//"))
    return frozenset(".".join(labels[depth:]) for labels in rules for depth in range(len(labels)))


def _ascii(rule: str) -> str:
    """Punycode, for the few rules that need it: the codec is too slow for all of them."""
    return rule if rule.isascii() else rule.encode("idna").decode("ascii")
