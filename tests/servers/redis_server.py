"""Redis as Debian has it, in place of the embedded Valkey."""

import subprocess
import tempfile
from pathlib import Path

from typing_extensions import override

from nexus_actors.embedded import redis as embedded
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.embedded.redis import EmbeddedRedis
from nexus_actors.embedded.server import spawn
from tests.ports import claim_port


class DebianRedis(EmbeddedRedis):
    """A server of ours that runs Debian's program."""

    title = "Redis"
    program = "redis-server"

    def __init__(self, program: Path, data_dir: Path) -> None:
        super().__init__(data_dir, claim_port())
        self._program = program

    @override
    def spawn(self, log: int) -> subprocess.Popen[bytes]:
        with tempfile.TemporaryFile() as settings:
            settings.write(embedded.SETTINGS.format(loopback=LOOPBACK, port=self.port, password=self.password).encode())
            settings.seek(0)
            return spawn(
                [self._program, "-"],
                folder=self.work_folder,
                death_signal=self.stop_signal,
                output=log,
                given=settings.fileno(),
            )
