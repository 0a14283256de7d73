"""Bodies of requests: whether they may come in, and their bytes."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

import anyio
from aiohttp import StreamReader, web
from aiohttp.http import HttpProcessingError
from anyio.lowlevel import checkpoint

from bus import FieldError
from nexus_actors.http.connection_limits import LIMITS
from nexus_actors.http.problem import HttpProblem, invalid, malformed
from nexus_actors.http.route import Route

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_PIECE_BYTES: Final = 8_192
_CLOSE: Final = {"Connection": "close"}


async def read_body(request: web.Request, route: Route) -> bytes:
    """The body of a request, as long as the route takes it.

    Nothing is read of a body whose type or declared length is refused, and no more than the limit of one without a length.

    Raises:
        HttpProblem: 413, 415, 408 where the client is too slow, 400 where the transfer is broken, 422 where the route
            takes no body and there is one.
    """
    if not request.can_read_body:
        if route.body_type is not None:
            _check_type(request, route.options.accepts)
        return b""
    if route.body_type is not None:
        _check_type(request, route.options.accepts)
    limit = route.options.body_limit_bytes
    body = await receive(request, limit)
    if route.body_type is None and body.strip() not in {b"", b"{}"}:
        raise invalid(FieldError("$", "This route takes no body."))
    return body


async def receive(request: web.Request, limit: int) -> bytes:
    """The bytes of a body, whose sender is told to send them where it waits for that.

    Raises:
        HttpProblem: 413 where there are more than ``limit``, 408 where the client is too slow, 400 where the transfer is
            broken, 417 where the client expects what is not known.
    """
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    await _invite(request)
    return await _receive(request, limit)


async def pieces(content: StreamReader) -> AsyncIterator[bytes]:
    """A body in pieces, with others at work in between.

    Somebody may send it in chunks of a byte. All that have come, taken at once, hold everybody up.
    """
    while piece := await content.read(_PIECE_BYTES):
        yield piece
        await checkpoint()


async def expect(_: web.Request) -> None:
    """Hold ``100 Continue`` back until the body is wanted: `receive` sends it."""


def _check_type(request: web.Request, accepts: tuple[str, ...]) -> None:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _unsupported("Send the body without Content-Encoding.", "identity", "Accept-Encoding")
    wanted = ", ".join(accepts)
    if "*/*" not in accepts and request.content_type not in accepts:
        raise _unsupported(f"Send the body as {wanted}, and say so in Content-Type.", wanted, "Accept")
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise _unsupported("Send the body in UTF-8.", wanted, "Accept")


async def _invite(request: web.Request) -> None:
    """Say that the body may come, where the client waits for that (RFC 9110, section 10.1.1)."""
    expectation = request.headers.get("Expect")
    if expectation is None:
        return
    if expectation.lower() != "100-continue":
        raise HttpProblem(HTTPStatus.EXPECTATION_FAILED, "unknown_expectation", "Of Expect, only 100-continue is known.")
    await request.writer.write(_CONTINUE)
    request.writer.output_size = 0  # the answer's own bytes are counted from here


async def _receive(request: web.Request, limit: int) -> bytes:
    body, limit_s = bytearray(), request.app[LIMITS].body_s
    try:
        with anyio.fail_after(limit_s):
            async for piece in pieces(request.content):
                body += piece
                if len(body) > limit:
                    raise _too_large(limit)
    except TimeoutError as error:
        detail = f"The body did not come within {limit_s:g} s. Send it again, or in smaller parts."
        raise HttpProblem(HTTPStatus.REQUEST_TIMEOUT, "body_timeout", detail, headers=_CLOSE) from error
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError) as error:
        raise malformed("The body did not come whole. Send it again.") from error
    return bytes(body)


def _too_large(limit: int) -> HttpProblem:
    detail = f"The body is longer than {limit} bytes. Send less at a time."
    return HttpProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail, headers=_CLOSE)


def _unsupported(detail: str, wanted: str, header: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail, headers={header: wanted})
