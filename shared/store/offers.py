"""The tools that a page has offered in a session, so that it need not send them with every message."""

from __future__ import annotations

import json
from datetime import datetime

from shared.rules.client_tools import ClientTool, Offer
from shared.rules.session import Session
from shared.store import sessions, table
from shared.store.table import Item, Key


def key(current: Session) -> Key:
    return sessions.key(current.digest)[0], "TOOLS"


def find(current: Session, *, at: datetime) -> Offer | None:
    return from_item(table.get(key(current), at=at))


def save(current: Session, offer: Offer) -> None:
    """Replaces what was offered before. Expires with the session as it is now: the page then sends it again."""
    tools = [tool._asdict() for tool in offer.tools or ()]
    text = json.dumps(tools, ensure_ascii=False, separators=(",", ":"))
    expiry = sessions.expiry_values(current.idle_until)[":expiry"]
    saving = table.update_write(
        key(current),
        "SET fingerprint = :fingerprint, tools = :tools, expires_at = :expiry",
        {":fingerprint": offer.fingerprint or "", ":tools": text, ":expiry": expiry},
    )
    table.write(saving)


def from_item(item: Item | None) -> Offer | None:
    if item is None:
        return None
    return Offer([ClientTool(**tool) for tool in json.loads(item["tools"])], item["fingerprint"] or None)
