"""Starting, watching and ending a server that is a child process of ours."""

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import anyio

from nexus_actors.embedded import launch
from nexus_actors.embedded.account import Account
from nexus_actors.embedded.errors import EmbeddedServerError
from nexus_actors.embedded.folder import DataFolder, end_leftovers
from nexus_actors.embedded.polling import until
from nexus_actors.embedded.ports import LOOPBACK, free_port, is_free

_PORT_ATTEMPTS = 5


class EmbeddedServer(ABC):
    """A server on the loopback interface, with its data in a folder of its own.

    It listens while the `async with` block runs, or from `start()` to `stop()`; these two may be called from different
    event loops, but `start()` from a thread that outlives the server, for Linux ends it together with that thread. Where
    this process is killed, the server ends by itself. What it acknowledged is on disk.
    """

    title: ClassVar[str]
    program: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    # What is sent to end it, step by step, each with its patience in seconds; the last resort is to kill it.
    stop_steps: ClassVar[Sequence[tuple[signal.Signals, float]]]

    def __init__(self, data_dir: Path, port: int | None = None, *, start_timeout_s: float = 60) -> None:
        """Describe the server.

        Args:
            data_dir: where data, password (mode 600) and log are; made at the first start.
            port: where to listen; None takes any free one.
            start_timeout_s: how long it may take until it answers; after a crash it has to recover first.
        """
        self.folder = DataFolder(data_dir)
        self.asked_port = port
        self.port = 0
        self.password = ""
        self._start_timeout_s = start_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._log_offset = 0

    @property
    @abstractmethod
    def url(self) -> str:
        """Where and how to connect, with the password in it."""

    @property
    @abstractmethod
    def work_folder(self) -> Path:
        """The folder that the server works in."""

    @abstractmethod
    async def prepare(self) -> None:
        """Make what has to be there before the first start."""

    @abstractmethod
    def spawn(self, log: int) -> subprocess.Popen[bytes]:
        """Start the program on `self.port`, writing to the open file `log`."""

    @abstractmethod
    async def answers(self, pid: int) -> bool:
        """Whether the server with this process id takes connections."""

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def start(self) -> None:
        """Start and wait until it answers.

        Raises:
            EmbeddedServerError: the folder is in use, the port is taken, the program is absent or it does not start.
        """
        if self._process is not None:
            raise EmbeddedServerError(f"This {self.title} was started already.")
        self.folder.claim()
        try:
            self.password = self.folder.password()
            await end_leftovers(self.work_folder, self.program, self.stop_signal)
            await self.prepare()
            await self._launch()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the server cleanly and give the folder back. Harmless when it does not run. Cancellation waits for it."""
        with anyio.CancelScope(shield=True):
            if self._process is not None:
                await self._end(self._process)
                self._process = None
            self.folder.release()

    async def wait(self) -> int:
        """Wait until the server ends; its exit code, negative where a signal ended it."""
        if self._process is None:
            raise EmbeddedServerError(f"This {self.title} was not started.")
        process = self._process
        await until(lambda: process.poll() is not None, every_s=0.25)
        return process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _launch(self) -> None:
        for _ in range(_PORT_ATTEMPTS):
            self.port = self.asked_port or free_port()
            if is_free(self.port):
                log, self._log_offset = self.folder.open_log()
                try:
                    # In this very thread: the kernel watches over the thread that starts a child, not over its process.
                    self._process = self.spawn(log)
                finally:
                    os.close(log)
                if await self._comes_up(self._process):
                    return
            if self.asked_port:
                raise EmbeddedServerError(
                    f"{self.title} cannot listen on port {self.port} of {LOOPBACK}: it is taken. "
                    "End the program that listens there, or choose another port."
                )
        raise EmbeddedServerError(f"{self.title} found no free port on {LOOPBACK} in {_PORT_ATTEMPTS} attempts.")

    async def _comes_up(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until it answers; False where another program took its port."""
        with anyio.move_on_after(self._start_timeout_s):
            while process.poll() is None:
                if await self.answers(process.pid):
                    return True
                await anyio.sleep(0.01)
            if not is_free(self.port):
                return False
            raise EmbeddedServerError(f"{self.title} ended at its start (exit code {process.returncode}). {self._said()}")
        raise EmbeddedServerError(f"{self.title} did not answer within {self._start_timeout_s:g} s. {self._said()}")

    def _said(self) -> str:
        return f"Its log {self.folder.path / 'server.log'} ends with:\n{self.folder.log_since(self._log_offset)}"

    async def _end(self, process: subprocess.Popen[bytes]) -> None:
        for step, patience_s in self.stop_steps:
            if process.poll() is None:
                process.send_signal(step)
            with anyio.move_on_after(patience_s):
                await until(lambda: process.poll() is not None)
                return
        process.kill()
        await until(lambda: process.poll() is not None)


def spawn(
    command: Sequence[str | Path],
    *,
    folder: Path,
    death_signal: signal.Signals,
    output: int,
    account: Account | None = None,
    given: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process.

    Args:
        command: the program's absolute path and its arguments.
        folder: its working folder.
        death_signal: what the program gets when this process dies.
        output: the open file that takes what it prints.
        account: the account to run it under, where that is another.
        given: the open file that it reads; none by default.
    """
    identity = "-" if account is None else account.identity
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(death_signal)), identity]
    return subprocess.Popen(
        [*launcher, *(str(part) for part in command)],
        cwd=folder,
        env=_environment(os.environ),
        stdin=subprocess.DEVNULL if given is None else given,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C in a terminal is for us; the server ends after those who still need it
    )


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What a server needs of our environment: nothing that could configure it behind our back (PGPORT and the like)."""
    kept = {name: ours[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in ours}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
