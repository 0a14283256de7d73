"""PgBouncer as Debian has it."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

import anyio
import asyncpg
from typing_extensions import override

from nexus_actors.embedded.account import Account, server_account
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.embedded.server import EmbeddedServer, spawn
from tests.ports import claim_port

_SETTINGS = """\
[databases]
* = host={loopback} port={target}
[pgbouncer]
listen_addr = {loopback}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = users.txt
pool_mode = {mode}
default_pool_size = 60
{more}
"""


class PgBouncer(EmbeddedServer):
    """A pooler in front of a PostgreSQL server.

    Args:
        mode: `session`, `transaction` or `statement`.
        more: further lines of its settings.
    """

    title = "PgBouncer"
    program = "pgbouncer"
    stop_signal = signal.SIGTERM
    stop_steps: ClassVar[Sequence[tuple[signal.Signals, float]]] = [(signal.SIGTERM, 5)]

    def __init__(self, program: Path, folder: Path, postgres_url: str, mode: str, more: str = "") -> None:
        super().__init__(folder, claim_port())
        self._program = program
        self._target = urlsplit(postgres_url)
        self._mode = mode
        self._more = more
        self._account: Account | None = None

    @property
    @override
    def url(self) -> str:
        user, password = self._target.username, self._target.password
        return urlunsplit(self._target._replace(netloc=f"{user}:{password}@{LOOPBACK}:{self.port}"))

    @property
    @override
    def work_folder(self) -> Path:
        return self.folder.path / "pooler"

    @override
    async def prepare(self) -> None:
        self.work_folder.mkdir(exist_ok=True)
        self._account = server_account(self.work_folder)
        (self.work_folder / "users.txt").write_text(f'"{self._target.username}" "{self._target.password}"\n')

    @override
    def spawn(self, log: int) -> subprocess.Popen[bytes]:
        target = self._target.port
        settings = _SETTINGS.format(loopback=LOOPBACK, target=target, port=self.port, mode=self._mode, more=self._more)
        (self.work_folder / "pgbouncer.ini").write_text(settings)
        # It does not run as root, and cannot pass through our folders as another; its working folder it may look into.
        command: list[str | Path] = [self._program, "/proc/self/cwd/pgbouncer.ini"]
        return spawn(command, folder=self.work_folder, death_signal=signal.SIGKILL, output=log, account=self._account)

    @override
    async def answers(self, pid: int) -> bool:
        try:
            connection = await asyncpg.connect(self.url, timeout=2, statement_cache_size=0)
        except (OSError, asyncpg.PostgresError):
            return False
        with anyio.CancelScope(shield=True):
            await connection.close()
        return True
