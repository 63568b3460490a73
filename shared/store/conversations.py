"""Conversations in the table; the index lists a token's, the most recently active first."""

from __future__ import annotations

from typing import Any

from shared.rules import instant
from shared.rules.conversation import Conversation
from shared.store import table


def page(token_id: str, offset: int, limit: int, *, flow_id: str | None) -> tuple[list[Conversation], bool]:
    """Conversations of the token, of one flow if it is given, and whether more follow."""
    values = {":token": f"TOKEN#{token_id}"}
    options: dict[str, Any] = {"IndexName": table.LISTING, "ScanIndexForward": False}
    if flow_id is not None:
        values[":flow"] = flow_id
        options["FilterExpression"] = "flow_id = :flow"
    items, has_more = table.query_slice("listing_pk = :token", values, offset, limit, **options)
    return [
        Conversation(
            id=item["id"],
            token_id=token_id,
            name=item["name"],
            flow_id=item["flow_id"],
            origin=item["origin"],
            message_count=item["message_count"],
            first_message=item.get("first_message"),
            created_at=instant.from_text(item["created_at"]),
            updated_at=instant.from_text(item["updated_at"]),
        )
        for item in items
    ], has_more
