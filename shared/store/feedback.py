"""Feedback in the table: in a partition of its conversation, and in the index by tenant and time.

It lies apart from the conversation, so that the function that takes feedback needs no access to what visitors said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

from shared.errors import InvalidRequest, NotFound
from shared.rules import feedback, timestamps
from shared.rules.feedback import Feedback, FeedbackFilter, FeedbackRecord
from shared.rules.session import Session
from shared.store import conversations, index_entries, pagination, table
from shared.store.attributes import deserialize, require_type
from shared.store.table import ConditionFailed, Item, Key, Write

_NEWEST = "~"
# Each is up to 1 MB of the index.
_PAGES_MAX = 100
_OF_CONVERSATION_MAX = 1000
_BESIDE_MESSAGES_MAX = 100


def put(session: Session, surface_id: str | None, given: Feedback, *, at: datetime) -> str:
    """Stores a visitor's feedback instead of any earlier one on the same subject. Returns its id.

    Raises NotFound if the conversation was deleted.
    """
    feedback_id = feedback.new_id(session.conversation_id, given)
    pk, sk = _key(feedback_id)
    written_at = timestamps.to_text(at)
    table.put(
        {
            "pk": pk,
            "sk": sk,
            "listing_pk": _listing_pk(session.tenant),
            "listing_sk": f"{written_at}#{feedback_id}",
            "id": feedback_id,
            "tenant": session.tenant,
            "token_id": session.token_id,
            "flow_id": session.target_id,
            "surface_id": surface_id,
            "type": given.type,
            "message_id": given.message_id,
            "rating": given.rating,
            "comment": given.comment,
            "at": written_at,
            "expires_at": conversations.expiry(at),
        }
    )
    # Afterwards: a deletion marks the record before it looks for feedback, so one of the two finds this.
    if conversations.is_deleted(session.conversation_id, at=at):
        table.write(table.delete_write((pk, sk)))
        raise NotFound("This session does not exist, so it cannot take feedback.", code="session_not_found")
    return feedback_id


def get(tenant: str, feedback_id: str, *, at: datetime) -> FeedbackRecord:
    """Raises NotFound for an unknown id and, with the same message, for another tenant's."""
    item = table.get(_key(feedback_id), at=at) if feedback.parse_id(feedback_id) else None
    if item is None or item["tenant"] != tenant:
        raise _unknown()
    return _from_item(item)


def delete(tenant: str, feedback_id: str, *others: Write, at: datetime) -> None:
    """`others`: written together with the deletion. Raises NotFound, also for feedback that was deleted meanwhile."""
    get(tenant, feedback_id, at=at)
    deletion = table.delete_write(_key(feedback_id), condition="tenant = :tenant", values={":tenant": tenant})
    with suppress(ConditionFailed):
        table.transact_with_retries([*others, deletion])
        return
    raise _unknown()


def of_conversation(conversation_id: str, *, at: datetime) -> list[FeedbackRecord]:
    """The newest first. At most a thousand, of those that were left first on each subject."""
    items = table.query("pk = :pk", {":pk": pk(conversation_id)}, at=at, ConsistentRead=True)
    found = index_entries.verified(islice(items, _OF_CONVERSATION_MAX), _own_key, _from_item)
    return sorted(found, key=lambda one: (one.at, one.id), reverse=True)


def newest_of_conversation(conversation_id: str, *, at: datetime) -> list[FeedbackRecord]:
    """As many as fit beside the messages in one response."""
    return of_conversation(conversation_id, at=at)[:_BESIDE_MESSAGES_MAX]


def page(
    tenant: str, offset: int, limit: int, *, only: FeedbackFilter, after: str | None, at: datetime
) -> tuple[list[FeedbackRecord], str | None]:
    """A tenant's feedback, the newest first, and where the page ends, if more follows. `after`: where an earlier page
    ended.
    """
    if only.conversation_id:
        return _page_of_conversation(tenant, offset, limit, only=only, after=after, at=at)
    values = {":tenant": _listing_pk(tenant), ":bound": after or _NEWEST}
    entries, has_more = pagination.read(
        "listing_pk = :tenant AND listing_sk < :bound", values | _values(only), offset, limit, at=at, **_options(only)
    )
    keys = dict.fromkeys((entry["pk"], entry["sk"]) for entry in entries if entry["pk"].startswith(pk("")))
    items = table.read(keys, is_consistent=False, at=at)
    listed = (item for key in keys if (item := items.get(key)) and item.get("listing_pk") == _listing_pk(tenant))
    found = list(index_entries.verified(listed, _own_key, _from_item))
    return found, str(entries[-1]["listing_sk"]) if has_more else None


def types_and_ratings(tenant: str, *, only: FeedbackFilter, at: datetime) -> Iterator[tuple[str, int | None]]:
    """Of all feedback. Raises InvalidRequest if there is too much to count."""
    if only.conversation_id:
        for one in _matching(tenant, only, at=at):
            yield one.given.type, one.given.rating
        return
    values = {":tenant": _listing_pk(tenant)} | _values(only)
    start: dict[str, Any] = {}
    for _ in range(_PAGES_MAX):
        found = table.query_page("listing_pk = :tenant", values, at=at, **_options(only), **start)
        yield from index_entries.verified(map(deserialize, found["Items"]), _own_key_of_entry, _rating)
        if "LastEvaluatedKey" not in found:
            return
        start = {"ExclusiveStartKey": found["LastEvaluatedKey"]}
    raise InvalidRequest(
        "There is too much feedback to count.", code="too_far", hint="Use a filter, such as flow_id or record_id."
    )


def pk(conversation_id: str) -> str:
    return f"FEEDBACK#{conversation_id}"


def _page_of_conversation(
    tenant: str, offset: int, limit: int, *, only: FeedbackFilter, after: str | None, at: datetime
) -> tuple[list[FeedbackRecord], str | None]:
    found = [one for one in _matching(tenant, only, at=at) if after is None or _listing_sk(one) < after]
    shown, more = found[offset : offset + limit], found[offset + limit :]
    return shown, _listing_sk(shown[-1]) if more else None


def _matching(tenant: str, only: FeedbackFilter, *, at: datetime) -> list[FeedbackRecord]:
    """Feedback of one conversation."""
    return [
        one
        for one in of_conversation(only.conversation_id or "", at=at)
        if one.tenant == tenant
        and only.flow_id in {None, one.flow_id}
        and only.surface_id in {None, one.surface_id}
        and only.type in {None, one.given.type}
    ]


def _values(only: FeedbackFilter) -> dict[str, str]:
    wanted = {":flow": only.flow_id, ":surface": only.surface_id, ":type": only.type}
    return {name: value for name, value in wanted.items() if value is not None}


def _options(only: FeedbackFilter) -> dict[str, Any]:
    """Of a query in the index. A filter cannot be on its keys."""
    tests = {":flow": "flow_id = :flow", ":surface": "surface_id = :surface", ":type": "#type = :type"}
    options: dict[str, Any] = {"IndexName": table.LISTING, "ScanIndexForward": False}
    if wanted := [tests[name] for name in _values(only)]:
        options["FilterExpression"] = " AND ".join(wanted)
    if only.type is not None:
        options["ExpressionAttributeNames"] = {"#type": "type"}
    return options


def _unknown() -> NotFound:
    return NotFound("There is no such feedback.", hint="Check the id: GET /v1/feedback lists your tenant's.")


def _key(feedback_id: str) -> Key:
    """Raises ValueError for an id that no feedback has."""
    parts = feedback.parse_id(feedback_id)
    if parts is None:
        raise ValueError("no feedback has such an id")
    conversation_id, subject = parts
    return pk(conversation_id), subject


def _own_key(item: Item) -> Key:
    return _key(item["id"])


def _own_key_of_entry(entry: Item) -> Key:
    """The index has no ids but in its own key."""
    return _key(entry["listing_sk"].partition("#")[2])


def _rating(entry: Item) -> tuple[str, int | None]:
    require_type(entry, str, "type")
    require_type({"rating": 0} | entry, int, "rating")
    return entry["type"], entry.get("rating")


def _listing_pk(tenant: str) -> str:
    return f"FEEDBACK#{tenant}"


def _listing_sk(one: FeedbackRecord) -> str:
    return f"{timestamps.to_text(one.at)}#{one.id}"


def _from_item(item: Item) -> FeedbackRecord:
    require_type(item, str, "id", "tenant", "token_id", "flow_id", "type", "at")
    require_type({"message_id": "", "comment": "", "surface_id": ""} | item, str, "message_id", "comment", "surface_id")
    require_type({"rating": 0} | item, int, "rating")
    given = Feedback(
        type=item["type"],
        message_id=item.get("message_id"),
        rating=item.get("rating"),
        comment=item.get("comment"),
    )
    return FeedbackRecord(
        id=item["id"],
        tenant=item["tenant"],
        token_id=item["token_id"],
        conversation_id=item["pk"].removeprefix(pk("")),
        flow_id=item["flow_id"],
        surface_id=item.get("surface_id"),
        given=given,
        at=timestamps.from_text(item["at"]),
    )
