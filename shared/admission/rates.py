"""How many sessions and messages one address may send to a client token."""

from __future__ import annotations

from shared.rules.client_token import ClientToken
from shared.rules.rate_limit import Window

# Fixed, not a setting of the token: no honest page comes near it.
SESSIONS = (Window("i", 60, 60),)


def messages(token: ClientToken) -> tuple[Window, ...]:
    return (
        Window("m", 60, token.settings.rate_limit_per_minute),
        Window("h", 3600, token.settings.rate_limit_per_hour),
    )
