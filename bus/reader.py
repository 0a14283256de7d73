"""Reading partitions: from a checkpoint on, and again from a little before it when the store may have lost its tail."""

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
            machine). So far a changed history is read again; receivers drop what they know.

    Attributes:
        history_changed: the store has come back and may have lost its newest entries. The caller clears it.
    """

    def __init__(self, store: StreamStore, count: int, block_s: float, skew_s: float = 5.0) -> None:
        self._store = store
        self._count = count
        self._block_s = block_s
        self._skew_s = skew_s
        self._positions: dict[StreamName, Position] = {}
        self._history: str | None = None
        self._connected = False
        self.history_changed = False

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

    async def read(self, block_s: float | None = None) -> list[Entry]:
        """The next entries of the streams assigned; empty when none came in time.

        Raises:
            BusUnavailable: the store cannot be reached. Wait, then call again: the reader then looks whether the store
                lost entries.
        """
        try:
            if not self._connected:
                await self._resume()
            entries = await self._store.read(self._positions, self._count, self._block_s if block_s is None else block_s)
        except BaseException:
            self._connected = False
            raise
        for entry in entries:
            if entry.stream in self._positions:
                self._positions[entry.stream] = entry.position
        return entries

    async def _resume(self) -> None:
        history = await self._store.history()
        if history == self._history:
            self._connected = True
            return
        last = await self._store.last(list(self._positions))
        for stream, position in list(self._positions.items()):
            self._positions[stream] = min(last.get(stream, position), position.rewound(self._skew_s))
        self.history_changed = self._history is not None
        self._history = history
        self._connected = True
