"""How far streams have been handled, over all services; see `nexus_actors.runtime.trimmer`."""

from collections.abc import Mapping, Sequence
from typing import Final

from bus import StreamName
from bus.position import Position
from nexus_actors.database import Database

_LOWEST: Final = """
SELECT DISTINCT ON (stream) stream, ms, seq FROM nexus.checkpoints WHERE stream = ANY($1::text[]) ORDER BY stream, ms, seq"""


class PostgresCheckpoints:
    """Checkpoints in the shared schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lowest(self, streams: Sequence[StreamName]) -> Mapping[StreamName, Position]:
        """See `CheckpointStore.lowest`."""
        rows = await self._database.fetch(_LOWEST, streams)
        return {StreamName(row["stream"]): Position(row["ms"], row["seq"]) for row in rows}
