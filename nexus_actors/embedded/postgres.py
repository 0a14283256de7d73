"""PostgreSQL, embedded."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import anyio.to_thread
import psutil

from nexus_actors.embedded.account import Account, server_account
from nexus_actors.embedded.binaries import postgres_installation
from nexus_actors.embedded.errors import EmbeddedServerError
from nexus_actors.embedded.folder import end_leftovers
from nexus_actors.embedded.polling import until
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.embedded.server import EmbeddedServer, spawn

USER = "nexus"
DATABASE = "nexus"

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Sorting by code point, the same on every machine and fast (PostgreSQL 17 and later bring this provider themselves).
_LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_UNFINISHED = "cluster.unfinished"
_SCRAM = ("--auth-host=scram-sha-256", "--auth-local=scram-sha-256")


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL server of our own, with the database `nexus` in it.

    As root it runs under an unprivileged account, in the same folder.
    """

    title = "PostgreSQL"
    program = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends the connections, writes a checkpoint
    stop_steps: ClassVar[Sequence[tuple[signal.Signals, float]]] = [(signal.SIGINT, 30), (signal.SIGQUIT, 5)]

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        start_timeout_s: float = 60,
    ) -> None:
        """Describe the server.

        Args:
            data_dir: where data, password (mode 600) and log are; made at the first start.
            port: where to listen; None takes any free one.
            settings: PostgreSQL's settings that differ from ours.
            start_timeout_s: how long it may take until it answers; after a crash it has to recover first.
        """
        super().__init__(data_dir, port, start_timeout_s=start_timeout_s)
        self._settings = {**_SETTINGS, **(settings or {})}
        self._account: Account | None = None
        self._installation = Path()

    @property
    def url(self) -> str:
        """``postgresql://`` address of the database `nexus`, with the password in it."""
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def work_folder(self) -> Path:
        """Where PostgreSQL's cluster is."""
        return self.folder.path / "cluster"

    async def prepare(self) -> None:
        """Find the programs and, at the first start, make the cluster."""
        self._account = server_account(self.work_folder)
        self._installation = await anyio.to_thread.run_sync(postgres_installation, self._account)
        if not (self.work_folder / "PG_VERSION").exists():
            await self._create_cluster()
        self._drop_stale_lock()

    def spawn(self, log: int) -> subprocess.Popen[bytes]:
        """Start PostgreSQL."""
        settings = {**self._settings, "port": str(self.port)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        command: list[str | Path] = [self._installation / "bin" / "postgres", "-D", self._reachable(self.work_folder), *options]
        return spawn(command, folder=self.work_folder, death_signal=self.stop_signal, output=log, account=self._account)

    async def answers(self, pid: int) -> bool:
        """Whether it takes connections; while it recovers it does not."""
        # The server itself says so in this file (as pg_ctl reads it): process id first, state in the eighth line.
        lines = self._lock_file()
        return lines[:1] == [str(pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def _lock_file(self) -> list[str]:
        try:
            return (self.work_folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _drop_stale_lock(self) -> None:
        """Remove the lock of a killed server whose process id another program has by now (usual in containers).

        PostgreSQL would take that program for a server of its own. A lock whose process is gone it judges itself, and
        better: it looks for shared memory in use. No server works in the folder any more when this is called.
        """
        lines = self._lock_file()
        if lines and lines[0].isdigit() and psutil.pid_exists(int(lines[0])):
            (self.work_folder / "postmaster.pid").unlink()

    def _reachable(self, folder: Path) -> str:
        """A path of the server's working folder that its account can follow.

        Another account may not be allowed to enter the folders above (/root, a temporary folder). The kernel's link to the
        working folder leads there without passing through them.
        """
        return str(folder) if self._account is None else "/proc/self/cwd"

    async def _create_cluster(self) -> None:
        """Make a cluster with its database, whole or not at all."""
        unfinished = self.folder.path / _UNFINISHED
        if unfinished.exists():
            await end_leftovers(unfinished, self.program, signal.SIGKILL)
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        if self._account is not None:
            _give(unfinished, self._account)
        where = self._reachable(unfinished)
        # The password comes through standard input: another account could not open a file of ours, and `ps` shows arguments.
        await self._run(["initdb", "-D", where, "-U", USER, "--pwfile=/dev/stdin", *_LOCALE, *_SCRAM], self.password)
        single = ["postgres", "--single", "--exit_on_error=on", "-D", where, "postgres"]
        await self._run(single, f"CREATE DATABASE {DATABASE}")
        unfinished.rename(self.work_folder)

    async def _run(self, command: Sequence[str], given: str) -> None:
        with tempfile.TemporaryFile() as text, tempfile.TemporaryFile() as output:
            text.write(given.encode())
            text.seek(0)
            if self._account is not None:
                os.fchown(text.fileno(), *self._account)  # opened again by name, as /dev/stdin
            process = spawn(
                [self._installation / "bin" / command[0], *command[1:]],
                folder=self.folder.path / _UNFINISHED,
                death_signal=signal.SIGKILL,
                output=output.fileno(),
                account=self._account,
                given=text.fileno(),
            )
            try:
                await until(lambda: process.poll() is not None)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with what initdb started itself
                code = process.wait()
            if code != 0:
                output.seek(0)
                said = output.read().decode(errors="replace").strip()
                raise EmbeddedServerError(f"PostgreSQL's {command[0]} failed (exit code {code}). It said:\n{said}")


def _give(folder: Path, account: Account) -> None:
    try:
        os.chown(folder, *account)
    except OSError as error:
        raise EmbeddedServerError(
            f"Cannot hand {folder} over to the account with uid {account.uid}, under which PostgreSQL would run: "
            f"{error.strerror}. Start as an ordinary user, or name a server in NEXUS_DATABASE_URL."
        ) from error
