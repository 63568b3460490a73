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

from shared.errors import TooManyRequests, Unavailable
from shared.http.deadline import SecondsLeft
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
    item = table.get(key(token_id, at), at=at) or {}
    return int(item.get("held", 0))


def require_room(item: Item | None, *, worst_case: int, most: int, at: datetime) -> None:
    """Raises Exhausted if what was spent today leaves no room for an answer, and TooManyRequests if only the
    reservations of answers in progress leave none. `item`: today's.
    """
    if (item or {}).get("held", 0) + worst_case > most:
        raise _refusal(item or {}, worst_case, most, at)


def reserve(token_id: str, lease: Lease, *, worst_case: int, most: int, at: datetime) -> Reservation:
    """Reserves the most that this invocation can cost. Raises as `require_room` does."""
    budget_key, name = key(token_id, at), f"{_RESERVED}{math.ceil(lease.until.timestamp())}_{lease.holder}"
    reserving = table.update_write(
        budget_key,
        "SET #reserved = :worst_case, expires_at = :expiry ADD held :worst_case",
        {":worst_case": worst_case, ":room": most - worst_case, ":expiry": math.ceil((at + _LIFETIME).timestamp())},
        condition="attribute_not_exists(#reserved) AND (attribute_not_exists(held) OR held <= :room)",
        names={"#reserved": name},
    )
    try:
        table.write(reserving)
    except ConditionFailed as failure:
        if name not in (failure.found or {}):
            raise _refusal(failure.found or {}, worst_case, most, at) from None
    return Reservation(key=budget_key, name=name, worst_case=worst_case, most=most)


def settle(reservation: Reservation, cost: int, seconds_left: SecondsLeft | None = None) -> int | None:
    """Replaces a reservation by the cost, which is booked even if it is more. Returns the sum of today's settled costs.

    None if the write fails, or takes longer than `seconds_left`: then the reservation stays.
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
        item = table.write(settling, seconds_left)
        return int(item["held"] - sum(_reserved(item).values()))
    return None


def _refusal(item: Item, worst_case: int, most: int, at: datetime) -> TooManyRequests:
    is_busy = item.get("held", 0) - _open(item, at) + worst_case <= most
    return daily_budget.busy() if is_busy else daily_budget.Exhausted(at)


def _open(item: Item, at: datetime) -> int:
    """The sum of the reservations whose turn's lease has not ended."""
    return sum(amount for name, amount in _reserved(item).items() if at.timestamp() < int(name.split("_")[1]))


def _reserved(item: Item) -> dict[str, int]:
    return {name: value for name, value in item.items() if name.startswith(_RESERVED)}


def key(token_id: str, at: datetime) -> Key:
    """Of today's budget."""
    return f"BUDGET#{token_id}", f"DAY#{at:%Y-%m-%d}"
