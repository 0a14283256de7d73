"""Answers that are written while they are made: long documents, of which no more than a part is in memory."""

from collections.abc import AsyncGenerator, Mapping
from typing import Final

import anyio
import structlog
from aiohttp import hdrs, web
from msgspec import Struct

STALL_S: Final = 30.0
"""How long a client may take to read what a connection holds, some tens of kilobytes. One that reads slower is cut off."""

_log = structlog.get_logger("nexus.http")


class Streamed(Struct, frozen=True):
    """A result that is written in parts, each made when those before it have been read.

    Attributes:
        parts: the bytes, in order. What it raises before the first part is answered as ever. Later it is too late for that:
            then the connection is cut, so that nobody takes what came for the whole.
        content_type: their media type, such as ``application/gpx+xml``.
        headers: more headers, such as Content-Disposition.
    """

    parts: AsyncGenerator[bytes, None]
    content_type: str
    headers: Mapping[str, str] = {}


class StreamedAnswer(web.StreamResponse):
    """The answer of a route that returns `Streamed`. Whoever has given it its headers calls `send`."""

    def __init__(self, status: int, result: Streamed, first: bytes | None, headers: Mapping[str, str]) -> None:
        super().__init__(status=status, headers=headers)
        self.headers.update({**result.headers, "Content-Type": result.content_type})
        self._parts = result.parts
        self._first = first

    @classmethod
    async def begin(cls, status: int, result: Streamed, headers: Mapping[str, str]) -> "StreamedAnswer":
        """The answer with its first part, before which a route may still refuse."""
        return cls(status, result, await anext(result.parts, None), headers)

    async def send(self, request: web.BaseRequest) -> None:
        """Write it, as fast as the client reads. Where that does not come to its end, the connection is cut."""
        try:
            await self.prepare(request)
            if self._first is not None and request.method != hdrs.METH_HEAD:
                await self._write(self._first)
                async for part in self._parts:
                    await self._write(part)
            await self.write_eof()
        except ConnectionError:
            _log.info("client left", path=request.path)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, it is too late for a problem document
            _log.error("answer cut off", path=request.path, exc_info=error)
        finally:
            if not self._eof_sent and request.transport is not None:
                request.transport.abort()
            await self._parts.aclose()

    async def _write(self, part: bytes) -> None:
        with anyio.fail_after(STALL_S):
            await self.write(part)
