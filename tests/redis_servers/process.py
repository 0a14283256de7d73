import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import redis

from nexus_actors.embedded.binaries import valkey_server
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.embedded.server import spawn
from tests.ports import claim_port

PASSWORD = "of-the-tests"
_COMMON = f"bind {LOOPBACK}\nprotected-mode no\nloglevel notice\n"
DATA = f'requirepass {PASSWORD}\nmasterauth {PASSWORD}\nsave ""\nrepl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n'


class Tls(NamedTuple):
    """TLS between servers, and to them.

    Attributes:
        settings: of the server.
        options: of redis-py. query: the same, in the query of a URL.
    """

    settings: str
    options: Mapping[str, Any]
    query: str


class RedisProcess:
    """One server process, which can be killed and started again on its port, with an empty memory.

    Args:
        program: what to run in place of Valkey.
        tls: how it and its clients prove who they are; without it, everything is in plain text.
    """

    def __init__(self, folder: Path, settings: str, *mode: str, program: Path | None = None, tls: "Tls | None" = None) -> None:
        self.folder = folder
        self.port = claim_port()
        self._mode = mode
        self._program = program or valkey_server()
        self._tls = tls
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        # Sentinels and cluster nodes rewrite their files as they learn, so a restart goes on from there.
        (folder / "server.conf").write_text(f"{self._listen()}\ndir {folder}\n{_COMMON}{settings}")

    def _listen(self) -> str:
        return f"port {self.port}" if self._tls is None else f"port 0\ntls-port {self.port}\n{self._tls.settings}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self._process = spawn(
                [self._program, self.folder / "server.conf", *self._mode],
                folder=self.folder,
                death_signal=signal.SIGKILL,
                output=log.fileno(),
            )
        until(self._answers)

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    def run(self, *words: str | int) -> Any:
        options = {} if self._tls is None else self._tls.options
        with redis.Redis(
            port=self.port, password=PASSWORD, socket_timeout=5, decode_responses=True, protocol=2, **options
        ) as client:
            return client.execute_command(*words)

    def _answers(self) -> bool:
        assert self.alive, (self.folder / "server.log").read_text()[-2_000:]
        try:
            return bool(self.run("PING"))
        except redis.ConnectionError:
            return False


def until(holds: Any, within_s: float = 30) -> None:
    """Wait for processes outside of this one, from synchronous fixtures."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"{holds} did not come true within {within_s} s"
        time.sleep(0.02)  # noqa: TID251 - no event loop runs here
