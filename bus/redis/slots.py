"""Which node of a cluster owns which slot."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from msgspec import Struct
from redis.crc import key_slot

from bus.address import Endpoint


@lru_cache(maxsize=16_384)
def slot_of(key: str) -> int:
    """The slot of a key: CRC-16 of its hash tag by 16,384 (Redis Cluster specification)."""
    return key_slot(key.encode())


class SlotRange(Struct, frozen=True, order=True):
    """Slots ``first`` to ``last``, and the master that owns them."""

    first: int
    last: int
    owner: Endpoint


class SlotMap(Struct, frozen=True):
    """The slots of a cluster, by ranges in their order. It grows stale; a node that is asked in error says so."""

    ranges: tuple[SlotRange, ...] = ()

    def owner(self, slot: int) -> Endpoint | None:
        """The master that owns a slot; None where nobody does."""
        at = bisect_right(self.ranges, slot, key=lambda each: each.first) - 1
        if at < 0 or slot > self.ranges[at].last:
            return None
        return self.ranges[at].owner

    def masters(self) -> list[Endpoint]:
        """Every master that owns a slot."""
        return sorted({each.owner for each in self.ranges})


def slot_map(reply: object, asked: Endpoint) -> SlotMap:
    """The answer to ``CLUSTER SLOTS``.

    Args:
        asked: the node that answered; one that does not know its own address leaves the host out.
    """
    ranges = []
    for first, last, master, *_ in cast("Sequence[Any]", reply):
        host = (master[0] or b"").decode()
        ranges.append(SlotRange(first, last, Endpoint(asked.host if host in {"", "?"} else host, master[1])))
    return SlotMap(tuple(sorted(ranges)))
