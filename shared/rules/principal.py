"""Who calls the management plane: an API key or a person, for one tenant, with scopes."""

from __future__ import annotations

from dataclasses import dataclass

SCOPES = ("tokens:read", "tokens:write", "tokens:reveal")


@dataclass(frozen=True, slots=True)
class Principal:
    """`id` is an API key's id (`key_...`) or a Clerk user's (`user_...`): what a log and an audit may name."""

    id: str
    tenant: str
    scopes: tuple[str, ...]
