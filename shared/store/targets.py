"""A tenant's registered targets. A tenant that has registered none uses flow and agent ids as plain labels."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from shared.errors import Conflict, NotFound
from shared.rules import suggestion, target, timestamps
from shared.rules.target import Target
from shared.rules.token_settings import TokenSettings
from shared.store import pagination, table, tenants
from shared.store.table import ConditionFailed, Item, Key, Write

# A tenant may have any number of targets. A suggestion is not worth reading more.
_NEIGHBORS = 50
# After every id.
_LAST = chr(sys.maxunicode)


def register(registered: Target, *others: Write, replaces: Target | None = None) -> None:
    """Adds a target, or replaces the one of the same id. `others`: what is written in the same transaction.

    Raises Conflict unless `replaces` is what is registered under the id, None for nothing.
    """
    record = {
        "id": registered.id,
        "tenant": registered.tenant,
        "kind": registered.kind,
        "settings": _text(registered),
        "created_at": timestamps.to_text(registered.created_at),
    }
    copies = [
        table.put_write({"pk": pk, "sk": sk} | record, **_unchanged(replaces))
        for pk, sk in _keys(registered.tenant, registered.id)
    ]
    try:
        table.transact([*copies, tenants.note_write(registered.tenant, at=registered.created_at), *others])
    except ConditionFailed:
        raise _changed(registered) from None


def list_by_tenant(tenant: str) -> list[Target]:
    """By id."""
    return [from_item(item) for item in _items(tenant)]


def page(tenant: str, limit: int, *, first: str | None) -> tuple[list[Target], str | None]:
    """By id, from `first` on, and the id with which the next page begins, if more follow."""
    condition, values = _between(tenant, first or "", _LAST)
    items, following = pagination.read_once(condition, values, limit, at=None, sort_key="sk", ConsistentRead=True)
    return list(map(from_item, items)), None if following is None else following.removeprefix("TARGET#")


def get(tenant: str, target_id: str) -> Target:
    """Raises NotFound."""
    item = table.get(_keys(tenant, target_id)[0], at=None)
    if item is None:
        raise _unknown(tenant, target_id)
    return from_item(item)


def remove(registered: Target, *others: Write) -> None:
    """`others`: what is written in the same transaction. Raises Conflict unless this is what is registered."""
    keys = _keys(registered.tenant, registered.id)
    try:
        table.transact([*(table.delete_write(key, **_unchanged(registered)) for key in keys), *others])
    except ConditionFailed:
        raise _changed(registered) from None


def _unchanged(seen: Target | None) -> dict[str, Any]:
    """The condition that nobody has registered or removed the target since it was read."""
    if seen is None:
        return {"condition": "attribute_not_exists(pk)"}
    values = {":kind": seen.kind, ":settings": _text(seen)}
    return {"condition": "kind = :kind AND settings = :settings", "values": values}


def _changed(seen: Target) -> Conflict:
    return Conflict(
        f"Nothing has changed: somebody else registered or removed target {seen.id} of tenant {seen.tenant} just now."
    )


def _text(registered: Target) -> str:
    """Its settings, as they are stored."""
    return json.dumps(registered.settings, ensure_ascii=False)


def _unknown(tenant: str, target_id: str) -> NotFound:
    return NotFound(f"Tenant {tenant} has no target {target_id}.")


def require_known(tenant: str, target_ids: Collection[str]) -> list[str]:
    """The ids under which nothing is registered, of a tenant that has registered no target at all.

    Raises NotFound, naming the id, where the tenant has targets and this is none of them.
    """
    asked = {_keys(tenant, target_id)[0]: target_id for target_id in target_ids}
    registered = table.read(asked, is_consistent=True, at=None) if asked else {}
    unknown = [target_id for key, target_id in asked.items() if key not in registered]
    if not unknown:
        return []
    others = _neighbors(tenant, unknown[0])
    if registered or others:
        meant = suggestion.nearest(unknown[0], others)
        advice = f"Did you mean {meant}? If not, register" if meant else "Register"
        raise NotFound(
            f"There is no flow or agent {unknown[0]}.",
            code="target_not_found",
            hint=f"{advice} {unknown[0]} as a target first.",
        )
    return unknown


def worst_cases(tenant: str, settings: TokenSettings) -> dict[str, int | None]:
    """The most that one answer of each of the token's registered flows and agents can cost, None if it is unknown.

    Empty without a daily budget, which needs no targets to be read.
    """
    if settings.daily_budget is None:
        return {}
    keys = {_keys(tenant, target_id)[0]: target_id for target_id in (*settings.flow_ids, *settings.agent_ids)}
    registered = table.read(keys, is_consistent=True, at=None) if keys else {}
    return {target_id: from_item(registered[key]).worst_case for key, target_id in keys.items() if key in registered}


def _neighbors(tenant: str, target_id: str) -> list[str]:
    """The registered ids before and after this one in order, which is where most misspelled ones would be."""
    found: list[str] = []
    for first, last, is_forward in ((target_id, _LAST, True), ("", target_id, False)):
        items = _items(tenant, first, last, Limit=_NEIGHBORS, ScanIndexForward=is_forward)
        found += [item["id"] for item in islice(items, _NEIGHBORS)]
    return found


def _items(tenant: str, first: str = "", last: str = _LAST, **options: Any) -> Iterator[Item]:
    """By id, from `first` to `last`."""
    condition, values = _between(tenant, first, last)
    return table.query(condition, values, at=None, ConsistentRead=True, **options)


def _between(tenant: str, first: str, last: str) -> tuple[str, dict[str, str]]:
    values = {":tenant": _pk(tenant), ":first": f"TARGET#{first}", ":last": f"TARGET#{last}"}
    return "pk = :tenant AND sk BETWEEN :first AND :last", values


def find(reference: str) -> Target | None:
    """The target that a session's id refers to."""
    item = table.get(key(reference), at=None)
    return from_item(item) if item else None


def from_item(item: Item) -> Target:
    return Target(
        id=item["id"],
        tenant=item["tenant"],
        kind=item["kind"],
        settings=json.loads(item["settings"]),
        created_at=timestamps.from_text(item["created_at"]),
    )


def _keys(tenant: str, target_id: str) -> tuple[Key, Key]:
    """A target is stored twice: in its tenant's list, and under a key for visitors, to keep load off the list."""
    return (_pk(tenant), f"TARGET#{target_id}"), key(target.reference(tenant, target_id))


def key(reference: str) -> Key:
    return f"TARGET#{reference}", "RECORD"


def _pk(tenant: str) -> str:
    return f"TENANT#{tenant}"
