"""Reading partitions: from a checkpoint on, and again from a little before it when the store may have lost its tail."""

from collections.abc import Collection, Iterable

from bus.position import Position
from bus.store import Entry, StreamStore
from bus.topic import StreamName


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

    Attributes:
        history: the store's history, as it was when the reader last connected; None before that.
    """

    def __init__(self, store: StreamStore, count: int, block_s: float, skew_s: float = 5.0) -> None:
        self._store = store
        self._count = count
        self._block_s = block_s
        self._skew_s = skew_s
        self._positions: dict[StreamName, Position] = {}
        self._connected = False
        self.history: str | None = None

    @property
    def streams(self) -> list[StreamName]:
        """What it reads."""
        return list(self._positions)

    def assign(self, stream: StreamName, position: Position) -> None:
        """Read a stream, from behind ``position`` on."""
        self._positions[stream] = position

    def release(self, stream: StreamName) -> None:
        """Read a stream no more."""
        self._positions.pop(stream, None)

    async def connect(self) -> str:
        """Look which history the store is in, unless nothing has gone wrong since the last time; return it.

        Whoever keeps positions of another history calls `rewind` before the next `read`.

        Raises:
            BusUnavailable: the store cannot be reached.
        """
        if not self._connected or self.history is None:
            self.history = await self._store.history()
            self._connected = True
        return self.history

    async def rewind(self, streams: Iterable[StreamName]) -> dict[StreamName, Position]:
        """Go back in some streams, for the store may have lost their newest entries; return their positions.

        They go back to what the stream says was its last position, and by the skew of clocks behind their own.

        Raises:
            BusUnavailable: the store cannot be reached; nothing has changed.
        """
        wanted = [stream for stream in streams if stream in self._positions]
        last = await self._store.last(wanted)
        for stream in wanted:
            self._positions[stream] = min(last[stream], self._positions[stream].rewound(self._skew_s))
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
