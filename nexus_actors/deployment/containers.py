"""The containers of a deployment, as the container engine has them."""

import subprocess
from collections.abc import Iterable, Iterator
from typing import Final

import anyio
from msgspec import Struct

from nexus_actors.deployment.compose import WORKERS
from nexus_actors.errors import NexusError

STORES: Final = ("postgres", "redis")
_WITHIN_S: Final = 20.0
_LABEL: Final = "com.docker.compose"
_FORMAT: Final = f'{{{{.Label "{_LABEL}.service"}}}}\t{{{{.Names}}}}\t{{{{.State}}}}\t{{{{.Status}}}}'


class EngineFault(NexusError):
    """Raised when the container engine does not answer; the message says why."""


class ContainerSighting(Struct, frozen=True, kw_only=True):
    """How a container was found.

    Attributes:
        service: its service in the compose file.
        name: its own name; that of the service where there is none.
        healthy: it runs, and its health check says so.
        detail: what the engine says of it.
    """

    service: str
    name: str
    healthy: bool
    detail: str


async def look_at_containers(services: Iterable[str], project: str) -> list[ContainerSighting]:
    """Ask the engine for the containers of both stores and of these services, further workers of theirs included.

    Raises:
        EngineFault: it does not answer.
    """
    command = ["docker", "ps", "--all", f"--filter=label={_LABEL}.project={project}", f"--format={_FORMAT}"]
    try:
        with anyio.fail_after(_WITHIN_S):
            done = await anyio.run_process(command, check=False, stderr=subprocess.STDOUT)
    except FileNotFoundError as error:
        raise EngineFault("There is no program `docker` here. Run this where the containers run.") from error
    except TimeoutError as error:
        raise EngineFault(f"The container engine did not answer within {_WITHIN_S:g} s.") from error
    said = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise EngineFault(f"The container engine does not answer: {said.strip()}")
    return list(judged([*STORES, *services], said))


def judged(services: Iterable[str], said: str) -> Iterator[ContainerSighting]:
    """What the lines of `docker ps` say of each service; one that has no container is not healthy."""
    rows = sorted(line.split("\t") for line in said.splitlines() if line.count("\t") == _FORMAT.count("\t"))
    for service in services:
        own = [row for row in rows if row[0] == service]
        if not own:
            yield ContainerSighting(service=service, name=service, healthy=False, detail="not found")
        for row in [*own, *(row for row in rows if row[0] == service + WORKERS)]:
            healthy = row[2] == "running" and "(healthy)" in row[3]
            yield ContainerSighting(service=service, name=row[1], healthy=healthy, detail=row[3])
