"""Checks for admission to the browser plane. Those that cost nothing come first, then those that count.

Is the value or session known? Is the token active and not expired? Is the origin allowed? Is the session alive? Is the
client within its rate limit?
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared import log
from shared.errors import Forbidden, TooManyRequests
from shared.rules import client_token, digest, message_log, origin, token_value
from shared.rules.client_token import ClientToken
from shared.rules.rate_limit import RateLimitStatus
from shared.rules.visitor import ORIGIN_LENGTH_MAX, Visitor, shown_origin
from shared.store import client_tokens, table, values
from shared.store.table import Item, Key


def token_id_of(value: str, at: datetime) -> str:
    """The id of the token that this may be a value of. A made-up value costs small reads of its own key."""
    token_id = token_value.subject(value)
    if token_id is None:
        from shared.rules import malformed_value  # noqa: PLC0415 - few pages have a wrong value

        raise malformed_value.error_for(value)
    if values.find(digest.sha256_hex(value), at=at) != token_id:
        raise client_token.unknown_value()
    return token_id


def known_token(items: Mapping[Key, Item], token_id: str) -> ClientToken:
    key = client_tokens.key(token_id)
    if key not in items:
        raise client_token.unknown_value()
    return client_tokens.from_item(items[key])


def read(at: datetime, *keys: Key | None) -> dict[Key, Item]:
    return table.read([key for key in keys if key is not None], is_consistent=True, at=at)


def bound_origin(visitor: Visitor) -> str:
    """The origin that a session is bound to: empty for a native app. With *, the header can hold anything."""
    return (visitor.origin or "")[:ORIGIN_LENGTH_MAX]


def require_allowed(visitor: Visitor, token: ClientToken, jti: str) -> None:
    """Checks that the token is active, not expired, and for this origin. From here on, the log names the token.

    `jti`: of the token's value that the page has, or that opened its session.
    """
    is_previous = client_token.is_valid_previous_jti(token, jti, at=visitor.at)
    log.bind(
        tenant=token.tenant,
        token_id=token.id,
        environment=token.environment,
        previous_value=message_log.short_digest(jti) if is_previous else None,
    )
    client_token.require_active(token)
    client_token.require_not_expired(token, at=visitor.at)
    if deciding_origin(visitor, token) is None:
        log.add(observed="origin_not_allowed")


def deciding_origin(visitor: Visitor, token: ClientToken) -> str | None:
    """The entry that admits the origin. None if it is admitted because the token observes. Raises Forbidden."""
    entry = origin.deciding_entry(visitor.origin, token.settings.allowed_origins)
    if entry is not None or token.settings.origin_enforcement(visitor.at) == "observe":
        return entry
    raise Forbidden(
        "This client token may not be used here.", code="origin_not_allowed", hint=_origin_hint(visitor.origin)
    )


def require_history(token: ClientToken) -> None:
    """Runtype's widget recognizes exactly this `error`, which a hint would hide, and goes on without history."""
    if not token.settings.visitor_history:
        raise Forbidden("visitor_history_disabled", code="visitor_history_disabled")


def _origin_hint(page: str | None) -> str:
    if page is None:
        return (
            "The request has no Origin header. Browsers send one; for native apps and servers, which send none, add "
            "native to the token's allowed origins."
        )
    if page == "null":
        return (
            "The page's origin is null, so it is a local file or in a sandboxed frame. Open it from a web server, or "
            "give the frame allow-same-origin."
        )
    # The header may hold anything, even a secret: only an origin is repeated.
    shown = shown_origin(page) or "The request's Origin header"
    return f"{shown} is not among the token's allowed origins."


def require_within_limit(status: RateLimitStatus, sentence: str) -> None:
    if status.retry_after:
        wait = f"Please wait {status.retry_after} second{'s' if status.retry_after > 1 else ''} and try again."
        raise TooManyRequests(sentence, hint=f"{sentence} {wait}", retry_after=status.retry_after)
