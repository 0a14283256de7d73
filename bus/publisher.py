"""Publishing: concurrent publishes share one round trip."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import anyio

from bus.errors import PublishFailed
from bus.store import Append, StreamStore
from bus.topic import StreamName, downstream_of


class Outgoing(NamedTuple):
    """One encoded message on its way to a stream."""

    stream: StreamName
    body: bytes


class _Round:
    """What leaves together in one round trip."""

    def __init__(self) -> None:
        self.bodies: dict[StreamName, list[bytes]] = {}
        self.outcomes: dict[StreamName, Exception | None] | None = None


class Publisher:
    """Appends messages to streams.

    While one round trip is on its way, later publishes gather into the next one, so that throughput grows with concurrency
    and a lone publish waits for nothing.

    Args:
        limit: refuse to publish into a stream that holds this many entries, and commands for a partition whose events are so
            many that nobody has handled yet; 0 for no limit.
        expires_s: see `Append.expires_s`.
    """

    def __init__(self, store: StreamStore, limit: int = 0, expires_s: float = 0) -> None:
        self._store = store
        self._limit = limit
        self._expires_s = expires_s
        self._turn = anyio.Lock()
        self._next: dict[str, _Round] = defaultdict(_Round)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Append messages; those of one stream stay in order.

        Raises:
            Overloaded: a stream is full; nothing went into that one.
            PublishFailed: no confirmation came; publish again under the same ids.
        """
        for failure in (await self.send(messages)).values():
            raise failure

    async def send(self, messages: Sequence[Outgoing], history: str = "") -> dict[StreamName, Exception]:
        """Append messages as `publish` does; return what went wrong, by stream: the others have theirs.

        It is not broken off by a cancellation: what has been handed over is on its way within a round trip, or has failed.

        Args:
            history: see `Append.history`.
        """
        if not messages:
            return {}
        mine = self._next[history]
        for stream, body in messages:
            mine.bodies.setdefault(stream, []).append(body)
        with anyio.CancelScope(shield=True):
            async with self._turn:
                if mine.outcomes is None:
                    del self._next[history]
                    await self._send(mine, history)
        outcomes = mine.outcomes or {}
        return {stream: failure for stream, _ in messages if (failure := outcomes[stream]) is not None}

    def _append(self, stream: StreamName, bodies: Sequence[bytes], history: str) -> Append:
        downstream = downstream_of(stream) if self._limit else StreamName("")
        return Append(stream, bodies, self._limit, self._expires_s, history, downstream)

    async def _send(self, batch: _Round, history: str) -> None:
        failed = PublishFailed("The publish broke off on its way. Publish again under the same ids.")
        batch.outcomes = dict.fromkeys(batch.bodies, failed)
        appends = [self._append(stream, bodies, history) for stream, bodies in batch.bodies.items()]
        try:
            outcomes = await self._store.append(appends)
        except PublishFailed as error:
            batch.outcomes = dict.fromkeys(batch.bodies, error)
        else:
            batch.outcomes = dict(zip(batch.bodies, outcomes, strict=True))
