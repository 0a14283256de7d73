"""Valkey, which speaks Redis, embedded."""

import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import anyio

from nexus_actors.embedded.binaries import valkey_server
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.embedded.server import EmbeddedServer, spawn

SETTINGS = """\
bind {loopback}
port {port}
requirepass {password}
dir .
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
"""


class EmbeddedRedis(EmbeddedServer):
    """A Valkey server of our own. It keeps every command in its append-only file, written to disk each second."""

    title = "Valkey"
    program = "valkey-server"
    stop_signal = signal.SIGTERM  # SHUTDOWN: with an append-only file it writes and syncs that one
    stop_steps: ClassVar[Sequence[tuple[signal.Signals, float]]] = [(signal.SIGTERM, 30)]

    @property
    def url(self) -> str:
        """``redis://`` address of its first database, with the password in it."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @property
    def work_folder(self) -> Path:
        """Where the append-only file is."""
        return self.folder.path / "store"

    async def prepare(self) -> None:
        """Make the folder of the append-only file."""
        self.work_folder.mkdir(mode=0o700, exist_ok=True)

    def spawn(self, log: int) -> subprocess.Popen[bytes]:
        """Start Valkey."""
        # Through standard input: no second file holds the password, and `ps` does not show it.
        with tempfile.TemporaryFile() as settings:
            settings.write(SETTINGS.format(loopback=LOOPBACK, port=self.port, password=self.password).encode())
            settings.seek(0)
            return spawn(
                [valkey_server(), "-"],
                folder=self.work_folder,
                death_signal=self.stop_signal,
                output=log,
                given=settings.fileno(),
            )

    async def answers(self, pid: int) -> bool:
        """Whether it answers a PING; while it reads its file it does not."""
        try:
            with anyio.fail_after(1):
                async with await anyio.connect_tcp(LOOPBACK, self.port) as connection:
                    await connection.send(f"AUTH {self.password}\r\nPING\r\n".encode())
                    said = b""
                    while said.count(b"\n") < 2:  # noqa: PLR2004 - one line for each command
                        said += await connection.receive()
        except (OSError, TimeoutError, anyio.EndOfStream, anyio.BrokenResourceError):
            return False
        return said == b"+OK\r\n+PONG\r\n"
