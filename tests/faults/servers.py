"""The servers under fault, set up as in production: what is confirmed is on the disk, or will be within a second."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import anyio
import asyncpg
import redis.asyncio as redis

from nexus_actors.embedded import EmbeddedPostgres, EmbeddedRedis
from tests.faults.small_disk import SmallDisk
from tests.ports import claim_port

_LOST_S: Final = 1.0


class Servers:
    """PostgreSQL and Valkey, each on a port that stays the same through restarts.

    Attributes:
        tables: the disk of PostgreSQL's tables, once they have `small_disks`.
        log: that of its write-ahead log.
        stream_log: that of Valkey's append-only file.
    """

    def __init__(self, folder: Path) -> None:
        self.postgres = EmbeddedPostgres(folder / "postgres", claim_port())
        self.redis = EmbeddedRedis(folder / "redis", claim_port())
        self._disks: list[SmallDisk] = []
        self.tables: SmallDisk | None = None
        self.log: SmallDisk | None = None
        self.stream_log: SmallDisk | None = None

    async def start(self) -> None:
        """Start both."""
        await self.postgres.start()
        await self.redis.start()

    async def small_disks(self) -> None:
        """Put what they write on disks that can be filled; both are restarted for that.

        Raises:
            NoSmallDisk: this machine does not let us.
        """
        if self.tables is not None:
            return
        await self.postgres.stop()
        await self.redis.stop()
        try:
            self.tables = self._disk(self.postgres.work_folder / "base")
            self.log = self._disk(self.postgres.work_folder / "pg_wal")
            self.stream_log = self._disk(self.redis.work_folder / "appendonlydir")
        finally:
            await self.start()

    def _disk(self, folder: Path) -> SmallDisk:
        disk = SmallDisk(folder)
        disk.mount()
        self._disks.append(disk)
        return disk

    @asynccontextmanager
    async def read_only(self) -> AsyncIterator[None]:
        """While the block runs, PostgreSQL takes no changes, as an operator may decide and a standby does."""
        setting = "ALTER SYSTEM {} default_transaction_read_only{}; SELECT pg_reload_conf()"
        try:
            await self._one_by_one(setting.format("SET", " = on"))
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await self._one_by_one(setting.format("RESET", ""))

    async def switch_log(self) -> None:
        """Have PostgreSQL begin a new file of its write-ahead log."""
        await self._on_postgres("SELECT pg_logical_emit_message(true, 'nexus', repeat('x', 1000000))")

    async def _one_by_one(self, statements: str) -> None:
        for statement in statements.split(";"):
            await self._on_postgres(statement)

    def heard(self) -> Callable[[str], bool]:
        """Whether PostgreSQL's log has said something since now."""
        log = self.postgres.folder.path / "server.log"
        start = log.stat().st_size

        def said(text: str) -> bool:
            with log.open("rb") as opened:
                opened.seek(start)
                return text.encode() in opened.read()

        return said

    async def revive(self) -> None:
        """Start again what has died."""
        for server in (self.postgres, self.redis):
            if server.pid is None:
                await server.stop()
                await server.start()

    async def stop(self) -> None:
        """Stop both."""
        await self.postgres.stop()
        await self.redis.stop()
        while self._disks:
            self._disks.pop().unmount()
        self.tables = self.log = self.stream_log = None

    @asynccontextmanager
    async def database(self, name: str) -> AsyncIterator[str]:
        """An empty database, gone at the end; its address."""
        await self._on_postgres(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(self.postgres.url)._replace(path=f"/{name}"))
        await self._on_postgres(f"DROP DATABASE {name} WITH (FORCE)")

    async def _on_postgres(self, statement: str) -> None:
        connection = await asyncpg.connect(self.postgres.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def ask_redis(self, *command: str) -> Any:
        """Give a command to Valkey, past every proxy."""
        async with redis.Redis.from_url(self.redis.url) as client:
            return await client.execute_command(*command)  # type: ignore[no-untyped-call]

    async def clear_redis(self) -> None:
        """Remove all keys, and limits that a fault has set."""
        await self.ask_redis("CONFIG", "SET", "maxmemory", "0")
        await self.ask_redis("FLUSHALL")

    async def kill_redis(self, *, lose_tail: bool) -> None:
        """Kill -9, and lose what was not on the disk: the last second of what it confirmed.

        A killed process loses nothing that it has handed to the kernel, so the file is cut to what it was a second ago.
        """
        before = self._tail()
        if lose_tail:
            await anyio.sleep(_LOST_S)
        assert self.redis.pid is not None
        os.kill(self.redis.pid, signal.SIGKILL)
        await self.redis.stop()
        after = self._tail()
        if lose_tail and before[0] == after[0]:
            os.truncate(after[0], before[1])

    def _tail(self) -> tuple[Path, int]:
        """The newest part of the append-only file, and its length in bytes."""
        parts = (self.redis.work_folder / "appendonlydir").glob("*.incr.aof")
        newest = max(parts, key=lambda part: int(part.name.split(".")[-3]))
        return newest, newest.stat().st_size

    async def kill_postgres(self) -> None:
        """Kill -9 of the server's first process."""
        assert self.postgres.pid is not None
        os.kill(self.postgres.pid, signal.SIGKILL)
        await self.postgres.stop()


@asynccontextmanager
async def open_servers(folder: Path) -> AsyncIterator[Servers]:
    """Servers in a folder, which is removed at the end."""
    servers = Servers(folder)
    try:
        await servers.start()
        yield servers
    finally:
        await servers.stop()
        shutil.rmtree(folder, ignore_errors=True)
