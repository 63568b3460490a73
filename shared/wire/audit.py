"""The audit trail: its query string and response. Runtype has no such operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypedDict

from pydantic import AfterValidator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from shared.rules import audit, cursor, identifier, timestamps
from shared.rules.audit import AuditRecord
from shared.wire.listing import Cursor, Limit, cursor_page_of
from shared.wire.page import CursorPage
from shared.wire.request_model import RequestModel, Timestamp


def _token_id(text: str) -> str:
    # The error does not repeat the text, which may be a token's value.
    if not identifier.is_valid("ct", text):
        raise PydanticCustomError("wrong_value", "must be the id of a client token, which starts with ct_")
    return text


class ListAuditRecords(RequestModel):
    token: Annotated[str, AfterValidator(_token_id)] | None = None
    since: Timestamp | None = None
    until: Timestamp | None = None
    limit: Limit = 50
    cursor: Cursor | None = None

    def start(self, tenant: str) -> str | None:
        """Where the page starts. Raises InvalidRequest."""
        audit.require_span(self.since, self.until)
        return None if self.cursor is None else cursor.decode(self.cursor, *self._scope(tenant))

    def pagination(self, following: str | None, tenant: str) -> CursorPage:
        """`following`: where the next page starts, if more may follow."""
        return cursor_page_of(self.limit, following, *self._scope(tenant))

    def _scope(self, tenant: str) -> tuple[str | None, ...]:
        times = [None if one is None else timestamps.to_text(one) for one in (self.since, self.until)]
        return "audit", tenant, self.token, *times


class AuditItem(TypedDict):
    """One change, or one time that something was shown."""

    at: str
    action: str
    subject: str
    actor: str
    address: str
    requestId: str
    changes: Mapping[str, Any]


class AuditRecordsListed(TypedDict):
    """What was done for the tenant, the newest first."""

    records: list[AuditItem]
    pagination: CursorPage


def listed(records: Iterable[AuditRecord], pagination: CursorPage) -> AuditRecordsListed:
    return {"records": [item(audit.for_owner(one)) for one in records], "pagination": pagination}


def item(record: AuditRecord) -> AuditItem:
    return {
        "at": timestamps.to_text(record.context.at),
        "action": record.action,
        "subject": record.subject,
        "actor": record.context.actor,
        "address": record.context.address,
        "requestId": record.context.request_id,
        "changes": {
            to_camel(name): {to_camel(kind): one for kind, one in change.items()}
            if isinstance(change, Mapping)
            else change
            for name, change in record.changes.items()
        },
    }
