"""A TCP proxy that behaves like a bad network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream, TaskGroup

from nexus_actors.embedded.ports import LOOPBACK

Lesion = Literal["drop", "half_close"]

_BROKEN: Final = (OSError, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class Link:
    """One connection through the proxy."""

    def __init__(self, client: ByteStream, server: SocketStream) -> None:
        self.client = client
        self.server = server

    async def cut(self) -> None:
        """Close it on both sides, at once."""
        await anyio.aclose_forcefully(self.client)
        await anyio.aclose_forcefully(self.server)


class Proxy:
    """Passes connections on to a port, as well or as badly as it is told.

    Attributes:
        host, port: where it listens.
        connections: how many were made.
        requests: how many pieces clients have sent: with clients that wait for answers, about one a round trip.
        refusing: close connections as they come.
        refused: how many of them were.
        delay_s: let every reply wait so long.
        lesions: what happens to the next replies, one after the other: ``drop`` loses one and then the connection,
            ``half_close`` ends the way back after one and leaves the way there open.
        injured: how many of them have happened.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._gate = anyio.Event()
        self._gate.set()
        self._links: set[Link] = set()
        self.host = LOOPBACK
        self.port = 0
        self.connections = 0
        self.requests = 0
        self.refusing = False
        self.refused = 0
        self.delay_s = 0.0
        self.lesions: list[Lesion] = []
        self.injured = 0

    @asynccontextmanager
    async def open(self, host: str = LOOPBACK) -> AsyncIterator["Proxy"]:
        """Listen on a free port of a host of ours while the block runs."""
        self.host = host
        async with await anyio.create_tcp_listener(local_host=host) as listener, anyio.create_task_group() as tasks:
            self.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no query of Django
            tasks.start_soon(listener.serve, self._connected)
            yield self
            tasks.cancel_scope.cancel()

    def hold(self) -> None:
        """Let nothing through, in either direction, and close nothing: a partition of the network."""
        self._gate = anyio.Event()

    def release(self) -> None:
        """Let through what was held and what comes."""
        self._gate.set()

    async def cut(self) -> None:
        """Close every connection."""
        for link in list(self._links):
            await link.cut()

    async def refuse(self) -> None:
        """Be as a server that is away."""
        self.refusing = True
        await self.cut()

    async def _connected(self, client: ByteStream) -> None:
        self.connections += 1
        if self.refusing:
            self.refused += 1
            await anyio.aclose_forcefully(client)
            return
        await self._gate.wait()
        with suppress(*_BROKEN):
            async with client, await anyio.connect_tcp(LOOPBACK, self._target) as server:
                await self._join(Link(client, server))

    async def _join(self, link: Link) -> None:
        self._links.add(link)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._there, link, tasks)
                tasks.start_soon(self._back, link, tasks)
        finally:
            self._links.discard(link)

    async def _there(self, link: Link, tasks: TaskGroup) -> None:
        with suppress(*_BROKEN):
            while True:
                chunk = await link.client.receive()
                self.requests += 1
                await self._gate.wait()
                await self.forward(link, chunk)
        tasks.cancel_scope.cancel()

    async def forward(self, link: Link, chunk: bytes) -> None:
        """Pass on what a client has sent."""
        await link.server.send(chunk)

    async def _back(self, link: Link, tasks: TaskGroup) -> None:
        with suppress(*_BROKEN):
            while True:
                chunk = await link.server.receive()
                await self._gate.wait()
                if self.delay_s:
                    await anyio.sleep(self.delay_s)
                if not self.lesions:
                    await link.client.send(chunk)
                    continue
                self.injured += 1
                if self.lesions.pop(0) == "drop":
                    break
                await link.client.send_eof()
                return
        tasks.cancel_scope.cancel()
