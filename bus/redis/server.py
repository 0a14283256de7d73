"""One Redis server: commands in one round trip, and reads that wait on connections of their own."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast
from weakref import WeakKeyDictionary

import anyio
import hiredis
from msgspec import Struct
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from bus.redis.link import OtherHistory, Unanswered, Unreached, Word

_BROKEN: Final = (RedisError, OSError)
_STATE: Final = ("INFO", "server", "replication", "commandstats")
# redis-py's asynchronous connections pack in Python, which takes five times as long.
_PACK: Final = cast("Callable[[tuple[Word, ...]], bytes]", hiredis.pack_command)
_EMPTYING: Final = ("flushall", "flushdb")


class ServerState(Struct, frozen=True):
    """What a server says about itself.

    Attributes:
        history: names the succession of its data: its run id, which a restart changes; its replication id, which its
            promotion to a master changes; and how often it was emptied.
    """

    is_master: bool
    history: str


class Server:
    """One Redis server, through two pools of connections, so that nothing waits behind a blocked read."""

    def __init__(self, commands: BlockingConnectionPool, readers: BlockingConnectionPool) -> None:
        self._commands = commands
        self._readers = readers
        self._histories: WeakKeyDictionary[AbstractConnection, str] = WeakKeyDictionary()

    async def exchange(self, commands: Sequence[tuple[Word, ...]], history: str = "") -> list[object]:
        """Send commands in one round trip; see `bus.redis.link.Link.ask` for what it returns, and `Command.history`."""
        replies: list[object] = []
        if not commands:
            return replies
        try:
            async with self._connection(self._commands) as connection:
                try:
                    is_in = not history or await self._is_in(connection, history)
                except ResponseError as error:
                    return [error for _ in commands]
                if not is_in:
                    return [OtherHistory("it may have lost its newest entries") for _ in commands]
                await connection.send_packed_command(_packed(commands))
                demoted = False
                for _ in commands:
                    try:
                        replies.append(await connection.read_response(disable_decoding=True))
                    except ResponseError as error:
                        demoted = demoted or isinstance(error, ReadOnlyError)
                        replies.append(error)
                if demoted:
                    # It was a master when we connected. A new connection looks for the master that there is now.
                    await connection.disconnect(nowait=True)
        except (Unreached, Unanswered) as error:
            replies += [error] * (len(commands) - len(replies))
        return replies

    async def wait(self, command: tuple[Word, ...], *, asking: bool = False) -> object:
        """Send a command that may block, on a connection that nobody else waits for.

        Args:
            asking: the key is on its way to this node of a cluster, which serves it to who asks so.

        Raises:
            Unreached, Unanswered: the server is away.
            ResponseError: it refused.
        """
        async with self._connection(self._readers) as connection:
            commands: list[tuple[Word, ...]] = [("ASKING",), command] if asking else [command]
            await connection.send_packed_command(_packed(commands))
            for _ in commands[1:]:
                await connection.read_response(disable_decoding=True)
            reply: object = await connection.read_response(disable_decoding=True)
        return reply

    async def state(self) -> ServerState:
        """Ask the server about itself.

        Raises:
            Unreached, Unanswered: it is away.
            ResponseError: it refused.
        """
        reply = (await self.exchange([_STATE]))[0]
        if isinstance(reply, Exception):
            raise reply
        return _state(cast("bytes", reply))

    async def _is_in(self, connection: AbstractConnection, history: str) -> bool:
        """Whether the server at the other end is in a history.

        A connection is asked once, and again where it says no. A pool connects anew, unnoticed, where a server went away while
        nobody used it: that is how a publisher may come past a restart without an error.
        """
        accepted = history.split(",")
        if self._histories.get(connection) in accepted:
            return True
        connection.register_connect_callback(self._reconnected)  # type: ignore[no-untyped-call]
        await connection.send_packed_command(_packed([_STATE]))
        state = _state(await connection.read_response(disable_decoding=True))
        self._histories[connection] = state.history
        return state.history in accepted

    def _reconnected(self, connection: AbstractConnection) -> None:
        self._histories.pop(connection, None)

    async def close(self) -> None:
        """Close all connections. Cancellation waits for it."""
        with anyio.CancelScope(shield=True):
            await self._commands.disconnect()
            await self._readers.disconnect()

    @asynccontextmanager
    async def _connection(self, pool: BlockingConnectionPool) -> AsyncIterator[AbstractConnection]:
        """A connection; one whose replies did not all arrive is closed, never given to the next who needs one."""
        try:
            connection = await pool.get_connection()  # type: ignore[no-untyped-call]
        except _BROKEN as error:
            raise Unreached(str(error)) from error
        complete = False
        try:
            yield connection
            complete = True
        except ResponseError:
            complete = True
            raise
        except _BROKEN as error:
            raise Unanswered(str(error)) from error
        finally:
            with anyio.CancelScope(shield=True):
                if not complete:
                    await connection.disconnect(nowait=True)
                await pool.release(connection)


def _state(info: bytes) -> ServerState:
    fields = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
    emptied = ":".join(fields.get(f"cmdstat_{command}", "0").split(",")[0] for command in _EMPTYING)
    return ServerState(fields["role"] == "master", f"{fields['run_id']}:{fields['master_replid']}:{emptied}")


def _packed(commands: Sequence[tuple[Word, ...]]) -> list[bytes]:
    """Commands as they travel (RESP, Redis serialization protocol)."""
    return [_PACK(words) for words in commands]
