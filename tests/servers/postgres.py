"""PostgreSQL as Debian has it: alone, or as a standby that follows another."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import anyio
import asyncpg
import psutil
from typing_extensions import override

from nexus_actors.embedded.account import server_account
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.embedded.postgres import DATABASE, USER, EmbeddedPostgres
from tests.ports import claim_port

_WITHIN_S: Final = 20
_LOOK_S: Final = 0.05
_INITDB: Final = ("--encoding=UTF8", "--locale=C", "--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--no-sync")


class DebianPostgres(EmbeddedPostgres):
    """A server of ours that runs Debian's programs.

    Args:
        installation: the folder above its `bin`.
        follows: the primary whose standby this one is to be.
    """

    def __init__(
        self,
        installation: Path,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        follows: "DebianPostgres | None" = None,
    ) -> None:
        super().__init__(data_dir, claim_port(), settings=settings)
        self._programs = installation
        self._follows = follows

    def turn_on(self, name: str) -> None:
        """Set a setting to `on` at the next start."""
        self._settings[name] = "on"

    @property
    @override
    def url(self) -> str:
        password = self._follows.password if self._follows else self.password
        return f"postgresql://{USER}:{password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @override
    async def prepare(self) -> None:
        # The account passes through here: Debian's programs lose their working folder where they may not enter it by its path.
        self.folder.path.chmod(0o711)
        self._account = server_account(self.work_folder)
        self._installation = self._programs
        if not (self.work_folder / "PG_VERSION").exists():
            await self._create_cluster()
        self._drop_stale_lock()

    @override
    def _reachable(self, folder: Path) -> str:
        return str(folder)

    @override
    async def _create_cluster(self) -> None:
        unfinished = self.folder.path / "cluster.unfinished"
        unfinished.mkdir(mode=0o700)
        if self._account is not None:
            os.chown(unfinished, *self._account)
        where = self._reachable(unfinished)
        if self._follows is not None:
            source = ["--dbname", self._follows.url, "--checkpoint=fast", "--wal-method=stream", "--no-sync"]
            await self._run(["pg_basebackup", "-D", where, "--write-recovery-conf", *source], "")
        else:
            await self._run(["initdb", "-D", where, "-U", USER, "--pwfile=/dev/stdin", *_INITDB], self.password)
            await self._run(["postgres", "--single", "-D", where, "postgres"], f"CREATE DATABASE {DATABASE}")
        unfinished.rename(self.work_folder)

    async def ask(self, statement: str) -> Any:
        """The first value that a statement gives."""
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    async def until(self, query: str) -> None:
        """Wait until a query gives something true."""
        with anyio.fail_after(_WITHIN_S):
            while not await self.ask(query):  # noqa: ASYNC110 - the server tells nobody
                await anyio.sleep(_LOOK_S)

    async def streams(self) -> None:
        """Wait until the standby follows."""
        await self.until("SELECT count(*) > 0 FROM pg_stat_replication WHERE state = 'streaming'")

    async def commit_at_standby(self) -> None:
        """From now on, what is confirmed is on the standby's disk."""
        await self.streams()
        await self.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await self.ask("SELECT pg_reload_conf()")
        await self.until("SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'")

    async def kill(self) -> None:
        """As when the machine loses its power: no process of it does anything more."""
        assert self.pid is not None
        server = psutil.Process(self.pid)
        for process in [server, *server.children(recursive=True)]:
            process.send_signal(signal.SIGSTOP)
        for process in [*server.children(recursive=True), server]:
            process.kill()
        await self.stop()

    async def promote(self) -> None:
        """Make the standby a primary."""
        await self.ask("SELECT pg_promote(wait => true, wait_seconds => 30)")
