"""Asking services how they fare, as a client on this machine."""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import Literal

import anyio
import anyio.to_thread
import msgspec
from msgspec import Struct

from nexus_actors.platform.catalogue import ServiceEntry

TIMEOUT_S = 3.0

State = Literal["healthy", "unhealthy", "down", "foreign", "not built", "not started"]


class Sighting(Struct, frozen=True, kw_only=True):
    """How a service was found.

    Attributes:
        state: ``down`` where nothing answers, ``foreign`` where another program does, ``not started`` where it was left out on
            purpose.
        detail: why it is not healthy, in a few words.
    """

    service: str
    port: int
    state: State
    version: str = ""
    detail: str = ""

    @property
    def is_healthy(self) -> bool:
        """Whether it answers and has all it needs."""
        return self.state == "healthy"

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be there at all."""
        return self.state not in {"not built", "not started"}


class _Report(Struct):
    """The part of ``/health`` that is looked at."""

    status: str
    service: str
    version: str = ""
    dependencies: Mapping[str, str] = {}


def reachable_host(host: str) -> str:
    """Where a client of this machine reaches a server that listens on ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing listens here


def look(service: str, host: str, port: int, timeout_s: float = TIMEOUT_S) -> Sighting:
    """Ask ``/health`` of a service. Blocks for up to the timeout."""
    try:
        status, body = _get(host, port, timeout_s)
    except (OSError, HTTPException) as error:
        return Sighting(service=service, port=port, state="down", detail=_why(error))
    try:
        report = msgspec.json.decode(body, type=_Report)
    except msgspec.MsgspecError:
        return Sighting(service=service, port=port, state="foreign", detail=f"answers {status} and no health document")
    return judge(service, port, status, report)


def judge(service: str, port: int, status: int, report: _Report) -> Sighting:
    """What a health document says of a service."""
    if report.service != service:
        return Sighting(service=service, port=port, state="foreign", detail=f"{report.service} answers there")
    away = [name for name, state in report.dependencies.items() if state != "connected"]
    if status == 200 and report.status == "ok" and not away:  # noqa: PLR2004 - HTTP's OK
        return Sighting(service=service, port=port, state="healthy", version=report.version)
    detail = f"without {', '.join(away)}" if away else f"answers {status}, status {report.status}"
    return Sighting(service=service, port=port, state="unhealthy", version=report.version, detail=detail)


async def look_around(
    services: Iterable[ServiceEntry], host: str, offset: int = 0, started: Collection[str] | None = None
) -> list[Sighting]:
    """Ask all services at once, in their order. One that is not built is not asked.

    Args:
        started: the names of those that were started, where the others were left out on purpose: they are not asked either.
    """
    entries = list(services)
    found: dict[str, Sighting] = {}

    async def ask(entry: ServiceEntry) -> None:
        port = entry.port + offset
        found[entry.name] = await anyio.to_thread.run_sync(partial(look, entry.name, host, port), abandon_on_cancel=True)

    async with anyio.create_task_group() as tasks:
        for entry in entries:
            if entry.is_built and (started is None or entry.name in started):
                tasks.start_soon(ask, entry)
            else:
                state: State = "not started" if entry.is_built else "not built"
                detail = "--only" if entry.is_built else ""
                found[entry.name] = Sighting(service=entry.name, port=entry.port + offset, state=state, detail=detail)
    return [found[entry.name] for entry in entries]


def _get(host: str, port: int, timeout_s: float) -> tuple[int, bytes]:
    connection = HTTPConnection(reachable_host(host), port, timeout=timeout_s)
    try:
        connection.request("GET", "/health", headers={"Accept": "application/json"})
        response = connection.getresponse()
        return response.status, response.read(64 * 1024)
    finally:
        connection.close()


def _why(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
