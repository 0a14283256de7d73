"""The protocol of one connection: also what is no HTTP, or comes too slowly, is answered with a problem document."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import anyio
import structlog
from aiohttp import web
from typing_extensions import override

from nexus_actors.http.body import pieces
from nexus_actors.http.connection_limits import ConnectionLimits
from nexus_actors.http.final_answer import FinalAnswers
from nexus_actors.http.guard import SERVER_NAME, TRACE_HEADER, problem_response
from nexus_actors.http.problem import HttpProblem, malformed
from nexus_actors.http.room import Room

_log = structlog.get_logger("nexus.http")
_Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
_NO_LOG: Final = logging.Logger("nexus.http.access", logging.CRITICAL)

LINGERING_S: Final = 5.0
"""How long what a refused request still sends is read and thrown away, so that its sender gets to read the answer."""

MAX_FIELD_BYTES: Final = 16_384
"""How long a header may be: longer than the longest token, so that a token that is too long is answered 401."""


class ProblemProtocol(web.RequestHandler):
    """A connection whose unreadable requests get a problem document and an end.

    aiohttp answers them before any middleware, with text of its own. It also waits for the rest of a head as long as for
    the next request, so the time of a head is counted here, from its first byte.

    Args:
        server: answers the requests.
        answers: writes what is said where there is no request.
        limits: what the connection may take.
        room: has this connection in it for as long as it stands.
    """

    def __init__(
        self,
        server: web.Server,
        answers: FinalAnswers,
        limits: ConnectionLimits,
        loop: asyncio.AbstractEventLoop,
        room: Room,
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=_NO_LOG,
            auto_decompress=False,  # a body that says it is compressed is refused, so none can grow on the way in
            keepalive_timeout=limits.idle_s,
            lingering_time=0,  # see `_handle_request`
            max_field_size=MAX_FIELD_BYTES,
        )
        self._answers = answers
        self._limits = limits
        self._room = room
        self._head_timer: asyncio.TimerHandle | None = None

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self._room.leave(self)
        self._stop_timer()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages:
            self._room.work(self)
        if not self._is_waiting():
            self._stop_timer()
        # Line ends between two requests are no head (RFC 9112, section 2.2).
        elif self._head_timer is None and data.strip(b"\r\n"):
            self._head_timer = self._loop.call_later(self._limits.head_s, self._end_slow_head)
            # The connection is idle no more; were it closed as one, its client would not learn why.
            self._next_keepalive_close_time = self._loop.time() + self._limits.head_s + self._limits.idle_s

    @override
    async def _handle_request(
        self, request: web.BaseRequest, start_time: float | None, request_handler: _Handler
    ) -> tuple[web.StreamResponse, bool]:
        try:
            answered = await super()._handle_request(request, start_time, request_handler)
        finally:
            if not self._messages:
                self._room.wait(self)
        if not request.content.is_eof() and not self._force_close:
            with anyio.move_on_after(LINGERING_S):
                async for _ in pieces(request.content):
                    pass
        return answered

    def give_way(self) -> None:
        """End at once, and also where an answer stands that nobody reads: a close would wait for that."""
        transport = self.transport
        self.force_close()
        if transport is not None:
            transport.abort()

    def _is_waiting(self) -> bool:
        """Whether no request is at work, and none is whole: what comes now belongs to the head of the next."""
        return self._waiter is not None and not self._waiter.done()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_slow_head(self) -> None:
        self._head_timer = None
        if self.transport is None or not self._is_waiting():
            return
        detail = f"The head of the request did not come within {self._limits.head_s:g} s. Send it again, at once."
        self.transport.write(self._answers.write(HttpProblem(HTTPStatus.REQUEST_TIMEOUT, "head_timeout", detail)))
        self.force_close()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what cannot be read (400), or to a fault outside the middleware (500)."""
        trace_id = self._answers.new_trace_id()
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = malformed("This is not a request that HTTP/1.1 allows, or its head is too long.")
        else:
            _log.error("connection failed", service=self._answers.service, trace_id=trace_id, exc_info=exc)
            problem = HttpProblem(500, "internal", "Something went wrong here. It has been logged under the trace id.")
        if request.writer.output_size > 0:
            raise ConnectionError("The answer had begun; the connection is closed.")
        response = problem_response(problem, trace_id, self._answers.service)
        response.headers[TRACE_HEADER] = trace_id
        response.headers["Server"] = SERVER_NAME
        response.force_close()
        return response
