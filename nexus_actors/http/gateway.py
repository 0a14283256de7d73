"""Passing requests on to other services: one entry for the platform."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, hdrs, web
from multidict import CIMultiDict
from yarl import URL

from nexus_actors.http.body import expect, receive
from nexus_actors.http.endpoint import ARRIVAL
from nexus_actors.http.problem import HttpProblem
from nexus_actors.http.streaming import Streamed, StreamedAnswer

PATH: Final = "/api/{service}/{rest:.*}"
BODY_LIMIT_BYTES: Final = 10 * 1024 * 1024
_TIMEOUT: Final = ClientTimeout(total=None, connect=2, sock_read=35)
_PART_BYTES: Final = 65_536
_CONNECTIONS: Final = 256

# RFC 9110, section 7.6.1: fields that concern one connection alone; and those that the next hop has by itself.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_VIA: Final = "Via"
_FORWARDING: Final = frozenset({"forwarded", "traceparent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"})


class Gateway:
    """Passes ``/api/{service}/...`` on to the service, with method, query, headers and body as they are.

    The service itself decides who may come in; the gateway adds nothing to what a caller may do. Requests are never repeated:
    a caller repeats them under its own Idempotency-Key.

    It never asks itself: not by its own name, and not by way of others, for what it has passed on says so (Via: RFC 9110,
    section 7.6.3) and is refused when it comes back. One request from outside is at most one request more inside.

    Args:
        name: name of the service that this gateway is, the same in all of its processes.
        targets: base address of each service that can be reached, by name.
        known: services that exist, built or not.
    """

    def __init__(self, name: str, targets: Mapping[str, str], known: frozenset[str]) -> None:
        self._name = name
        self._targets = targets
        self._known = known
        self._session: ClientSession | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hold the connections to the services."""
        connector = TCPConnector(limit=_CONNECTIONS, keepalive_timeout=30)
        async with ClientSession(
            connector=connector, timeout=_TIMEOUT, auto_decompress=False, cookie_jar=DummyCookieJar()
        ) as self._session:
            yield
        self._session = None

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Answer below ``/api/``, for every method."""
        router.add_route("*", PATH, self.answer, expect_handler=expect)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Pass one request on."""
        service = request.match_info["service"]
        self._refuse_loop(service, request.headers.getall(_VIA, []))
        url = self._address(service, request.rel_url)
        body = await receive(request, BODY_LIMIT_BYTES) if request.can_read_body else b""
        if self._session is None:
            raise RuntimeError("The gateway is not open.")
        try:
            answer = await self._session.request(
                request.method, url, headers=self._headers_to(request), data=body or None, allow_redirects=False
            )
            return await _passed_on(answer)
        except TimeoutError as error:
            raise _unreachable(HTTPStatus.GATEWAY_TIMEOUT, service, "did not answer in time") from error
        except ClientError as error:
            raise _unreachable(HTTPStatus.BAD_GATEWAY, service, "cannot be reached") from error

    def _refuse_loop(self, service: str, via: Sequence[str]) -> None:
        if _is_named(self._name, via):
            detail = "The request has been here before: somebody passes on to this gateway what comes from it."
            raise HttpProblem(HTTPStatus.LOOP_DETECTED, "gateway_loop", detail)
        if service == self._name:
            detail = f"{service} is this gateway itself. Ask it without /api/{service} in front of the path."
            raise HttpProblem(HTTPStatus.NOT_FOUND, "gateway_itself", detail)

    def _address(self, service: str, asked: URL) -> URL:
        base = self._targets.get(service)
        if base is None:
            raise self._no_target(service)
        prefix = f"/api/{service}"
        path = asked.raw_path.removeprefix(prefix)
        if not asked.raw_path.startswith(prefix + "/") or _is_crooked(path):
            raise HttpProblem(
                HTTPStatus.BAD_REQUEST, "malformed", "The path cannot be passed on: write it without . or .. in it."
            )
        query = f"?{asked.raw_query_string}" if asked.raw_query_string else ""
        return URL(base + path + query, encoded=True)

    def _headers_to(self, request: web.Request) -> CIMultiDict[str]:
        """The caller's headers, and who it is: what it says of itself in forwarding headers is not believed."""
        arrival = request[ARRIVAL]
        dropped = _HOP_BY_HOP | _FORWARDING | {n.strip().lower() for n in request.headers.get("Connection", "").split(",")}
        headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in dropped)
        headers["X-Forwarded-For"] = arrival.remote_ip
        headers["X-Forwarded-Host"] = request.headers.get("Host", "")
        headers["traceparent"] = arrival.trace.header()
        headers.add(_VIA, f"1.1 {self._name}")
        return headers

    def _no_target(self, service: str) -> HttpProblem:
        if service in self._known:
            return HttpProblem(HTTPStatus.NOT_FOUND, "service_not_built", f"{service} is not built yet.")
        detail = "There is no such service. GET /api/system/status lists those that there are."
        return HttpProblem(HTTPStatus.NOT_FOUND, "service_unknown", detail)


async def _passed_on(answer: ClientResponse) -> web.StreamResponse:
    """A service's answer as the gateway's: whole, or part by part where the service itself writes it so."""
    headers = _headers_from(answer.headers)
    if hdrs.TRANSFER_ENCODING not in answer.headers:
        async with answer:
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)
    content_type = headers.pop(hdrs.CONTENT_TYPE, "application/octet-stream")
    return await StreamedAnswer.begin(answer.status, Streamed(_parts_of(answer), content_type), headers)


async def _parts_of(answer: ClientResponse) -> AsyncGenerator[bytes, None]:
    try:
        async for part in answer.content.iter_chunked(_PART_BYTES):
            yield part
    finally:
        # What is left unread is of no use to anybody.
        answer.close()


def _is_crooked(path: str) -> bool:
    """Whether a path might mean another one to the next hop: dot segments in any spelling, empty ones, backslashes, NUL."""
    plain = unquote(unquote(path))
    segments = plain.split("/")[1:]
    return any(part in {".", ".."} for part in segments) or "//" in plain or "\\" in plain or "\x00" in plain


def _is_named(name: str, via: Sequence[str]) -> bool:
    """Whether one of the hops that a request has made is that of a name."""
    hops = (hop.split() for value in via for hop in value.split(","))
    return any(len(words) > 1 and words[1].lower() == name for words in hops)


def _headers_from(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """The service's headers, but for what the face of the gateway says itself."""
    dropped = _HOP_BY_HOP | {"date", "server", "trace-id"}
    kept = ((name, value) for name, value in headers.items() if not name.lower().startswith("access-control-"))
    return CIMultiDict((name, value) for name, value in kept if name.lower() not in dropped)


def _unreachable(status: HTTPStatus, service: str, what: str) -> HttpProblem:
    detail = f"{service} {what}. The request may have taken effect: repeat it with the same Idempotency-Key in a moment."
    return HttpProblem(status, "service_unreachable", detail, headers={"Retry-After": "1"})
