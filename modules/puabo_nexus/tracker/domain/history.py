"""A vehicle's history as a turn reads and writes it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from modules.puabo_nexus.tracker.contract import Fix, QuarantinedFix, Trip
from modules.puabo_nexus.tracker.domain.track import Part, Track


class Checkpoint(NamedTuple):
    """How far the track was cut when the fix of that instant had been taken.

    Attributes:
        part: what was measured of its stretch since the checkpoint before; None where a release wrote it that kept no parts.
    """

    at: datetime
    track: Track
    part: Part | None = None


class History(Protocol):
    """The fixes, trips, cuts and checkpoints of one vehicle, in the transaction of a turn.

    Every list comes in the order of time. A bound of None is open.
    """

    async def at(self, instants: Sequence[datetime]) -> list[Fix]:
        """The fixes at these instants."""
        ...

    async def beside(self, instants: Sequence[datetime]) -> list[Fix]:
        """Of each of these instants the last fix before it and the first one after it, each fix once."""
        ...

    async def fixes(self, after: datetime | None, until: datetime | None, limit: int) -> list[Fix]:
        """The first ``limit`` fixes with ``after < fix_at <= until``."""
        ...

    async def cuts(self, since: datetime | None) -> list[datetime]:
        """The instants since then at which a trip was ended by request."""
        ...

    async def trips(self, since: datetime | None, before: datetime | None) -> list[Trip]:
        """The trips with ``since <= started_at < before``."""
        ...

    async def measured(self, since: datetime, until: datetime) -> tuple[float, float]:
        """Length and top speed of the parts with ``since < at <= until``, which are of the stretch that began at ``since``."""
        ...

    async def checkpoint_before(self, instant: datetime | None) -> Checkpoint | None:
        """The newest checkpoint older than an instant; the newest of all where that is None."""
        ...

    async def checkpoint_after(self, instant: datetime | None) -> Checkpoint | None:
        """The oldest checkpoint newer than an instant."""
        ...

    async def add_fixes(self, fixes: Sequence[Fix]) -> None:
        """Keep fixes, each in place of one of its instant."""
        ...

    async def quarantine(self, fixes: Sequence[QuarantinedFix]) -> list[QuarantinedFix]:
        """Put fixes aside, each place at an instant once. Returns those that were not there yet."""
        ...

    async def add_cut(self, cut_at: datetime) -> None:
        """A trip was ended by request."""
        ...

    async def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint in place of one of the same instant."""
        ...

    async def save_trips(self, trips: Collection[Trip]) -> None:
        """Keep trips in place of their earlier versions."""
        ...

    async def remove_trips(self, trip_ids: Iterable[UUID]) -> None:
        """Forget trips."""
        ...
