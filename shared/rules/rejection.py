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
_NOT_SIGNED = "This deployment's Clerk instance has not signed this token. Send a new session token."
_HINTS: dict[Reason, str] = {
    "bad_signature": _NOT_SIGNED,
    "clerk_not_configured": (
        "This is not an API key (ctk_...), and this deployment accepts nothing else. "
        "Send one as: Authorization: Bearer <credential>."
    ),
    "client_token": (
        "This is a client token. Web pages send it to /v1/client/init and /v1/client/feedback; "
        "here, send an API key (ctk_...) or a session token instead."
    ),
    "expired": "This credential has expired. Send another API key, or a new session token.",
    "malformed": (
        "This credential is not complete, or was changed. "
        "Copy it again, and send it as: Authorization: Bearer <credential>."
    ),
    "not_a_session_token": "Of Clerk's tokens, only the session token of a signed-in user is accepted.",
    "session_pending": "The sign-in is not complete: Clerk has a task left, such as a second factor.",
    "unknown_key": "No API key has this value. It was revoked, or it belongs to another deployment.",
    "unknown_signing_key": _NOT_SIGNED,
    "wrong_issuer": "The claim iss of a session token must be the Clerk instance that this deployment trusts.",
    "wrong_party": "The claim azp of a session token must name a page that this deployment authorizes.",
}


class CredentialRejected(Unauthenticated):
    """A credential that is not accepted."""

    hint = "Send an API key or a session token as: Authorization: Bearer <credential>."

    def __init__(self, reason: Reason) -> None:
        super().__init__(hint=_HINTS.get(reason))
        self.reason = reason
