"""The port of a stream store: what the bus needs of Redis, and what its in-memory twin does alike."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from bus.position import Position
from bus.topic import StreamName


class Entry(NamedTuple):
    """One entry of a stream."""

    stream: StreamName
    position: Position
    body: bytes


class Append(NamedTuple):
    """Bodies to append to one stream, in order.

    Attributes:
        limit: refuse when the stream, or ``downstream``, holds this many entries already; 0 for no limit.
        downstream: a stream of the same partition that grows by what comes of these bodies; empty for none.
        expires_s: for streams that answer one asker: keep about 10,000 entries, and the stream this long after its last one.
        history: refuse when the store is in another history, as far as a new connection shows; empty for whichever it is in.
            Who has to publish what was lost before what is new says here what it knows. All appends of a call say the same.
            Refuse once, too, when this store has put something into the stream under that history, and it does not exist.
    """

    stream: StreamName
    bodies: Sequence[bytes]
    limit: int = 0
    expires_s: float = 0
    history: str = ""
    downstream: StreamName = StreamName("")


class StreamStore(Protocol):
    """Append-only streams.

    Order: the entries of one append stand together and in order; two appends by one caller, one after the other, stand in
    that order. Positions only grow within one history of the store.
    Safety: methods may be called from any number of tasks at once. Cancelling a call leaves its outcome unknown.
    """

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        """Append to several streams in one round trip to each server; each stream's bodies all or not at all.

        Returns:
            Per append, None, or `Overloaded` where a stream is full, or `PublishFailed` where the store refused, or where
            one of its servers did not confirm while others did, or `StreamGone` where a stream that was there has vanished.

        Raises:
            PublishFailed: no confirmation came. Any of them may be in its stream.
        """
        ...

    async def read(self, after: Mapping[StreamName, Position], count: int, block_s: float) -> list[Entry]:
        """Up to ``count`` entries of each stream behind its position, waiting up to ``block_s`` for the first.

        Each concurrent call waits on a connection of its own. Entries of one stream come in order.

        Raises:
            BusUnavailable: the store cannot be reached.
        """
        ...

    async def last(self, streams: Sequence[StreamName]) -> dict[StreamName, Position]:
        """The last position that each stream has ever given out; `START` for a stream that does not exist.

        Raises:
            BusUnavailable: the store cannot be reached.
        """
        ...

    async def lengths(self, streams: Sequence[StreamName]) -> dict[StreamName, int]:
        """How many entries each stream holds.

        Raises:
            BusUnavailable: the store cannot be reached.
        """
        ...

    async def trim(self, below: Mapping[StreamName, Position]) -> int:
        """Remove the entries below each position; return how many went.

        Raises:
            BusUnavailable: the store cannot be reached.
        """
        ...

    async def history(self) -> str:
        """Names the store's present history. It changes when the store may have lost its newest entries (restart, fail-over).

        A store of several servers has one history, which changes with that of any of them: who reads from one publishes into
        the others.

        Raises:
            BusUnavailable: the store cannot be reached.
        """
        ...
