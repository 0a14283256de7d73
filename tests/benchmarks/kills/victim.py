"""A worker process that is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import anyio

from nexus_actors.embedded import launch

_CHECKOUT: Final = Path(__file__).resolve().parents[3]
_LOOK_S: Final = 0.02


class Victim:
    """One process; it ends with this one, come what may.

    Args:
        log: where it writes what it has to say.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(signal.SIGKILL)), "-"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*launcher, *command],
                cwd=_CHECKOUT,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    async def kill(self) -> None:
        """Kill -9."""
        self._process.kill()
        while self.alive:  # noqa: ASYNC110 - the kernel tells no event
            await anyio.sleep(_LOOK_S)
