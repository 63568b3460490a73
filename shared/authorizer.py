"""The frame of the authorizer's door: API Gateway asks about a bearer credential, and gets a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared import log, startup
from shared.errors import Unauthenticated, Unavailable
from shared.rules.principal import Principal

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
        _, _, bearer = event.get("authorizationToken", "").partition(" ")
        try:
            principal = prove(bearer.strip(), datetime.now(UTC))
        except Unauthenticated as refusal:
            log.count("Refused", operation="authorize", code=refusal.code)
            return {"principalId": "nobody", "policyDocument": _policy("Deny", stage)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the runtime must not log it with its chain
            log.fault(error.__cause__ or error, operation="authorize", request_id="")
            raise Unavailable from None
        return {
            "principalId": principal.id,
            "policyDocument": _policy("Allow", stage),
            "context": {"tenant": principal.tenant, "scopes": " ".join(principal.scopes)},
        }

    startup.is_over()
    return handler


def _policy(effect: str, stage: str) -> Policy:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": f"{stage}/*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
