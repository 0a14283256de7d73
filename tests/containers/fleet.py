"""The compose file, brought up."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from nexus_actors.deployment.secrets_file import Deployment, read_deployment
from nexus_actors.platform.loading import load_catalogue
from tests.containers.engine import Engine, compose_command, said
from tests.containers.images import CHECKOUT, IMAGE

CATALOGUE: Final = load_catalogue()
SERVICES: Final = [entry.name for entry in CATALOGUE.built()]
ALL: Final = ["postgres", "redis", *SERVICES]
COMPOSE_FILE: Final = CHECKOUT / "deploy" / "docker-compose.nexus-full.yml"
_OVERRIDE: Final = Path(__file__).parent / "override.yml"
_LOOK_S: Final = 0.5


class Container(Struct, frozen=True):
    """A container.

    Attributes:
        pid: of its first process, as the host sees it; 0 while it does not run.
        health: as its health check says; ``none`` where it has no check.
    """

    name: str
    state: str
    health: str
    pid: int


class Said(Struct, frozen=True):
    """What a command came to."""

    code: int
    output: str


class Fleet:
    """The containers of a deployment, and the command line on them.

    Attributes:
        env_file: the secrets.
    """

    def __init__(self, engine: Engine, folder: Path, offset: int) -> None:
        self.engine = engine
        self.env_file = folder / "env"
        self._data = folder / "data"
        self._environ = {name: value for name, value in engine.environ.items() if not name.startswith("NEXUS_")}
        self._for_compose = {**self._environ, "NEXUS_IMAGE": IMAGE, "NEXUS_TESTS": str(CHECKOUT / "tests")}
        init = self.nexus("deploy", "init", f"--env-file={self.env_file}", f"--port-offset={offset}")
        assert init.code == 0, init.output

    @property
    def deployment(self) -> Deployment:
        """How it is reached from here."""
        return read_deployment(self.env_file)

    def compose(self, *arguments: str, within_s: float = 300) -> str:
        """Call compose; its output."""
        command = compose_command()
        assert command is not None
        files = [f"--file={file}" for file in (COMPOSE_FILE, _OVERRIDE)]
        return said([*command, f"--env-file={self.env_file}", *files, *arguments], self._for_compose, within_s)

    def nexus(self, *arguments: str) -> Said:
        """Call `nexus`."""
        return self._run([sys.executable, "-P", "-m", "nexus_actors.cli", *arguments], {"PYTHONPATH": str(CHECKOUT)})

    def on_containers(self, *arguments: str) -> Said:
        """Call `nexus` against the containers."""
        return self.nexus("deploy", "exec", f"--env-file={self.env_file}", *arguments)

    def verify(self) -> Said:
        """Run the verification script."""
        return self._run([str(CHECKOUT / "deploy" / "verify-nexus-deployment.sh"), str(self.env_file)], {})

    def _run(self, command: list[str], more: Mapping[str, str]) -> Said:
        environ = {**self._environ, "NEXUS_DATA_DIR": str(self._data), **more}
        done = subprocess.run(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False, text=True
        )
        return Said(done.returncode, done.stdout)

    def containers(self, service: str) -> list[Container]:
        """The containers of a service of the compose file."""
        found = self.inspect(service)
        return [
            Container(
                name=one["Name"].removeprefix("/"),
                state=one["State"]["Status"],
                health=one["State"].get("Health", {}).get("Status", "none"),
                pid=one["State"]["Pid"],
            )
            for one in found
        ]

    def inspect(self, service: str) -> list[dict[str, Any]]:
        """All that the engine knows of the containers of a service."""
        labels = [f"--filter=label=com.docker.compose.{key}" for key in ("project=nexus-cos", f"service={service}")]
        names = self.engine.docker("ps", "--all", "--quiet", *labels).split()
        return msgspec.json.decode(self.engine.docker("inspect", *names), type=list[dict[str, Any]]) if names else []

    def all_healthy(self, services: Iterable[str] = ALL) -> bool:
        """Whether all containers of these services run and are healthy."""
        found = [self.containers(service) for service in services]
        return all(own and all(one.state == "running" and one.health == "healthy" for one in own) for own in found)

    def kill(self, service: str) -> Container:
        """Kill the first process of a service's first container, as kill -9 does; the container as it was."""
        container = self.containers(service)[0]
        os.kill(container.pid, signal.SIGKILL)
        return container

    def is_back(self, service: str, killed: Container) -> bool:
        """Whether a container that was killed runs again, under another process, and is healthy where that is checked."""
        (now,) = (one for one in self.containers(service) if one.name == killed.name)
        return now.pid not in {0, killed.pid} and now.state == "running" and now.health in {"healthy", "none"}

    def logs(self, service: str) -> str:
        """What the containers of a service wrote."""
        return self.compose("logs", "--no-color", service)


def until(holds: Callable[[], bool], what: str, within_s: float) -> float:
    """Wait until something holds; how many seconds that took.

    Raises:
        AssertionError: it does not come to hold in time.
    """
    began = time.monotonic()
    while not holds():
        took_s = time.monotonic() - began
        assert took_s < within_s, f"Not within {within_s:g} s: {what}"
        subprocess.run(["sleep", str(_LOOK_S)], check=True)
    return time.monotonic() - began
