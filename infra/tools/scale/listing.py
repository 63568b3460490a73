"""What listing a tenant's tokens costs, page by page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from infra.tools.capacity import read_units
from infra.tools.scale import limits
from infra.tools.scale.operations import Operations, parts

TOKENS = 100_000
_PAGE_TOKENS = 100
# One Query reads at most this much.
_QUERY_BYTES = 1024 * 1024
CONFIG_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Listing:
    """`tenant_units`: read units spent in the tenant's own partition, which holds the token ids."""

    pages: str
    calls: int
    units: float
    tenant_units: float

    @property
    def seconds(self) -> float:
        """The least time that the tenant's partition needs."""
        return self.tenant_units / limits.PARTITION_READS.value


def of_tokens(operations: Operations) -> Iterator[tuple[str, Listing]]:
    """Small records as recorded, then records with the largest config."""
    # The other item with this key is the count.
    membership = max(part.size for part in parts(operations["CreateClientToken"]) if part.partition == "TOKENS")
    (record,) = (part.size for part in parts(operations["CreateClientToken"]) if part.partition == "TOKEN")
    for records, config in (("small records", 0), ("largest config", CONFIG_BYTES)):
        pages = [_page(offset, membership, record, config) for offset in range(0, TOKENS, _PAGE_TOKENS)]
        yield records, replace(pages[0], pages="the first 100")
        yield records, replace(pages[len(pages) // 2], pages="100 from the middle")
        yield records, replace(pages[-1], pages="the last 100")
        yield (
            records,
            Listing(
                "all, 100 per page",
                sum(page.calls for page in pages),
                sum(page.units for page in pages),
                sum(page.tenant_units for page in pages),
            ),
        )


def _page(offset: int, membership: int, record: int, config: int) -> Listing:
    """DynamoDB reads the ids before the page to count them, then the page's ids and one more, then each token."""
    skipped, wanted = offset * membership, (_PAGE_TOKENS + 1) * membership
    queries = math.ceil(skipped / _QUERY_BYTES) + math.ceil(wanted / _QUERY_BYTES)
    tenant_units = math.ceil(skipped / 4096) + math.ceil(wanted / 4096)
    # A batch read takes 100 keys: a record and its usage each, then a config each.
    batches = 2 * _PAGE_TOKENS // 100 + (_PAGE_TOKENS // 100 if config else 0)
    each = read_units(record, consistent=True) + 1 + (read_units(config, consistent=True) if config else 0)
    return Listing("", queries + batches, tenant_units + _PAGE_TOKENS * each, tenant_units)
