"""The caller of the management plane: an API key or a person, for one tenant, with scopes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SCOPES = ("tokens:read", "tokens:write", "tokens:reveal", "conversations:read", "conversations:write", "audit:read")
"""With `conversations:read`, a caller reads what visitors wrote. The scopes of tokens show none of it. `audit:read`
shows who did what, from which address.
"""


@dataclass(frozen=True, slots=True)
class Principal:
    """`id`: the id of an API key (`key_...`) or Clerk user (`user_...`), as in logs and audit records.

    `expires_at`: when the credential expires. None if it never does.
    """

    id: str
    tenant: str
    scopes: tuple[str, ...]
    expires_at: datetime | None

    def is_expired(self, at: datetime) -> bool:
        return self.expires_at is not None and at >= self.expires_at
