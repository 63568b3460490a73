"""The audit trail in the table, by tenant and time. The index also lists it by token and time."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from shared.rules import audit as rules
from shared.rules import cursor, timestamps
from shared.rules.audit import AuditContext, AuditRecord
from shared.rules.client_token import ClientToken
from shared.store import index_entries, pagination, table
from shared.store.table import Item, Key, Write


def record_write(record: AuditRecord) -> Write:
    """Part of a transaction, so that nothing changes without an audit record."""
    return table.put_write(_to_item(record))


def change_write(action: str, before: ClientToken | None, after: ClientToken, context: AuditContext) -> Write:
    """Records a change of a token, or a new one. Part of the same transaction."""
    changes = rules.changes(before, after)
    return record_write(AuditRecord(context=context, action=action, subject=after.id, changes=changes))


def record(action: str, subject: str, *, context: AuditContext) -> None:
    """Records that something is shown. Call it once that is available, before it is returned."""
    table.put(_to_item(AuditRecord(context=context, action=action, subject=subject)))


def query(
    tenant: str, token_id: str | None, *, since: datetime | None, until: datetime | None, at: datetime
) -> Iterator[AuditRecord]:
    """A tenant's records, of one token or all, oldest first, from `since` and before `until`."""
    place, index = _place(token_id)
    first, last = _bounds(since, until)
    items = table.query(
        f"{place}pk = :whose AND {place}sk BETWEEN :first AND :last",
        {":whose": f"AUDIT#{token_id or tenant}", ":first": first, ":last": last, ":tenant": tenant},
        at=at,
        FilterExpression="tenant = :tenant",
        **index,
    )
    return index_entries.verified(items, _own_key, _from_item)


def page(
    tenant: str,
    token_id: str | None,
    limit: int,
    *,
    since: datetime | None,
    until: datetime | None,
    start: str | None,
    at: datetime,
) -> tuple[list[AuditRecord], str | None]:
    """The same, newest first from `start` on, and where the next page starts, if more may follow.

    It looks at no more than `limit` records and one. Raises InvalidRequest for a start that is not between the times.
    """
    place, index = _place(token_id)
    first, last = _bounds(since, until)
    if start is not None and not first <= start <= last:
        raise cursor.invalid()
    items, following = pagination.read_once(
        f"{place}pk = :whose AND {place}sk BETWEEN :first AND :last",
        {":whose": f"AUDIT#{token_id or tenant}", ":first": first, ":last": start or last},
        limit,
        at=None,
        sort_key=f"{place}sk",
        ScanIndexForward=False,
        **index,
    )
    records = list(index_entries.verified(items, _own_key, lambda item: (_from_item(item), item["expires_at"])))
    own = [(one, expiry) for one, expiry in records if one.context.tenant == tenant]
    # The records of another tenant's token end at once, also expired ones, as those of an unknown one do.
    end = following if own or not records else None
    return [one for one, expiry in own if expiry > at.timestamp()], end


def _place(token_id: str | None) -> tuple[str, dict[str, Any]]:
    """How the attributes of the key begin, and the options of the query."""
    return ("listing_", {"IndexName": table.LISTING}) if token_id else ("", {"ConsistentRead": True})


def _bounds(since: datetime | None, until: datetime | None) -> tuple[str, str]:
    # A record's sort key continues after its time, and so sorts after `until`.
    return timestamps.to_text(since) if since else "0", timestamps.to_text(until) if until else "~"


def retention() -> timedelta:
    # Read on use, because functions that only read the trail have no such variable.
    return timedelta(days=int(os.environ["AUDIT_RETENTION_DAYS"]))


def _to_item(record: AuditRecord) -> Item:
    context = record.context
    # Random, so that no record can replace another.
    place = f"{timestamps.to_text(context.at)}#{secrets.token_hex(8)}"
    return {
        "pk": f"AUDIT#{context.tenant}",
        "sk": place,
        "listing_pk": f"AUDIT#{record.subject}",
        "listing_sk": place,
        "tenant": context.tenant,
        "actor": context.actor,
        "address": context.address,
        "request_id": context.request_id,
        "at": timestamps.to_text(context.at),
        "action": record.action,
        "subject": record.subject,
        "changes": json.dumps(record.changes, separators=(",", ":"), ensure_ascii=False),
        "expires_at": int((context.at + retention()).timestamp()),
    }


def _own_key(item: Item) -> Key:
    return f"AUDIT#{item['tenant']}", item["listing_sk"]


def _from_item(item: Item) -> AuditRecord:
    context = AuditContext(
        tenant=item["tenant"],
        actor=item["actor"],
        address=item["address"],
        request_id=item["request_id"],
        at=timestamps.from_text(item["at"]),
    )
    return AuditRecord(
        context=context, action=item["action"], subject=item["subject"], changes=json.loads(item["changes"])
    )
