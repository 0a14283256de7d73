"""The in-memory twin of the Redis stream store, for tests and simulations. It passes the same conformance suite."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence

import anyio

from bus.errors import BusUnavailable, Overloaded, PublishFailed, StreamGone
from bus.position import START, Position
from bus.store import Append, Entry
from bus.topic import StreamName


class _Stream:
    def __init__(self) -> None:
        self.positions: list[Position] = []
        self.bodies: list[bytes] = []
        self.last = START
        self.trimmed = START


class MemoryStreamStore:
    """Streams in this process's memory.

    Args:
        clock: milliseconds since 1970, from which positions are made, as Redis makes them from its own clock.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._streams: dict[StreamName, _Stream] = {}
        self._grown = anyio.Event()
        self._available = True
        self._generation = 0
        self._there: set[StreamName] = set()

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        """See `StreamStore.append`."""
        await anyio.lowlevel.checkpoint()
        if not self._available:
            raise PublishFailed("The memory store is down. Publish again under the same ids.")
        outcomes = [self._append(append) for append in appends]
        self._grown.set()
        self._grown = anyio.Event()
        return outcomes

    def _append(self, append: Append) -> Exception | None:
        if append.history not in {"", self._history()}:
            return PublishFailed("The memory store was restarted. Look what it may have lost first.")
        if append.history and append.stream in self._there and append.stream not in self._streams:
            self._there.discard(append.stream)
            return StreamGone(f"The stream {append.stream} was there and is gone. Look what the store lost first.")
        for name in (append.stream, append.downstream) if append.limit else ():
            if name in self._streams and len(self._streams[name].bodies) >= append.limit:
                return Overloaded(append.stream)
        stream = self._streams.setdefault(append.stream, _Stream())
        for body in append.bodies:
            now = self._clock()
            stream.last = Position(now, 0) if now > stream.last.ms else Position(stream.last.ms, stream.last.seq + 1)
            stream.positions.append(stream.last)
            stream.bodies.append(body)
        if append.history:
            self._there.add(append.stream)
        return None

    async def read(self, after: Mapping[StreamName, Position], count: int, block_s: float) -> list[Entry]:
        """See `StreamStore.read`."""
        await anyio.lowlevel.checkpoint()
        with anyio.move_on_after(block_s):
            while True:
                grown = self._grown
                entries = self._read(after, count)
                if entries or block_s <= 0:
                    return entries
                await grown.wait()
        return []

    def _read(self, after: Mapping[StreamName, Position], count: int) -> list[Entry]:
        self._check()
        entries: list[Entry] = []
        for name, position in after.items():
            stream = self._streams.get(name)
            if stream is None:
                continue
            start = bisect_right(stream.positions, position)
            stop = min(start + count, len(stream.bodies))
            entries.extend(Entry(name, stream.positions[i], stream.bodies[i]) for i in range(start, stop))
        return entries

    async def last(self, streams: Sequence[StreamName]) -> dict[StreamName, Position]:
        """See `StreamStore.last`."""
        await anyio.lowlevel.checkpoint()
        self._check()
        return {name: self._streams[name].last if name in self._streams else START for name in streams}

    async def lengths(self, streams: Sequence[StreamName]) -> dict[StreamName, int]:
        """See `StreamStore.lengths`."""
        await anyio.lowlevel.checkpoint()
        self._check()
        return {name: len(self._streams[name].bodies) if name in self._streams else 0 for name in streams}

    async def trim(self, below: Mapping[StreamName, Position]) -> int:
        """See `StreamStore.trim`."""
        await anyio.lowlevel.checkpoint()
        self._check()
        removed = 0
        for name, position in below.items():
            stream = self._streams.get(name)
            if stream is None:
                continue
            cut = bisect_right(stream.positions, position.before())
            if cut:
                stream.trimmed = stream.positions[cut - 1]
            del stream.positions[:cut], stream.bodies[:cut]
            removed += cut
        return removed

    async def history(self) -> str:
        """See `StreamStore.history`."""
        await anyio.lowlevel.checkpoint()
        self._check()
        return self._history()

    def _history(self) -> str:
        return f"memory-{self._generation}"

    def stop(self) -> None:
        """Become unreachable, as a stopped server is. Blocked readers learn of it at once."""
        self._available = False
        self._grown.set()
        self._grown = anyio.Event()

    def restart(self, lost_entries: int = 0, lost_since_ms: int | None = None) -> None:
        """Come back without the newest entries: what a server that fsyncs each second may lose.

        Args:
            lost_entries: so many of each stream are lost.
            lost_since_ms: or those that came at this millisecond of the store's clock or later.
        """
        self._begin_history()
        self._available = True
        for stream in self._streams.values():
            if lost_since_ms is not None:
                lost_entries = len(stream.positions) - bisect_left(stream.positions, Position(lost_since_ms, 0))
            if lost_entries:
                del stream.positions[-lost_entries:], stream.bodies[-lost_entries:]
                stream.last = stream.positions[-1] if stream.positions else stream.trimmed

    def empty(self) -> None:
        """Lose everything, as FLUSHALL does."""
        self._begin_history()
        self._streams.clear()

    def remove(self, stream: StreamName) -> None:
        """Lose one stream, as DEL does, which no history tells of."""
        self._streams.pop(stream, None)

    def _begin_history(self) -> None:
        self._generation += 1
        self._there.clear()

    def _check(self) -> None:
        if not self._available:
            raise BusUnavailable("The memory store is down.")
