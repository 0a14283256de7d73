"""How a worker fares, for its health pages."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bus import BusError
from bus.store import StreamStore
from nexus_actors.database import Database
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.runtime.leases import Ownership
from nexus_actors.runtime.loop import ServiceLoop
from nexus_actors.runtime.trouble import Trouble

STALLED_S = 30.0


class LoopProbe:
    """See `nexus_actors.http.ports.HealthProbe`.

    Liveness is the progress of the service's loop, not the answering of HTTP; it says nothing about the dependencies, for a
    restart would not bring those back.

    Args:
        keeper: the trouble of who keeps the leases.
        warnings: what is dangerous about the servers.
    """

    def __init__(
        self,
        database: Database,
        streams: StreamStore,
        loop: ServiceLoop,
        keeper: Trouble,
        ownership: Ownership,
        clock: Callable[[], datetime],
        warnings: Sequence[str] = (),
    ) -> None:
        self._keeper = keeper
        self._warnings = warnings
        self._database = database
        self._streams = streams
        self._loop = loop
        self._ownership = ownership
        self._clock = clock
        self.started = False
        self.draining = False

    async def check(self) -> Mapping[str, bool]:
        """Whether PostgreSQL and Redis answer."""
        return {"database": await self._database_answers(), "cache": await self._streams_answer()}

    async def _database_answers(self) -> bool:
        try:
            return bool(await self._database.fetchval("SELECT 1") == 1)
        except DatabaseUnavailable:
            return False

    async def _streams_answer(self) -> bool:
        try:
            await self._streams.history()
        except BusError:
            return False
        return True

    def live(self) -> bool:
        """Whether the loop has gone round lately."""
        return (self._clock() - self._loop.ticked_at).total_seconds() < STALLED_S

    def ready(self) -> bool:
        """Whether the service takes requests."""
        return self.started and not self.draining

    def troubles(self) -> Sequence[str]:
        """What keeps the service from its work now."""
        found = [trouble.reason for trouble in (self._loop.trouble, self._keeper) if trouble.reason]
        if self._ownership.astray:
            found.append("It does not reach Redis, so other workers have its partitions.")
        return list(dict.fromkeys(found))

    def waiting(self) -> Sequence[str]:
        """How many of this worker's keys wait, by what for, the most first."""
        held = (held for partition in self._loop.partitions.values() for held in partition.held.values())
        keys = Counter(each.waits_for for each in held if each.waits_for)
        return [f"{count} {'key waits' if count == 1 else 'keys wait'}. {why}" for why, count in keys.most_common()]

    def warnings(self) -> Sequence[str]:
        """What is dangerous about the servers, as was seen at the start."""
        return self._warnings
