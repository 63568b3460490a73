"""Wraps the Lambda authorizer: API Gateway sends a bearer credential, and gets a policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared import gc_control, log
from shared.errors import Unavailable
from shared.rules import timestamps
from shared.rules.principal import Principal
from shared.rules.rejection import CredentialRejected

Policy = dict[str, Any]
# The stage that is called, without the method and the path that follow. No part can be a wildcard of the policy.
_STAGE = re.compile(r"(arn:[a-z-]+:execute-api:[a-z0-9-]+:[0-9]{12}:[a-z0-9]+/[A-Za-z0-9_-]+)/")


def lambda_authorizer(prove: Callable[[str, datetime], Principal]) -> Callable[[object, object], Policy]:
    """Turns a bearer credential into an Allow for its principal, or into a Deny.

    A bad credential never raises: that would count as a fault. Other errors do, and API Gateway returns 503.
    """

    def handler(event: object, _context: object) -> Policy:
        resource = "*"
        try:
            # One policy for the whole stage: it is cached by credential, and has to fit that credential's next request.
            resource, authorization = _parse(event)
            principal = prove(_bearer(authorization), datetime.now(UTC))
        except CredentialRejected as rejected:
            log.rejected("authorize", reason=rejected.reason)
            log.count("RequestsRefused", operation="authorize", code=rejected.code)
            # The gateway response ACCESS_DENIED shows the hint.
            return _answer("nobody", "Deny", resource, hint=rejected.hint)
        except Exception as error:  # noqa: BLE001 - the runtime would log any error with its chain
            log.fault(error.__cause__ or error, operation="authorize", request_id="")
            raise Unavailable from None
        return _answer(
            principal.id,
            "Allow",
            resource,
            tenant=principal.tenant,
            scopes=" ".join(principal.scopes),
            # API Gateway caches this answer, possibly for longer than the credential is valid.
            expiresAt=timestamps.to_text(principal.expires_at) if principal.expires_at else "never",
        )

    gc_control.freeze()
    return handler


def _parse(event: object) -> tuple[str, str]:
    """Every route of the stage that is called, and the Authorization header.

    Raises CredentialRejected for any other event. API Gateway sends none, but a developer may, by hand.
    """
    match event:
        case {"methodArn": str(arn), "authorizationToken": str(authorization)} if stage := _STAGE.match(arn):
            return f"{stage[1]}/*", authorization
    raise CredentialRejected("malformed_event")


def _bearer(authorization: str) -> str:
    """The credential; the scheme may be written in any case (RFC 9110, section 11.1). Raises CredentialRejected."""
    scheme, _, bearer = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise CredentialRejected("wrong_scheme")
    return bearer.strip(" ")


def _answer(principal: str, effect: str, resource: str, **context: str) -> Policy:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": policy, "context": context}
