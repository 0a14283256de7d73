from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ByteReceiveStream, ByteStream, SocketAttribute, SocketStream

from nexus_actors.embedded.ports import LOOPBACK


class CuttingProxy:
    """Passes everything on, until it is told to lose a reply: the server has then carried out what it was sent."""

    def __init__(self, port: int, to_port: int) -> None:
        self.port = port
        self._to_port = to_port
        self._lose_for: bytes | None = None
        self.lost = 0

    def lose_reply_to(self, word: bytes) -> None:
        """Cut the next connection that sends this word, once the server has answered."""
        self._lose_for = word

    async def handle(self, client: SocketStream) -> None:
        cut = anyio.Event()

        async def requests(server: ByteStream) -> None:
            async for data in _chunks(client):
                if self._lose_for is not None and self._lose_for in data:
                    self._lose_for = None
                    cut.set()
                await server.send(data)
            tasks.cancel_scope.cancel()

        async def replies(server: ByteStream) -> None:
            async for data in _chunks(server):
                if cut.is_set():
                    self.lost += 1
                    break
                await client.send(data)
            tasks.cancel_scope.cancel()

        async with client, await anyio.connect_tcp(LOOPBACK, self._to_port) as server, anyio.create_task_group() as tasks:
            tasks.start_soon(requests, server)
            tasks.start_soon(replies, server)


@asynccontextmanager
async def cutting_proxy(to_port: int) -> AsyncIterator[CuttingProxy]:
    listener = await anyio.create_tcp_listener(local_host=LOOPBACK)
    async with listener, anyio.create_task_group() as tasks:
        proxy = CuttingProxy(listener.extra(SocketAttribute.local_port), to_port)  # noqa: S610 - anyio's, not Django's
        tasks.start_soon(listener.serve, proxy.handle)
        yield proxy
        tasks.cancel_scope.cancel()


async def _chunks(stream: ByteReceiveStream) -> AsyncIterator[bytes]:
    while True:
        try:
            yield await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return
