"""All that is a tenant's, taken back at once."""

from __future__ import annotations

import argparse
from contextlib import suppress
from datetime import UTC, datetime
from secrets import token_bytes

from infra.operator.printing import counted, say
from shared.errors import NotFound
from shared.rules import client_token, identifier
from shared.rules.audit import Circumstances
from shared.rules.client_token import ClientToken
from shared.store import api_keys, changes, client_tokens
from shared.store.changes import Change

_PROGRESS_EVERY = 100


def _revoke(arguments: argparse.Namespace) -> None:
    """Keys first: who still has one could make a token behind us."""
    tenant, revoked, tokens, active, switched_off = arguments.tenant, 0, 0, 0, 0
    keys = api_keys.of_tenant(tenant)
    for key in keys:
        # Whoever else revokes keys at this moment may be faster.
        with suppress(NotFound):
            api_keys.revoke(key)
            revoked += 1
    if keys:
        say(f"Revoked {counted(revoked, 'API key')} of tenant {tenant}.")
    for token in client_tokens.of_tenant(tenant):
        tokens += 1
        if token.terms.is_active:
            active += 1
            # Or delete tokens.
            with suppress(NotFound):
                changes.change(token, _switched_off, action="update", by=_by_operator(tenant), expected=None)
                switched_off += 1
                if switched_off % _PROGRESS_EVERY == 0:
                    say(f"{switched_off} client tokens are off, more follow.")
    if not (keys or tokens):
        raise NotFound(f"Tenant {tenant} has no API keys and no client tokens: is the name right?")
    if not (keys or active):
        say(f"Nothing of tenant {tenant} is left to revoke: it has no API keys, and its client tokens are off.")
        return
    say(f"Switched off {counted(switched_off, 'client token')} of tenant {tenant}. Their sessions have ended.")
    say("The API may accept a key for as long as the authorizer remembers it (the stack's AuthorizerCacheSeconds), and")
    say("with it make or switch on a token. When that is over, revoke once more: it should find nothing.")


def _by_operator(tenant: str) -> Circumstances:
    at = datetime.now(UTC)
    return Circumstances(
        tenant=tenant, actor="operator", address="", request_id=identifier.new("cmd", at, token_bytes), at=at
    )


def _switched_off(token: ClientToken) -> Change[None]:
    return Change(client_token.amend(token, {"is_active": False}, at=datetime.now(UTC)), None)


VERBS = {"revoke": _revoke}
