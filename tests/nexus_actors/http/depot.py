"""The small service on the HTTP face, with the rest of the process played by doubles, and a client of it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import anyio
import msgspec
from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter
from yarl import URL

from nexus_actors.http import Routes
from nexus_actors.http.face import Face, FaceSettings
from nexus_actors.http.limits import InMemoryRateLimiter
from nexus_actors.http.ports import FacePorts
from tests.nexus_actors.http.crates import Gates, crates, odds
from tests.nexus_actors.http.doubles import Clock, Counts, Inbox, Probe, Table, Tokens

WRITER = {"Authorization": "Bearer writer"}
READER = {"Authorization": "Bearer reader"}


class Depot:
    """The service, what it stands on, and a client of it."""

    def __init__(self, settings: FaceSettings | None = None, routes: Sequence[Routes] = (crates, odds)) -> None:
        self.inbox, self.probe, self.counts, self.clock, self.gates = Inbox(), Probe(), Counts(), Clock(), Gates()
        registry = CollectorRegistry()
        Counter("nexus_test_crates", "Crates.", registry=registry).inc(3)
        ports = FacePorts(
            asker=self.inbox,
            db=Table(),
            tokens=Tokens(),
            health=self.probe,
            limiter=InMemoryRateLimiter(),
            metrics=self.counts,
            registry=registry,
            clock=self.clock,
            stopwatch=self.clock.seconds,
        )
        self.face = Face(
            "depot-ms",
            title="Depot MS",
            port=8099,
            version="1.2.3",
            routes=routes,
            ports=ports,
            deps=self.gates,
            settings=settings,
        )
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def send(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None, **options: Any
    ) -> "Answer":
        """Send one request on a connection of its own; `body` is sent as JSON, unless it is bytes already."""
        data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        headers = dict(headers or {})
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        async with aiohttp.ClientSession() as session:
            url = URL(self.url(path), encoded=True)
            async with session.request(method, url, data=data, headers=headers, **options) as response:
                return Answer(response.status, response.headers, await response.read())


class Answer(Struct, frozen=True):
    """A response that has been read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    def problem(self, status: int, code: str) -> Any:
        """The problem document, once it is known to be the one expected and in form."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        document = self.json
        assert (self.status, document["status"], document["code"]) == (status, status, code), document
        assert document["type"] == f"/docs/problems#{code}"
        assert document["title"]
        assert document["detail"]
        assert document["trace_id"] == self.headers["Trace-Id"]
        return document


@asynccontextmanager
async def serving(settings: FaceSettings | None = None) -> AsyncIterator[Depot]:
    """The depot on a free port."""
    depot = Depot(settings)
    async with depot.face.serve("127.0.0.1", 0) as depot.port:
        yield depot


async def until(condition: Callable[[], bool], wait_s: float = 5.0) -> None:
    """Wait until a condition holds."""
    with anyio.fail_after(wait_s):
        while not condition():  # noqa: ASYNC110 - what is waited for gives no sign
            await anyio.sleep(0.01)


async def raw_exchange(port: int, data: bytes) -> bytes:
    """Send bytes as they are and read until the server closes."""
    stream = await anyio.connect_tcp("127.0.0.1", port)
    async with stream:
        await stream.send(data)
        received = b""
        with anyio.move_on_after(5):
            try:
                while True:
                    received += await stream.receive()
            except anyio.EndOfStream:
                return received
    return received
