"""A tenant's registered targets. A tenant that has registered none uses flow and agent ids as plain labels."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from shared.errors import NotFound
from shared.rules import instant
from shared.rules.target import Target
from shared.store import table
from shared.store.table import ConditionFailed, Item


def register(target: Target) -> None:
    """Adds a target, or replaces the one of the same id."""
    table.put(
        {
            "pk": _pk(target.tenant),
            "sk": _sk(target.id),
            "id": target.id,
            "tenant": target.tenant,
            "kind": target.kind,
            "created_at": instant.to_text(target.created_at),
        }
    )


def of_tenant(tenant: str) -> list[Target]:
    """By id."""
    return [
        Target(id=item["id"], tenant=tenant, kind=item["kind"], created_at=instant.from_text(item["created_at"]))
        for item in _items(tenant)
    ]


def remove(tenant: str, target_id: str) -> None:
    """Raises NotFound."""
    try:
        table.delete([(_pk(tenant), _sk(target_id))], condition="tenant = :tenant", values={":tenant": tenant})
    except ConditionFailed:
        raise NotFound(f"Tenant {tenant} has no target {target_id}.") from None


def require_known(tenant: str, target_ids: Collection[str]) -> None:
    """Raises NotFound, naming the id, where the tenant has registered targets and this is none of them."""
    if not target_ids:
        return
    registered = {item["id"] for item in _items(tenant)}
    unknown = [target_id for target_id in target_ids if registered and target_id not in registered]
    if unknown:
        raise NotFound(
            f"There is no flow or agent {unknown[0]}.", code="target_not_found", hint="Register it as a target first."
        )


def _items(tenant: str) -> Iterator[Item]:
    return table.query(
        "pk = :tenant AND begins_with(sk, :targets)",
        {":tenant": _pk(tenant), ":targets": "TARGET#"},
        ConsistentRead=True,
    )


def _pk(tenant: str) -> str:
    return f"TENANT#{tenant}"


def _sk(target_id: str) -> str:
    return f"TARGET#{target_id}"
