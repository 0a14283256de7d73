"""A worker as a child process."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
import psutil

from nexus_actors.embedded import launch
from nexus_actors.local.lifeline import Lifeline, Sign
from nexus_actors.local.log_file import open_log

STALLED_S = 30.0
_LOOK_AGAIN_S = 0.02
_KILLED_WITHIN_S = 10.0


class WorkerProcess:
    """A worker that ends with this process (on Linux even where this one is killed).

    Spawn it from a thread that outlives it: Linux ends a child together with the thread that started it.

    Attributes:
        pid: its process id.
        born_at: when it began by the kernel's count, in seconds since 1970.
    """

    def __init__(self, services: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self._lifeline = Lifeline()
        launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(signal.SIGTERM)), "-"]
        worker = [sys.executable, "-P", "-m", "nexus_actors.cli", "worker", f"--lifeline={self._lifeline.worker_end}"]
        output = open_log(log)
        try:
            self._process = subprocess.Popen(
                [*launcher, *worker, *services],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[self._lifeline.worker_end],
                start_new_session=True,  # Ctrl-C in a terminal is for the supervisor, which lets the worker drain
            )
        finally:
            os.close(output)
            self._lifeline.hand_over()
        self.pid = self._process.pid
        self.born_at = psutil.Process(self.pid).create_time()

    async def is_ready(self, within_s: float) -> bool:
        """Wait until its services are served; False where it ended, or was not ready in time."""
        with anyio.move_on_after(within_s):
            while (sign := await self._lifeline.next_sign()) != "end":
                if sign == "ready":
                    return True
        return False

    async def end(self) -> str:
        """Wait until it ends by itself, or kill it when it makes no more progress; why it ended, in a few words."""
        sign: Sign = "beat"
        while sign != "end":
            with anyio.move_on_after(STALLED_S) as patience:
                sign = await self._lifeline.next_sign()
            if patience.cancelled_caught:
                self._process.kill()
                await self._gone()
                return f"no progress for {STALLED_S:g} s, killed"
        code = await self._gone()
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"

    async def stop(self, patience_s: float) -> None:
        """Let it drain and end, and kill it when that takes too long. Harmless when it has ended."""
        if self._process.poll() is None:
            self._process.terminate()
            with anyio.move_on_after(patience_s):
                await self._gone()
            if self._process.poll() is None:
                self._process.kill()
                with anyio.move_on_after(_KILLED_WITHIN_S):
                    await self._gone()

    def kill(self) -> None:
        """End it at once."""
        if self._process.poll() is None:
            self._process.kill()

    def close(self) -> None:
        """Let go of the pipe. It has ended."""
        self._lifeline.close()

    async def _gone(self) -> int:
        while (code := self._process.poll()) is None:  # noqa: ASYNC110 - the kernel tells no event
            await anyio.sleep(_LOOK_AGAIN_S)
        return code
