"""The list of a tenant's targets: its query string and response. Runtype has no such operation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from shared.rules import cursor, daily_budget, identifier, target_permission, timestamps
from shared.rules.target import Target
from shared.rules.target_permission import Permitted
from shared.wire.listing import Cursor, Limit, cursor_page_of
from shared.wire.page import CursorPage
from shared.wire.request_model import RequestModel


class ListTargets(RequestModel):
    limit: Limit = 50
    cursor: Cursor | None = None

    def first(self, tenant: str) -> str | None:
        """The id with which the page begins. Raises InvalidRequest."""
        if self.cursor is None:
            return None
        target_id = cursor.decode(self.cursor, "targets", tenant)
        if not identifier.is_label(target_id):
            raise cursor.invalid()
        return target_id

    def pagination(self, following: str | None, tenant: str) -> CursorPage:
        """`following`: the id with which the next page begins, if any."""
        return cursor_page_of(self.limit, following, "targets", tenant)


class TargetLimits(TypedDict):
    """How much a page may send to a target, and how much an answer may be."""

    maxInputBytes: int
    maxMessageBytes: int
    attachments: int
    maxTokens: int | None
    maxCost: float | None


class TargetItem(TypedDict):
    """A registered flow or agent, without the settings of its kind: they are the operator's."""

    id: str
    kind: str
    isAllowed: bool
    problem: str | None
    limits: TargetLimits
    createdAt: str


class TargetsListed(TypedDict):
    """The flows and agents that are registered for the tenant."""

    targets: list[TargetItem]
    pagination: CursorPage


def listed(found: Iterable[Target], permitted: Permitted, pagination: CursorPage) -> TargetsListed:
    return {"targets": [item(one, permitted) for one in found], "pagination": pagination}


def item(target: Target, permitted: Permitted) -> TargetItem:
    problem = target_permission.problem(target, permitted)
    worst = target.worst_case
    return {
        "id": target.id,
        "kind": target.kind,
        "isAllowed": problem is None,
        "problem": problem,
        "limits": {
            "maxInputBytes": target.limits.max_input_bytes,
            "maxMessageBytes": target.limits.max_message_bytes,
            "attachments": target.limits.attachments,
            "maxTokens": target.max_tokens,
            "maxCost": None if worst is None else daily_budget.to_dollars(worst),
        },
        "createdAt": timestamps.to_text(target.created_at),
    }
