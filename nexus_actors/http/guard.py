"""What stands around every answer: traces, problem documents, security headers, counts, and the limit of requests at work."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Final

import msgspec
import structlog
from aiohttp import hdrs, web

from nexus_actors.failures.blame import blamed
from nexus_actors.http.client_address import Network, client_address
from nexus_actors.http.cors import Cors
from nexus_actors.http.endpoint import ARRIVAL
from nexus_actors.http.ports import FacePorts
from nexus_actors.http.problem import MEDIA_TYPE, HttpProblem, problem_of, unavailable
from nexus_actors.http.request import Arrival
from nexus_actors.http.streaming import StreamedAnswer
from nexus_actors.http.tokens import challenge
from nexus_actors.telemetry.spans import NoSpans, Span
from nexus_actors.telemetry.tracing import TraceContext

TRACE_HEADER: Final = "Trace-Id"
SERVER_NAME: Final = "nexus"

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_log = structlog.get_logger("nexus.http")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """The one middleware of a face.

    Args:
        service: name of the service.
        ports: what the face has of the rest of the process.
        trusted_proxies: the proxies whose X-Forwarded-For is believed.
        max_in_flight: how many requests may be at work at once; more are answered 503.
        exempt: paths that are answered however many are at work, and whose requests are no spans: those who scrape and probe
            would fill a trace store with nothing.
        cors: says which pages may ask.
    """

    def __init__(
        self,
        service: str,
        ports: FacePorts,
        trusted_proxies: Sequence[Network],
        max_in_flight: int,
        exempt: frozenset[str],
        cors: Cors,
    ) -> None:
        self._service = service
        self._ports = ports
        self._trusted = trusted_proxies
        self._max_in_flight = max_in_flight
        self._exempt = exempt
        self._cors = cors
        self._unrecorded = NoSpans(ports.random)
        self.in_flight = 0
        self.draining = False

    async def handle(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Answer a request by its handler, or by a problem document."""
        started_s = self._ports.stopwatch()
        with self._span(request) as span:
            trace = span.context
            request[ARRIVAL] = self._arrival(request, trace)
            self.in_flight += 1
            try:
                with structlog.contextvars.bound_contextvars(trace_id=trace.trace_id):
                    response = await self._answer(request, handler, trace.trace_id)
                    span.answered(_route(request), response.status)
                    self._cors.finish(request, response)
                    self._finish(response, trace.trace_id)
                    if isinstance(response, StreamedAnswer):
                        await response.send(request)
            finally:
                self.in_flight -= 1
        method = request.method if request.method in _METHODS else "OTHER"
        self._ports.metrics.observe(method, _template(request), response.status, self._ports.stopwatch() - started_s)
        return response

    def _span(self, request: web.Request) -> AbstractContextManager[Span]:
        spans = self._unrecorded if request.path in self._exempt else self._ports.spans
        parent = TraceContext.parse(request.headers.get("traceparent"), request.headers.get("tracestate"))
        # The address that was connected to, not the Host header, in which a client may write what it likes.
        host, port = (request.get_extra_info("sockname") or ("", 0))[:2]
        return spans.serve(parent, request.method, request.path, scheme=request.scheme, host=host, port=port)

    def _arrival(self, request: web.Request, trace: TraceContext) -> Arrival:
        forwarded = request.headers.getall("X-Forwarded-For", [])
        return Arrival(
            now=self._ports.clock(),
            trace=trace,
            remote_ip=client_address(request.remote, forwarded, self._trusted),
            headers=request.headers,
            if_match=request.headers.getall("If-Match", []),
        )

    async def _answer(self, request: web.Request, handler: _Handler, trace_id: str) -> web.StreamResponse:
        if (permission := self._cors.preflight(request)) is not None:
            return permission
        try:
            if self.in_flight > self._max_in_flight and request.path not in self._exempt:
                raise unavailable("too_many_requests_at_work", "Too many requests are at work here. Send it again later.")
            return await handler(request)
        except web.HTTPException as answer:
            return self._of_aiohttp(request, answer, trace_id)
        except BaseException as raised:  # noqa: BLE001 - whatever goes wrong, the caller gets a problem document
            error = blamed(raised)
            problem = problem_of(error)
            if problem is None:
                problem = self._fault(request, error)
            return problem_response(problem, trace_id, self._service)

    def _of_aiohttp(self, request: web.Request, answer: web.HTTPException, trace_id: str) -> web.StreamResponse:
        if isinstance(answer, web.HTTPMethodNotAllowed):
            allowed = ", ".join(sorted({*answer.allowed_methods, hdrs.METH_OPTIONS}))
            if request.method == hdrs.METH_OPTIONS:
                return web.Response(status=HTTPStatus.NO_CONTENT, headers={"Allow": allowed})
            detail = f"{request.path} does not take {request.method}. It takes: {allowed}."
            problem = HttpProblem(answer.status, "method_not_allowed", detail, headers={"Allow": allowed})
        elif isinstance(answer, web.HTTPNotFound):
            problem = HttpProblem(answer.status, "no_such_route", "There is nothing at this path. /docs lists what there is.")
        else:
            problem = HttpProblem(answer.status, "http_error", f"{answer.reason}.")
        return problem_response(problem, trace_id, self._service)

    def _fault(self, request: web.Request, error: Exception) -> HttpProblem:
        _log.error("request failed", service=self._service, method=request.method, path=_template(request), exc_info=error)
        detail = "Something went wrong here. It has been logged under the trace id; report that if it stays so."
        return HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", detail)

    def _finish(self, response: web.StreamResponse, trace_id: str) -> None:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers[TRACE_HEADER] = trace_id
        response.headers["Server"] = SERVER_NAME
        if self.draining or response.headers.get("Connection") == "close":
            response.force_close()


def problem_response(problem: HttpProblem, trace_id: str, service: str) -> web.Response:
    """A problem document as an answer."""
    headers = {**problem.headers, "Content-Type": MEDIA_TYPE}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", challenge(service))
    return web.Response(status=problem.status, body=msgspec.json.encode(problem.document(trace_id)), headers=headers)


def _route(request: web.Request) -> str | None:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else None


def _template(request: web.Request) -> str:
    return _route(request) or "unmatched"
