"""Streams that look at what is cut from them."""

from collections.abc import Callable, Mapping, Sequence

from bus import StreamName
from bus.codec import decode_envelope
from bus.memory import MemoryStreamStore
from bus.position import START, Position
from bus.store import Entry
from nexus_actors.memory import MemoryDatabase

_ALL = 1_000_000


class WatchedStreams(MemoryStreamStore):
    """Streams in memory that write down what was trimmed although a service that reads it had not handled it.

    Args:
        readers: the services that read a stream.
    """

    def __init__(self, clock: Callable[[], int], database: MemoryDatabase, readers: Callable[[StreamName], list[str]]) -> None:
        super().__init__(clock)
        self._database = database
        self._readers = readers
        self.wrongly_trimmed: list[str] = []
        self._archive: list[Entry] = []

    async def trim(self, below: Mapping[StreamName, Position]) -> int:
        for entry in await self.read(dict.fromkeys(below, START), _ALL, 0):
            if entry.position < below[entry.stream]:
                self._check_cut(entry.stream, entry.position, entry.body)
                self._archive.append(entry)
        return await super().trim(below)

    async def everything(self, streams: Sequence[StreamName]) -> list[Entry]:
        """What streams have carried, in order, what was trimmed too; without what was lost."""
        cut = [entry for entry in self._archive if entry.stream in streams]
        return cut + await self.read(dict.fromkeys(streams, START), _ALL, 0)

    def _check_cut(self, stream: StreamName, position: Position, body: bytes) -> None:
        envelope = decode_envelope(body)
        for service in self._readers(stream):
            tables = self._database.service(service)
            if envelope.id not in tables.inbox and envelope.id not in tables.letters:
                self.wrongly_trimmed.append(f"{stream} {position}: {service} had not handled {envelope.type} {envelope.id}")
