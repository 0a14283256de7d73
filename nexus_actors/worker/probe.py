"""How a worker fares, for its health pages."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bus import BusError
from bus.store import StreamStore
from nexus_actors.database import Database
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.runtime.loop import ServiceLoop
from nexus_actors.runtime.ownership import Ownership

STALLED_S = 30.0


class LoopProbe:
    """See `nexus_actors.http.ports.HealthProbe`.

    Liveness is the progress of the service's loop, not the answering of HTTP; it says nothing about the dependencies, for a
    restart would not bring those back.
    """

    def __init__(
        self, database: Database, streams: StreamStore, loop: ServiceLoop, ownership: Ownership, clock: Callable[[], datetime]
    ) -> None:
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
