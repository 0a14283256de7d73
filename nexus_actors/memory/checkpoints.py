"""The in-memory twin of the checkpoints; see `nexus_actors.runtime.trimmer`."""

from collections.abc import Mapping, Sequence

from bus import StreamName
from bus.position import Position
from nexus_actors.memory.database import MemoryDatabase


class MemoryCheckpoints:
    """Checkpoints in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def lowest(self, streams: Sequence[StreamName]) -> Mapping[StreamName, Position]:
        """See `CheckpointStore.lowest`."""
        await self._database.reach("statement")
        lowest: dict[StreamName, Position] = {}
        for tables in self._database.services.values():
            for stream in streams:
                if stream in tables.checkpoints:
                    position = tables.checkpoints[stream]
                    lowest[stream] = min(position, lowest.get(stream, position))
        return lowest
