"""Streams on Redis 7.0 or later, or Valkey."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha1
from importlib.resources import files
from typing import Any, cast

import anyio
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, RedisError, ResponseError

from bus.errors import BusUnavailable, Overloaded, PublishFailed
from bus.position import START, Position
from bus.store import Append, Entry
from bus.topic import StreamName

_APPEND = files("bus.redis").joinpath("append.lua").read_bytes()
_APPEND_SHA = sha1(_APPEND, usedforsecurity=False).hexdigest()
_BROKEN = (RedisError, OSError)


class RedisStreamStore:
    """See `bus.store.StreamStore`.

    Appends go through one script per stream, so that each stream's bodies are all there or not at all, and all scripts of a
    call share one round trip. Blocking reads hold connections of their own, so that nothing waits behind them.
    """

    def __init__(self, commands: Redis, readers: BlockingConnectionPool, prefix: str) -> None:
        self._redis = commands
        self._readers = readers
        self._prefix = prefix + ":"

    def _key(self, stream: StreamName) -> str:
        return self._prefix + stream

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        """See `StreamStore.append`."""
        outcomes = await self._append(appends)
        missing = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, NoScriptError)]
        if missing:
            await self._load()
            for i, outcome in zip(missing, await self._append([appends[i] for i in missing]), strict=True):
                outcomes[i] = outcome
        return [self._outcome(append, outcome) for append, outcome in zip(appends, outcomes, strict=True)]

    async def _append(self, appends: Sequence[Append]) -> list[object]:
        pipeline = self._redis.pipeline(transaction=False)
        for append in appends:
            arguments: list[bytes | int] = [append.limit, int(append.expires_s * 1_000), *append.bodies]
            pipeline.evalsha(_APPEND_SHA, 1, self._key(append.stream), *arguments)
        try:
            return list(await pipeline.execute(raise_on_error=False))
        except _BROKEN as error:
            raise PublishFailed(f"Redis did not confirm the publish ({error}). Publish again under the same ids.") from error

    async def _load(self) -> None:
        try:
            await self._redis.script_load(_APPEND)
        except _BROKEN as error:
            raise PublishFailed(f"Redis does not take the append script: {error}.") from error

    def _outcome(self, append: Append, outcome: object) -> Exception | None:
        if outcome == 0:
            return Overloaded(append.stream)
        if isinstance(outcome, Exception):
            return PublishFailed(f"Redis refused to append to {append.stream}: {outcome}.")
        return None

    async def read(self, after: Mapping[StreamName, Position], count: int, block_s: float) -> list[Entry]:
        """See `StreamStore.read`."""
        if not after:
            await anyio.sleep(block_s)
            return []
        streams = list(after)
        arguments: list[str | int] = ["XREAD", "COUNT", count]
        if block_s > 0:
            arguments += ["BLOCK", max(1, int(block_s * 1_000))]
        arguments += ["STREAMS", *map(self._key, streams), *map(str, after.values())]
        async with self._reader() as connection:
            await connection.send_packed_command(connection.pack_command(*arguments))
            response = await connection.read_response(disable_decoding=True)
        return self._entries(response)

    def _entries(self, response: Any) -> list[Entry]:  # noqa: ANN401 - the wire's own shape
        entries: list[Entry] = []
        skip = len(self._prefix)
        for key, raw in response or ():
            stream = StreamName(key.decode()[skip:])
            for entry_id, fields in raw:
                ms, _, seq = entry_id.partition(b"-")
                entries.append(Entry(stream, Position(int(ms), int(seq)), fields[1]))
        return entries

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AbstractConnection]:
        """A connection of its own; one whose reply did not arrive is closed, never given to the next reader."""
        try:
            connection = await self._readers.get_connection()  # type: ignore[no-untyped-call]
        except _BROKEN as error:
            raise BusUnavailable(f"Redis cannot be reached: {error}.") from error
        complete = False
        try:
            yield connection
            complete = True
        except ResponseError as error:
            complete = True
            raise BusUnavailable(f"Redis refused to read: {error}.") from error
        except _BROKEN as error:
            raise BusUnavailable(f"Redis went away: {error}.") from error
        finally:
            with anyio.CancelScope(shield=True):
                if not complete:
                    await connection.disconnect(nowait=True)
                await self._readers.release(connection)

    async def last(self, streams: Sequence[StreamName]) -> dict[StreamName, Position]:
        """See `StreamStore.last`."""
        found: dict[StreamName, Position] = {}
        for stream, reply in zip(streams, await self._ask_each("XINFO STREAM", streams), strict=True):
            found[stream] = START if isinstance(reply, ResponseError) else _last_generated(reply)
        return found

    async def lengths(self, streams: Sequence[StreamName]) -> dict[StreamName, int]:
        """See `StreamStore.lengths`."""
        return dict(zip(streams, map(int, await self._ask_each("XLEN", streams)), strict=True))

    async def trim(self, below: Mapping[StreamName, Position]) -> int:
        """See `StreamStore.trim`."""
        pipeline = self._redis.pipeline(transaction=False)
        for stream, position in below.items():
            pipeline.execute_command("XTRIM", self._key(stream), "MINID", str(position))
        return sum(await _available(pipeline.execute()))

    async def history(self) -> str:
        """See `StreamStore.history`: the run id of the server, which a restart and a fail-over change."""
        info = await _available(self._redis.info("server"))
        return str(cast("dict[str, object]", info)["run_id"])

    async def _ask_each(self, command: str, streams: Sequence[StreamName]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for stream in streams:
            pipeline.execute_command(*command.split(), self._key(stream))
        return list(await _available(pipeline.execute(raise_on_error=False)))


def _last_generated(reply: object) -> Position:
    fields = reply if isinstance(reply, dict) else dict(zip(*[iter(cast("list[Any]", reply))] * 2, strict=True))
    value = fields.get("last-generated-id") or fields[b"last-generated-id"]
    return Position.parse(value.decode() if isinstance(value, bytes) else str(value))


async def _available(reply: Awaitable[Any]) -> Any:  # noqa: ANN401 - redis-py's own shapes
    try:
        return await reply
    except _BROKEN as error:
        raise BusUnavailable(f"Redis cannot be reached: {error}.") from error
