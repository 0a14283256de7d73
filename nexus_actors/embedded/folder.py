"""The folder in which an embedded server keeps its data, its password and its log."""

import contextlib
import fcntl
import os
import secrets
import signal
from pathlib import Path

import anyio
import psutil

from nexus_actors.embedded.errors import EmbeddedServerError
from nexus_actors.embedded.polling import until

_LOG_LIMIT_BYTES = 10 * 1024 * 1024


class DataFolder:
    """A folder that one process at a time owns, through a lock which ends with that process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None

    def claim(self) -> None:
        """Take the folder, making it where it is absent.

        Raises:
            EmbeddedServerError: another living process has it, or it cannot be written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedServerError(f"Cannot use {self.path} as a data folder: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise EmbeddedServerError(
                f"{self.path} is in use by process {owner}. Stop that one first, or choose another data folder."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def release(self) -> None:
        """Give the folder back. Harmless when it is not held."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def password(self) -> str:
        """The server's password: read from its file, which only the owner may read, or made at the first call."""
        file = self.path / "password"
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(secrets.token_urlsafe(24))
        password = file.read_text().strip()
        if not password:
            raise EmbeddedServerError(f"{file} is empty. Put the server's password back, or remove {self.path}.")
        return password

    def open_log(self) -> tuple[int, int]:
        """Open the log for appending; its descriptor and its present length in bytes. A large one is put aside."""
        file = self.path / "server.log"
        if file.exists() and file.stat().st_size > _LOG_LIMIT_BYTES:
            file.replace(file.with_suffix(".log.1"))
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return descriptor, os.fstat(descriptor).st_size

    def log_since(self, offset: int, lines: int = 12) -> str:
        """The last lines that the log gained since it was `offset` bytes long."""
        with (self.path / "server.log").open("rb") as stream:
            stream.seek(offset)
            text = stream.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def processes_in(folder: Path, program: str) -> list[psutil.Process]:
    """The living processes of this program that work in this folder."""
    found = []
    for process in psutil.process_iter(["name", "cwd", "status"]):
        info = process.info
        if info["name"] == program and info["cwd"] == str(folder) and info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


async def end_leftovers(folder: Path, program: str, stop_signal: signal.Signals, patience_s: float = 15) -> None:
    """Wait until what a killed predecessor left running in this folder is gone; two servers on one folder destroy it.

    They are asked to stop once, and killed when their time is up. Call this only while holding the folder's lock,
    which shows that whoever started them is gone.
    """
    leftovers = processes_in(folder, program)
    ids = {process.pid for process in leftovers}
    for process in leftovers:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.ppid() not in ids:
                process.send_signal(stop_signal)
    with anyio.move_on_after(patience_s):
        await until(lambda: not processes_in(folder, program))
        return
    for process in processes_in(folder, program):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    with anyio.fail_after(patience_s):
        await until(lambda: not processes_in(folder, program))
