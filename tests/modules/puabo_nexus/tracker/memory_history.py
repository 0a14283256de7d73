"""A vehicle's history in memory, kept as PostgreSQL keeps it: by value."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from modules.puabo_nexus.tracker.contract import Fix, QuarantinedFix, Trip
from modules.puabo_nexus.tracker.domain.history import Checkpoint
from modules.puabo_nexus.tracker.domain.track import Part, Track

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class MemoryHistory:
    """A `History` that needs no server."""

    def __init__(self) -> None:
        self.stored: dict[datetime, Fix] = {}
        self.aside: dict[tuple[datetime, float, float], QuarantinedFix] = {}
        self.trip_rows: dict[UUID, Trip] = {}
        self.cut_instants: set[datetime] = set()
        self.checkpoints: dict[datetime, tuple[bytes, Part | None]] = {}
        self.read = 0

    async def at(self, instants: Sequence[datetime]) -> list[Fix]:
        return [self.stored[instant] for instant in sorted(set(instants)) if instant in self.stored]

    async def beside(self, instants: Sequence[datetime]) -> list[Fix]:
        stored = sorted(self.stored)
        found = set[datetime]()
        for instant in instants:
            found.update(stored[: bisect_left(stored, instant)][-1:], stored[bisect_right(stored, instant) :][:1])
        return [self.stored[instant] for instant in sorted(found)]

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

    async def measured(self, since: datetime, until: datetime) -> tuple[float, float]:
        length_m, top_mps = 0.0, 0.0
        for at in sorted(at for at in self.checkpoints if since < at <= until):
            _, part = self.checkpoints[at]
            assert part is not None
            if part.whole:
                length_m, top_mps = 0.0, 0.0
            length_m, top_mps = length_m + part.length_m, max(top_mps, part.top_mps)
        return length_m, top_mps

    async def checkpoint_before(self, instant: datetime | None) -> Checkpoint | None:
        return self._checkpoint(max((at for at in self.checkpoints if at < (instant or _LAST)), default=None))

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
        self.checkpoints[checkpoint.at] = msgspec.json.encode(checkpoint.track), checkpoint.part

    async def save_trips(self, trips: Collection[Trip]) -> None:
        self.trip_rows.update({trip.trip_id: trip for trip in trips})

    async def remove_trips(self, trip_ids: Iterable[UUID]) -> None:
        for trip_id in trip_ids:
            del self.trip_rows[trip_id]

    def take_read(self) -> int:
        """How many fixes have been read since it was last asked."""
        read, self.read = self.read, 0
        return read

    def in_order(self) -> list[Trip]:
        return sorted(self.trip_rows.values(), key=lambda trip: trip.started_at)

    def _checkpoint(self, at: datetime | None) -> Checkpoint | None:
        if at is None:
            return None
        track, part = self.checkpoints[at]
        return Checkpoint(at, msgspec.json.decode(track, type=Track), part)


def _place(item: QuarantinedFix) -> tuple[datetime, float, float]:
    return item.fix.fix_at, item.fix.lat, item.fix.lon
