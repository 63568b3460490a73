"""Issues values of client tokens: once per idempotency key, and without storing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any, Generic, Protocol, TypeVar

from shared import reveals, signer
from shared.rules import client_token, idempotency
from shared.rules.audit import AuditContext
from shared.rules.client_token import ClientToken, TokenDraft
from shared.rules.idempotency import IdempotencyKey, StoredResponse
from shared.store import stored_responses
from shared.store.token_writes import PendingWrite


class _HasBody(Protocol):
    @property
    def body(self) -> str: ...


Response = TypeVar("Response", bound=_HasBody)
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Issuance(Generic[Response]):
    """A request that issues a value. `respond`: makes the response, from its body and the token's revision."""

    key: IdempotencyKey | None
    context: AuditContext
    respond: Callable[[Body, int], Response]

    def replay(self) -> Response | None:
        """The response to the first request with this key. None if this is the first, or has no key.

        Raises IdempotencyKeyReused if the key came with another request, and what `reveals.reveal` raises.
        """
        if (stored := stored_responses.find(self.key)) is None:
            return None
        value = reveals.reveal(stored.issued_value, self.context)
        return self.respond(stored.with_value(value), stored.revision)

    def first_value(self, draft: TokenDraft, describe: Callable[[ClientToken, str], Body]) -> PendingWrite[Response]:
        """A new token under its first value. `describe`: makes the response's body. Raises Unavailable."""
        value, issued_value = signer.issue_first(draft.environment, at=self.context.at)
        token = client_token.create(draft, issued_value, at=self.context.at)
        return self._pending(token, value, describe(token, value))

    def next_value(
        self, grace: timedelta | None, describe: Callable[[ClientToken, ClientToken, str], Body]
    ) -> Callable[[ClientToken], PendingWrite[Response]]:
        """A change of a token that puts it under a new value, signed once. `describe`: from before, after, and value.

        The change raises Unavailable, and what `client_token.regenerate` raises.
        """
        issue = cache(partial(signer.issue, at=self.context.at))

        def mutate(before: ClientToken) -> PendingWrite[Response]:
            value, issued_value = issue(before.id, before.environment)
            after = client_token.regenerate(before, issued_value, grace=grace, at=self.context.at)
            return self._pending(after, value, describe(before, after, value))

        return mutate

    def _pending(self, token: ClientToken, value: str, body: Body) -> PendingWrite[Response]:
        response = self.respond(body, token.revision)
        if self.key is None:
            return PendingWrite(token, response)
        stored = StoredResponse(
            key=self.key,
            pieces=idempotency.without_value(response.body, value),
            issued_value=token.issued_value,
            revision=token.revision,
        )
        return PendingWrite(token, response, stored)
