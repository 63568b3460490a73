"""The frame of the authorizer's door: API Gateway asks about a bearer credential, and gets a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared import log, startup
from shared.errors import Unavailable
from shared.rules import instant
from shared.rules.principal import Principal
from shared.rules.rejection import Rejected

Event = Mapping[str, Any]
Policy = dict[str, Any]


def door(prove: Callable[[str, datetime], Principal]) -> Callable[[Event, object], Policy]:
    """A bearer credential becomes a principal, or a Deny.

    A bad credential never raises, for that would count as our fault. What does raise is one: API Gateway answers 503.
    """

    def handler(event: Event, _context: object) -> Policy:
        # One policy for the whole API: it is cached by credential, and must fit whatever that credential asks next.
        # A developer may send any event by hand: without a credential it is denied, like a bad one.
        stage = "/".join(event.get("methodArn", "*").split("/")[:2])
        try:
            principal = prove(_bearer(event.get("authorizationToken", "")), datetime.now(UTC))
        except Rejected as rejected:
            log.rejected("authorize", reason=rejected.reason)
            log.count("Refused", operation="authorize", code=rejected.code)
            # The gateway response ACCESS_DENIED puts the hint into its body.
            return _answer("nobody", "Deny", stage, hint=rejected.hint)
        except Exception as error:  # noqa: BLE001 - whatever it is, the runtime must not log it with its chain
            log.fault(error.__cause__ or error, operation="authorize", request_id="")
            raise Unavailable from None
        return _answer(
            principal.id,
            "Allow",
            stage,
            tenant=principal.tenant,
            scopes=" ".join(principal.scopes),
            # API Gateway caches this answer, possibly for longer than the credential is valid.
            expiresAt=instant.to_text(principal.expires_at) if principal.expires_at else "never",
        )

    startup.is_over()
    return handler


def _bearer(authorization: str) -> str:
    """The credential; the scheme may be written in any case (RFC 9110, section 11.1). Raises Rejected."""
    scheme, _, bearer = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Rejected("wrong_scheme")
    return bearer.strip(" ")


def _answer(principal: str, effect: str, stage: str, **context: str) -> Policy:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": f"{stage}/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": policy, "context": context}
