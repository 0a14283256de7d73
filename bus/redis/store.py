"""Streams on Redis 7.0 or later, or Valkey: one server, a cluster, or the master that sentinels name."""

from collections.abc import Mapping, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, Final, cast

import anyio
from redis.exceptions import NoScriptError, ResponseError

from bus.errors import Overloaded, PublishFailed, PublishForbidden, StreamGone
from bus.position import START, Position
from bus.redis.audit import Audit, audit
from bus.redis.link import Command, Link, Unanswered, Unreached, Word
from bus.redis.refused import is_forbidden, refused
from bus.store import Append, Entry
from bus.topic import StreamName

_APPEND: Final = files("bus.redis").joinpath("append.lua").read_bytes()
_BY_HASH: Final = ("EVALSHA", sha1(_APPEND, usedforsecurity=False).hexdigest())
_BY_TEXT: Final = ("EVAL", _APPEND)
_GONE: Final = -1
_HISTORIES: Final = 8


class RedisStreamStore:
    """See `bus.store.StreamStore`.

    Appends go through one script per stream, so that each stream's bodies are all there or not at all, and all scripts of a
    call share one round trip to each server. Blocking reads hold connections of their own, so that nothing waits behind them.
    """

    def __init__(self, link: Link, prefix: str) -> None:
        self._link = link
        self._prefix = prefix + ":"
        self._there = _There()

    def _key(self, stream: StreamName) -> str:
        return self._prefix + stream

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        """See `StreamStore.append`."""
        outcomes = await self._append(_BY_HASH, appends)
        missing = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, NoScriptError)]
        if missing:
            # A server that started or was promoted does not have the script. Running its text leaves it there.
            again = await self._append(_BY_TEXT, [appends[i] for i in missing])
            for i, outcome in zip(missing, again, strict=True):
                outcomes[i] = outcome
        unconfirmed = [outcome for outcome in outcomes if isinstance(outcome, Unreached | Unanswered)]
        if unconfirmed and len(unconfirmed) == len(outcomes):
            raise PublishFailed(_not_confirmed(unconfirmed[0])) from unconfirmed[0]
        for append, outcome in zip(appends, outcomes, strict=True):
            self._there.note(append, outcome)
        return [_outcome(append, outcome) for append, outcome in zip(appends, outcomes, strict=True)]

    async def _append(self, script: tuple[Word, ...], appends: Sequence[Append]) -> list[object]:
        commands = []
        for append in appends:
            key = self._key(append.stream)
            there = "there" if self._there.knows(append) else ""
            keys = (key, self._key(append.downstream)) if append.downstream else (key,)
            words = (*script, len(keys), *keys, append.limit, int(append.expires_s * 1_000), there, *append.bodies)
            commands.append(Command(key, words, append.history))
        return await self._link.ask(commands)

    async def read(self, after: Mapping[StreamName, Position], count: int, block_s: float) -> list[Entry]:
        """See `StreamStore.read`."""
        if not after:
            await anyio.sleep(block_s)
            return []
        response = await self._link.read({self._key(stream): at for stream, at in after.items()}, count, block_s)
        return self._entries(response)

    def _entries(self, response: Any) -> list[Entry]:  # noqa: ANN401 - the wire's own shape
        entries: list[Entry] = []
        skip = len(self._prefix)
        for key, raw in response:
            stream = StreamName(key.decode()[skip:])
            for entry_id, fields in raw:
                ms, _, seq = entry_id.partition(b"-")
                entries.append(Entry(stream, Position(int(ms), int(seq)), fields[1]))
        return entries

    async def last(self, streams: Sequence[StreamName]) -> dict[StreamName, Position]:
        """See `StreamStore.last`."""
        commands = [Command(key, ("XINFO", "STREAM", key)) for key in map(self._key, streams)]
        found: dict[StreamName, Position] = {}
        for stream, reply in zip(streams, await self._link.ask(commands), strict=True):
            absent = isinstance(reply, ResponseError) and "no such key" in str(reply)
            found[stream] = START if absent else _last_generated(_answered(reply))
        return found

    async def lengths(self, streams: Sequence[StreamName]) -> dict[StreamName, int]:
        """See `StreamStore.lengths`."""
        replies = await self._link.ask([Command(key, ("XLEN", key)) for key in map(self._key, streams)])
        return {stream: int(_answered(reply)) for stream, reply in zip(streams, replies, strict=True)}

    async def trim(self, below: Mapping[StreamName, Position]) -> int:
        """See `StreamStore.trim`."""
        replies = await self._link.ask(
            [Command(key, ("XTRIM", key, "MINID", str(at))) for stream, at in below.items() for key in [self._key(stream)]]
        )
        return sum(int(_answered(reply)) for reply in replies)

    async def history(self) -> str:
        """See `StreamStore.history`."""
        return await self._link.history()

    async def audit(self, streams: Sequence[StreamName]) -> Audit:
        """Whether Redis allows what is needed, and keeps what it is given.

        Args:
            streams: some that will be used.

        Raises:
            BusUnavailable: it cannot be reached.
        """
        return await audit(self._link, self._prefix, [self._key(stream) for stream in streams], _APPEND)


class _There:
    """The streams that something was put into, by the history that was named with it.

    Several histories count at a time: who shares a store may have heard of a new one at different times.
    """

    def __init__(self) -> None:
        self._streams: dict[str, set[StreamName]] = {}

    def knows(self, append: Append) -> bool:
        return append.stream in self._streams.get(append.history, ())

    def note(self, append: Append, outcome: object) -> None:
        if not append.history or not isinstance(outcome, int) or not outcome:
            return
        streams = self._streams.setdefault(append.history, set())
        if outcome == _GONE:
            streams.discard(append.stream)
        else:
            streams.add(append.stream)
        if len(self._streams) > _HISTORIES:
            del self._streams[next(iter(self._streams))]


def _outcome(append: Append, outcome: object) -> Exception | None:
    if outcome == 0:
        return Overloaded(append.stream)
    if outcome == _GONE:
        return StreamGone(f"The stream {append.stream} was there and is gone: Redis has been emptied. Look what it lost first.")
    if isinstance(outcome, Unreached | Unanswered):
        return PublishFailed(_not_confirmed(outcome))
    if is_forbidden(outcome):
        return PublishForbidden(f"Redis does not permit to append to {append.stream}: {outcome}. See docs/servers.md.")
    if isinstance(outcome, Exception):
        return PublishFailed(f"Redis refused to append to {append.stream}: {outcome}.")
    return None


def _not_confirmed(error: Exception) -> str:
    return f"Redis did not confirm the publish ({error}). Publish again under the same ids."


def _last_generated(reply: object) -> Position:
    fields = dict(zip(*[iter(cast("list[bytes]", reply))] * 2, strict=True))
    return Position.parse(fields[b"last-generated-id"].decode())


def _answered(reply: object) -> Any:  # noqa: ANN401 - the wire's own shape
    if isinstance(reply, Unreached | Unanswered):
        raise refused(reply, "Redis cannot be reached") from reply
    if isinstance(reply, Exception):
        raise refused(reply, "Redis refused") from reply
    return reply
