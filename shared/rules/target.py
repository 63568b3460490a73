"""A target: a flow or an agent that a tenant has registered, and what kind of thing answers for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

KINDS = ("echo",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`id` is the flow's or agent's id, as client tokens name it."""

    id: str
    tenant: str
    kind: str
    created_at: datetime
