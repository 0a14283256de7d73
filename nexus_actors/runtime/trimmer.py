"""Trimming: streams are cut where every service that reads them has handled what is below, and nowhere else.

A stream that no service reads would grow for ever, so it is cut by time.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import anyio

from bus import BusUnavailable, StreamName
from bus.position import START, Position
from bus.reader import SKEW_S
from bus.store import StreamStore
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.runtime.trouble import Trouble
from nexus_actors.service import Service

INTERVAL_S = 5.0
FOLLOWED = timedelta(seconds=20)


class CheckpointStore(Protocol):
    """Knows how far streams have been handled."""

    async def lowest(self, streams: Sequence[StreamName]) -> Mapping[StreamName, Position]:
        """The lowest checkpoint of any reader of each stream; streams without a reader are left out."""
        ...


def unread(streams: Sequence[StreamName], lowest: Mapping[StreamName, Position], now: datetime) -> dict[StreamName, Position]:
    """Below which position streams without a reader may be cut: followers, who keep no checkpoint, see the last seconds."""
    before = Position(int((now - FOLLOWED).timestamp() * 1_000), 0)
    return {stream: before for stream in streams if stream not in lowest}


def cuts(lowest: Mapping[StreamName, Position], done: Mapping[StreamName, Position]) -> dict[StreamName, Position]:
    """Below which position each stream may be cut: only those whose readers have moved since the last time.

    A checkpoint may be of a history that the streams have lost the tail of. What came after that stands at positions that start
    over, and those may be below the checkpoint, though nobody has read it, by as much as the store's clock has gone back.
    """
    return {stream: position.rewound(SKEW_S) for stream, position in lowest.items() if position > done.get(stream, START)}


class Trimmer:
    """Trims the streams of the partitions that a worker owns."""

    def __init__(
        self,
        service: Service,
        checkpoints: CheckpointStore,
        store: StreamStore,
        clock: Callable[[], datetime],
        log: Any,  # noqa: ANN401
    ) -> None:
        self._clock = clock
        self._service = service
        self._checkpoints = checkpoints
        self._store = store
        self._trouble = Trouble(log)
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
        below = cuts(lowest, self._done) | unread(streams, lowest, self._clock())
        if not below:
            return 0
        removed = await self._store.trim(below)
        self._done |= {stream: lowest[stream] for stream in below if stream in lowest}
        return removed

    async def run(self, owned: Mapping[int, object]) -> None:
        """Trim now and then, for ever."""
        while True:
            await anyio.sleep(INTERVAL_S)
            try:
                await self.tidy(list(owned))
                self._trouble.over()
            except (BusUnavailable, DatabaseUnavailable) as error:
                self._trouble.met("trimming_waits", error, service=self._service.name)
