"""Trimming: streams are cut where every service that reads them has handled what is below, and nowhere else."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import anyio

from bus import BusUnavailable, StreamName
from bus.position import START, Position
from bus.store import StreamStore
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.service import Service

INTERVAL_S = 5.0


class CheckpointStore(Protocol):
    """Knows how far streams have been handled."""

    async def lowest(self, streams: Sequence[StreamName]) -> Mapping[StreamName, Position]:
        """The lowest checkpoint of any reader of each stream; streams without a reader are left out."""
        ...


def cuts(lowest: Mapping[StreamName, Position], done: Mapping[StreamName, Position]) -> dict[StreamName, Position]:
    """Below which position each stream may be cut: only those whose readers have moved since the last time."""
    return {
        stream: Position(position.ms, position.seq + 1)
        for stream, position in lowest.items()
        if position > done.get(stream, START)
    }


class Janitor:
    """Trims the streams of the partitions that a worker owns."""

    def __init__(self, service: Service, checkpoints: CheckpointStore, store: StreamStore, log: Any) -> None:  # noqa: ANN401
        self._service = service
        self._checkpoints = checkpoints
        self._store = store
        self._log = log
        self._done: dict[StreamName, Position] = {}

    async def tidy(self, partitions: Sequence[int]) -> int:
        """Trim once; return how many entries went."""
        topic = self._service.topic
        streams = [
            stream for number in partitions for stream in (topic.stream("commands", number), topic.stream("events", number))
        ]
        if not streams:
            return 0
        lowest = await self._checkpoints.lowest(streams)
        below = cuts(lowest, self._done)
        if not below:
            return 0
        removed = await self._store.trim(below)
        self._done |= {stream: lowest[stream] for stream in below}
        return removed

    async def run(self, owned: Mapping[int, object]) -> None:
        """Trim now and then, for ever."""
        while True:
            await anyio.sleep(INTERVAL_S)
            try:
                await self.tidy(list(owned))
            except (BusUnavailable, DatabaseUnavailable) as error:
                self._log.warning("trimming_waits", service=self._service.name, error=str(error))
