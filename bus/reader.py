"""Reading partitions: from a checkpoint on, and again from a little before it when the store may have lost its tail."""

from collections.abc import Callable, Collection, Iterable
from typing import Final

import anyio

from bus.errors import BusUnavailable, NotPermitted
from bus.position import Position
from bus.store import Entry, StreamStore
from bus.topic import StreamName

LOOK_S: Final = 2.0

SKEW_S: Final = 5.0
"""By how many seconds the store's clock may have gone back when it came back under another history."""


class PartitionReader:
    """Reads the streams of the partitions that its caller owns, each behind a position.

    The position of what has been *handled* is the caller's to keep, in the transaction of its effects; the reader only
    knows how far it has *read*. Reading has no effect on the store, so a second reader of the same partition, such as a
    frozen former owner, takes nothing away from anybody.

    Args:
        count: at most so many entries of each stream in one read.
        block_s: how long a read waits for the first entry.
        skew_s: by how much the store's clock may have gone back when its history changes (a fail-over to another
            machine). So far `rewind` goes back; receivers drop what they know.
        clock: seconds of a clock that only goes forward.

    Attributes:
        history: the store's history, as it was when the reader last connected; None before that.
    """

    def __init__(
        self,
        store: StreamStore,
        count: int,
        block_s: float,
        skew_s: float = SKEW_S,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._store = store
        self._count = count
        self._block_s = block_s
        self._skew_s = skew_s
        self._clock = clock
        self._positions: dict[StreamName, Position] = {}
        # As far as each stream was read when the history was last seen to be the same.
        self._certain: dict[StreamName, Position] = {}
        self._connected = False
        self._away = False
        self._look_at = 0.0
        self._seen_at = 0.0
        self.history: str | None = None

    @property
    def streams(self) -> list[StreamName]:
        """What it reads."""
        return list(self._positions)

    @property
    def unseen_s(self) -> float:
        """How long ago the store was last seen to be in `history`, in seconds."""
        return self._clock() - self._seen_at

    def assign(self, stream: StreamName, position: Position) -> None:
        """Read a stream, from behind ``position`` on."""
        self._positions[stream] = self._certain[stream] = position

    def release(self, stream: StreamName) -> None:
        """Read a stream no more."""
        self._positions.pop(stream, None)
        self._certain.pop(stream, None)

    async def connect(self) -> str:
        """Look which history the store is in, when something has gone wrong and every two seconds; return it.

        A store may come back, or another server stand in for one of its servers, between two reads of ours or where we only
        publish. No read of ours fails then. Whoever keeps positions of another history calls `rewind` before the next `read`.

        Raises:
            BusUnavailable: the store cannot be reached.
        """
        now = self._clock()
        if self._connected and self.history is not None and now < self._look_at:
            return self.history
        self._look_at = now + LOOK_S
        try:
            found = await self._ask()
        except BusUnavailable as error:
            self._look_at = now
            if not self._connected or self.history is None or isinstance(error, NotPermitted):
                raise
            # A server that we do not read from is away. What comes from the others is worth reading meanwhile.
            return self.history
        if found == self.history:
            self._certain.update(self._positions)
        self.history = found
        self._seen_at = now
        self._connected = True
        return found

    async def _ask(self) -> str:
        try:
            found = await self._store.history()
        except BusUnavailable:
            if self._away:
                raise
            # A connection may have broken long ago, with a server that has come back since: that is not being away. Whoever
            # went on under the former history now would publish new messages before those that were lost.
            self._away = True
            found = await self._store.history()
        self._away = False
        return found

    def look_again(self) -> None:
        """What is known of the history may be old: the next `connect` is to ask."""
        self._look_at = 0.0

    def doubt(self) -> None:
        """The store has been seen in another history than the one known: the next `connect` asks, or raises."""
        self._connected = False

    async def rewind(self, streams: Iterable[StreamName]) -> dict[StreamName, Position]:
        """Go back in some streams, for the store may have lost their newest entries; return their positions.

        They go back to what the stream says was its last position, and by the skew of clocks behind what was read for certain
        under the former history.

        Raises:
            BusUnavailable: the store cannot be reached; nothing has changed.
        """
        wanted = [stream for stream in streams if stream in self._positions]
        last = await self._store.last(wanted)
        for stream in wanted:
            self._certain[stream] = min(last[stream], self._certain[stream].rewound(self._skew_s))
            self._positions[stream] = self._certain[stream]
        return {stream: self._positions[stream] for stream in wanted}

    async def read(self, block_s: float | None = None, skip: Collection[StreamName] = ()) -> list[Entry]:
        """The next entries of the streams assigned; empty when none came in time.

        Args:
            skip: streams to leave out this time.

        Raises:
            BusUnavailable: the store cannot be reached. Wait, then `connect` again.
        """
        await self.connect()
        positions = {s: p for s, p in self._positions.items() if s not in skip} if skip else self._positions
        try:
            entries = await self._store.read(positions, self._count, self._block_s if block_s is None else block_s)
        except BaseException:
            self._connected = False
            raise
        for entry in entries:
            if entry.stream in self._positions:
                self._positions[entry.stream] = entry.position
        return entries
