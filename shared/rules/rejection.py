"""Why a credential is rejected: a reason for the log, and a hint for the caller."""

from __future__ import annotations

from typing import Literal

from shared.errors import Unauthenticated

# A closed set, so that no part of a credential can reach the log. docs/operate.md explains each.
Reason = Literal[
    "bad_signature",
    "clerk_not_configured",
    "client_token",
    "expired",
    "malformed",
    "malformed_event",
    "not_a_session_token",
    "not_yet_valid",
    "session_pending",
    "unknown_key",
    "unknown_signing_key",
    "wrong_issuer",
    "wrong_party",
    "wrong_scheme",
]

# API Gateway puts a hint into a JSON template as it stands: no quotes, backslashes or line breaks.
_HINTS: dict[Reason, str] = {
    "client_token": (
        "This is a client token. Web pages send it to /v1/client/init and /v1/client/feedback; "
        "here, send an API key (ctk_...) or a session token instead."
    ),
    "expired": "This credential has expired. Send another API key, or a new session token.",
    "not_a_session_token": "Of Clerk's tokens, only the session token of a signed-in user is accepted.",
    "unknown_key": "No API key has this value. It was revoked, or it belongs to another deployment.",
}


class CredentialRejected(Unauthenticated):
    """A credential that is not accepted."""

    hint = "Send an API key or a session token as: Authorization: Bearer <credential>."

    def __init__(self, reason: Reason) -> None:
        super().__init__(hint=_HINTS.get(reason))
        self.reason = reason
