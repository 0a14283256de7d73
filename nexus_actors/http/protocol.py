"""The protocol of one connection: also what is no HTTP is answered with a problem document."""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from typing_extensions import override

from nexus_actors.http.guard import SERVER_NAME, TRACE_HEADER, problem_response
from nexus_actors.http.problem import HttpProblem, malformed

_log = structlog.get_logger("nexus.http")
_NO_LOG: Final = logging.Logger("nexus.http.access", logging.CRITICAL)
_TRACE_BYTES: Final = 16

KEEPALIVE_S: Final = 75.0
LINGERING_S: Final = 5.0
"""How long what a refused request still sends is read and thrown away, so that its sender gets to read the answer."""

MAX_FIELD_BYTES: Final = 16_384
"""How long a header may be: longer than the longest token, so that a token that is too long is answered 401."""


class ProblemProtocol(web.RequestHandler):
    """A connection whose unreadable requests get a problem document and an end.

    aiohttp answers them before any middleware, with text of its own.
    """

    def __init__(
        self, server: web.Server, service: str, random: Callable[[int], bytes], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=_NO_LOG,
            auto_decompress=False,  # a body that says it is compressed is refused, so none can grow on the way in
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LINGERING_S,
            max_field_size=MAX_FIELD_BYTES,
        )
        self._service = service
        self._random = random

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what cannot be read (400), or to a fault outside the middleware (500)."""
        trace_id = self._random(_TRACE_BYTES).hex()
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = malformed("This is not a request that HTTP/1.1 allows, or its head is too long.")
        else:
            _log.error("connection failed", service=self._service, trace_id=trace_id, exc_info=exc)
            problem = HttpProblem(500, "internal", "Something went wrong here. It has been logged under the trace id.")
        if request.writer.output_size > 0:
            raise ConnectionError("The answer had begun; the connection is closed.")
        response = problem_response(problem, trace_id, self._service)
        response.headers[TRACE_HEADER] = trace_id
        response.headers["Server"] = SERVER_NAME
        response.force_close()
        return response
