"""A vehicle's history in memory, kept as PostgreSQL keeps it: by value."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from modules.puabo_nexus.tracker.contract import Fix, QuarantinedFix, Trip
from modules.puabo_nexus.tracker.domain.history import Checkpoint
from modules.puabo_nexus.tracker.domain.track import Track

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class MemoryHistory:
    """A `History` that needs no server."""

    def __init__(self) -> None:
        self.stored: dict[datetime, Fix] = {}
        self.aside: dict[tuple[datetime, float, float], QuarantinedFix] = {}
        self.trip_rows: dict[UUID, Trip] = {}
        self.cut_instants: set[datetime] = set()
        self.checkpoints: dict[datetime, bytes] = {}
        self.read = 0

    async def at(self, instants: Sequence[datetime]) -> list[Fix]:
        return [self.stored[instant] for instant in sorted(set(instants)) if instant in self.stored]

    async def around(self, first: datetime, last: datetime) -> list[Fix]:
        instants = sorted(self.stored)
        low = max(bisect_left(instants, first) - 1, 0)
        return [self.stored[instant] for instant in instants[low : bisect_right(instants, last) + 1]]

    async def fixes(self, after: datetime | None, until: datetime | None, limit: int) -> list[Fix]:
        low, high = after or _FIRST, until or _LAST
        found = [self.stored[instant] for instant in sorted(self.stored) if low < instant <= high][:limit]
        self.read += len(found)
        return found

    async def cuts(self, since: datetime | None) -> list[datetime]:
        return sorted(instant for instant in self.cut_instants if instant >= (since or _FIRST))

    async def trips(self, since: datetime | None, before: datetime | None) -> list[Trip]:
        low, high = since or _FIRST, before or _LAST
        return [trip for trip in self.in_order() if low <= trip.started_at < high]

    async def checkpoint_before(self, instant: datetime) -> Checkpoint | None:
        return self._checkpoint(max((at for at in self.checkpoints if at < instant), default=None))

    async def checkpoint_after(self, instant: datetime | None) -> Checkpoint | None:
        return self._checkpoint(min((at for at in self.checkpoints if at > (instant or _FIRST)), default=None))

    async def add_fixes(self, fixes: Sequence[Fix]) -> None:
        for fix in fixes:
            self.stored[fix.fix_at] = fix

    async def quarantine(self, fixes: Sequence[QuarantinedFix]) -> list[QuarantinedFix]:
        before = set(self.aside)
        for item in fixes:
            self.aside.setdefault(_place(item), item)
        return [item for place, item in self.aside.items() if place not in before]

    async def add_cut(self, cut_at: datetime) -> None:
        self.cut_instants.add(cut_at)

    async def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        self.checkpoints[checkpoint.at] = msgspec.json.encode(checkpoint.track)

    async def save_trips(self, trips: Collection[Trip]) -> None:
        self.trip_rows.update({trip.trip_id: trip for trip in trips})

    async def remove_trips(self, trip_ids: Iterable[UUID]) -> None:
        for trip_id in trip_ids:
            del self.trip_rows[trip_id]

    def in_order(self) -> list[Trip]:
        return sorted(self.trip_rows.values(), key=lambda trip: trip.started_at)

    def _checkpoint(self, at: datetime | None) -> Checkpoint | None:
        return None if at is None else Checkpoint(at, msgspec.json.decode(self.checkpoints[at], type=Track))


def _place(item: QuarantinedFix) -> tuple[datetime, float, float]:
    return item.fix.fix_at, item.fix.lat, item.fix.lon
