"""What a client token's targets may cost per day: reserved before a target is invoked, and settled afterwards.

`held` is the sum of settled costs and open reservations, in picodollars. It never exceeds the limit, and is never less
than what was spent, if no answer costs more than was reserved for it. After a crash its reservation stays until the day
ends, so that errors are on the safe side. It counts as open until the lease of its turn ends, and then as spent.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import Unavailable
from shared.rules import daily_budget
from shared.rules.turn import Lease
from shared.store import table
from shared.store.table import ConditionFailed, Item, Key

_LIFETIME = timedelta(days=2)
_RESERVED = "reserved_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """`name`: of its attribute, one per invocation, so that a repeated write reserves or settles once."""

    key: Key
    name: str
    worst_case: int
    most: int


def find(token_id: str, at: datetime) -> int:
    """What is held today."""
    item = table.get(_key(token_id, at), at=at) or {}
    return int(item.get("held", 0))


def reserve(token_id: str, lease: Lease, *, worst_case: int, most: int, at: datetime) -> Reservation | None:
    """Reserves the most that this invocation can cost. None if what was spent today leaves no room for it.

    Raises TooManyRequests if only the reservations of answers in progress leave no room.
    """
    key, name = _key(token_id, at), f"{_RESERVED}{math.ceil(lease.until.timestamp())}_{lease.holder}"
    reserving = table.update_write(
        key,
        "SET #reserved = :worst_case, expires_at = :expiry ADD held :worst_case",
        {":worst_case": worst_case, ":room": most - worst_case, ":expiry": math.ceil((at + _LIFETIME).timestamp())},
        condition="attribute_not_exists(#reserved) AND (attribute_not_exists(held) OR held <= :room)",
        names={"#reserved": name},
        returns_item=True,
    )
    try:
        item = table.write(reserving)
    except ConditionFailed as failure:
        item = failure.found or {}
        if name not in item:
            if item.get("held", 0) - _open(item, at) + worst_case <= most:
                raise daily_budget.busy() from None
            return None
    return Reservation(key=key, name=name, worst_case=worst_case, most=most)


def settle(reservation: Reservation, cost: int) -> int | None:
    """Replaces a reservation by the cost, which is booked even if it is more. Returns the sum of today's settled costs.

    None if the write fails: then the reservation stays.
    """
    settling = table.update_write(
        reservation.key,
        "REMOVE #reserved ADD held :difference",
        {":difference": cost - reservation.worst_case},
        condition="attribute_exists(#reserved)",
        names={"#reserved": reservation.name},
        returns_item=True,
    )
    with suppress(ConditionFailed, Unavailable):
        item = table.write(settling)
        return int(item["held"] - sum(_reserved(item).values()))
    return None


def _open(item: Item, at: datetime) -> int:
    """The sum of the reservations whose turn's lease has not ended."""
    return sum(amount for name, amount in _reserved(item).items() if at.timestamp() < int(name.split("_")[1]))


def _reserved(item: Item) -> dict[str, int]:
    return {name: value for name, value in item.items() if name.startswith(_RESERVED)}


def _key(token_id: str, at: datetime) -> Key:
    return f"BUDGET#{token_id}", f"DAY#{at:%Y-%m-%d}"
