"""A worker as a process that can be killed, frozen and sent astray."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec

from nexus_actors.embedded import launch
from tests.faults.tuning import FILE, Tuning
from tests.faults.worker import READY

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_LOOK_S: Final = 0.02


class Worker:
    """One worker process.

    Args:
        launcher: a command that becomes the one that follows it.
        program: the module that it runs.

    Attributes:
        name: of its files in the folder.
        log: what it wrote, one JSON object a line.
        tuning: its clock, and how slow its archive is.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        environ: Mapping[str, str],
        launcher: Sequence[str] = (),
        program: str = "tests.faults.worker",
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        tuning = folder / f"{name}.tuning"
        self.tuning = Tuning(tuning)
        ended_with_us = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(signal.SIGKILL)), "-"]
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [*launcher, *ended_with_us, sys.executable, "-m", program],
                env={**environ, FILE: str(tuning), "PYTHONPATH": str(_CHECKOUT), "PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @property
    def code(self) -> int | None:
        """How it ended: its exit code, negative where a signal ended it."""
        return self._process.poll()

    def lines(self, event: str) -> Iterator[Mapping[str, Any]]:
        """The lines of its log that tell of an event."""
        for line in self.log.read_bytes().splitlines():
            if line.startswith(b"{"):
                read: dict[str, Any] = msgspec.json.decode(line)
                if read.get("event") == event:
                    yield read

    def tail(self, lines: int = 15) -> str:
        """The end of its log, for messages."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    async def ready(self, within_s: float = 30) -> str:
        """Wait until it owns its partitions; its worker id."""
        with anyio.move_on_after(within_s):
            while self.alive:
                for line in self.lines(READY):
                    return str(line["worker_id"])
                await anyio.sleep(_LOOK_S)
        raise AssertionError(f"The worker {self.name} did not start (exit code {self.code}):\n{self.tail()}")

    def send(self, sent: signal.Signals) -> None:
        """Send a signal to it."""
        if self.alive:
            self._process.send_signal(sent)

    async def kill(self) -> None:
        """End it at once, as kill -9 does."""
        self.send(signal.SIGKILL)
        await self.gone()

    async def stop(self, within_s: float = 15) -> None:
        """Let it drain and end."""
        self.send(signal.SIGTERM)
        with anyio.move_on_after(within_s):
            await self.gone()
            return
        await self.kill()
        raise AssertionError(f"The worker {self.name} did not end within {within_s:g} s of SIGTERM:\n{self.tail()}")

    async def gone(self) -> None:
        """Wait until it has ended."""
        while self.alive:  # noqa: ASYNC110 - the kernel tells no event
            await anyio.sleep(_LOOK_S)
