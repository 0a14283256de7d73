"""The service that is measured: alone in this process, on servers of its own."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http.client import HTTPConnection
from ipaddress import IPv4Address
from itertools import count
from typing import Final, TypeVar

import anyio.to_thread
import msgspec
from aiohttp import ClientSession

from bus import Command, Event
from bus.store import StreamStore
from nexus_actors.http.problem import MEDIA_TYPE
from nexus_actors.service import Service
from nexus_actors.settings.config import Settings
from nexus_actors.testing import TestPlatform
from nexus_actors.testing.tokens import KnownTokens
from nexus_actors.worker import WorkerOptions, open_worker
from nexus_actors.worker.faces import Faces
from nexus_actors.worker.heap import steady_heap

R = TypeVar("R")
_PATIENCE_S: Final = 600.0
_CLIENTS: Final = IPv4Address("127.1.0.0")
_SOMEBODY: Final = "018f0000-0000-7000-8000-000000000001"


class Subject:
    """A service, as a `nexus_actors.worst_case.Strained` and over HTTP.

    Attributes:
        tenant: whose everything is that it is asked; in a new one there is nothing yet.
    """

    def __init__(self, name: str, platform: TestPlatform) -> None:
        self.name = name
        self.tenant = "main"
        self._platform = platform
        self._sources = count(1)

    async def ask(self, command: Command[R]) -> R:
        """See `Strained`."""
        return await self._platform.ask(command, tenant=self.tenant, scopes=["*"], subject=_SOMEBODY, timeout_s=_PATIENCE_S)

    async def publish(self, event: Event) -> None:
        """See `Strained`."""
        await self._platform.publish(event, tenant=self.tenant)

    async def settle(self) -> None:
        """See `Strained`."""
        await self._platform.settle(_PATIENCE_S)

    async def send(self, method: str, path: str, body: bytes, content_type: str) -> str:
        """Send a request from another thread: what its sender does is no work of the service.

        Returns:
            The status, and the code where it is a problem.
        """
        token = self._platform.tokens.issue("*", tenant=self.tenant, subject=_SOMEBODY)
        headers = {"Content-Type": content_type, "Authorization": f"Bearer {token}"}
        # Another client each time: what is measured is not the limit of how often one may ask.
        source, port = str(_CLIENTS + next(self._sources)), self._platform.faces.ports[self.name]
        return await anyio.to_thread.run_sync(partial(_send, source, port, method, path, body, headers))


def _send(source: str, port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S, source_address=(source, 0))
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
    except ConnectionError:
        return "closed"  # it did not want the rest of the body, and has said so
    else:
        is_problem = answer.getheader("Content-Type", "").startswith(MEDIA_TYPE)
        return f"{answer.status} {msgspec.json.decode(said)['code']}" if is_problem else str(answer.status)
    finally:
        connection.close()


@asynccontextmanager
async def open_subject(service: Service, streams: StreamStore, database_url: str) -> AsyncIterator[Subject]:
    """Run a service as a worker does.

    What fails is parked at once: repeats would be measured with whatever comes next.
    """
    environ = {
        "NEXUS_DATABASE_URL": database_url,
        "NEXUS_AUTH_KEK": secrets.token_urlsafe(32),
        "NEXUS_MAX_ATTEMPTS": "1",
        "NEXUS_HANDLER_TIMEOUT_S": "600",
    }
    known = KnownTokens()
    options = WorkerOptions(streams=streams)
    async with open_worker(Settings.load(environ), [service], options) as worker, ClientSession() as session:
        faces = Faces(worker, known, free_ports=True)
        async with worker.running(), faces.serving():
            with steady_heap():
                yield Subject(service.name, TestPlatform(worker, faces, session, known))
