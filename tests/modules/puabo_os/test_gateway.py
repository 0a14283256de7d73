"""Passing requests on, against a peer that shows what it gets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest
from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession, web

from modules.puabo_os.service import service as puabo_os
from nexus_actors.testing import TestPlatform, open_platform
from nexus_actors.testing.fixtures import platform_fixture

pytestmark = pytest.mark.anyio


OF_PEER = {"ETag": '"1"', "Connection": "close", "X-Own": "yes", "Access-Control-Allow-Origin": "*", "Vary": "Accept, origin"}


@asynccontextmanager
async def peer(port: int) -> AsyncIterator[None]:
    async def show(request: web.Request) -> web.Response:
        shown = {
            "method": request.method,
            "path": request.raw_path,
            "headers": dict(request.headers),
            "via": request.headers.getall("Via", []),
            "body": (await request.read()).decode(),
        }
        return web.json_response(shown, status=207, headers=OF_PEER)

    application = web.Application(client_max_size=20_000_000)
    application.router.add_route("*", "/{rest:.*}", show)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


OFFSET = 21_340
"""Away from the seed's ports, which a platform on this machine may hold."""

platform = platform_fixture(puabo_os, environ={"NEXUS_PORT_OFFSET": str(OFFSET)}, shared=True)


async def test_a_request_is_passed_on_as_it_is(platform: TestPlatform) -> None:
    async with peer(8080 + OFFSET):
        client = platform.bearer("puabo-os", "some-token")
        headers = {"Idempotency-Key": "k", "X-Forwarded-For": "6.6.6.6", "Content-Type": "text/x"}
        path = "/api/fleet-service/v1/vehicles/a%2Fb:retire?x=1&y=%20"
        answer = await client.send("POST", path, body=b"hello", headers=headers)
        assert (answer.status, answer.headers["ETag"], answer.headers["X-Own"]) == (207, '"1"', "yes")
        got = msgspec.json.decode(answer.body)
        assert (got["method"], got["path"], got["body"]) == ("POST", "/v1/vehicles/a%2Fb:retire?x=1&y=%20", "hello")
        assert got["headers"]["Authorization"] == "Bearer some-token"
        assert got["headers"]["Idempotency-Key"] == "k"
        assert got["headers"]["X-Forwarded-For"] == "127.0.0.1"
        assert got["via"] == ["1.1 puabo-os"]
        assert got["headers"]["traceparent"].split("-")[1] == answer.headers["Trace-Id"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/wallet-ms/v1/x", 404, "service_not_built"),
        ("/api/no-such/v1/x", 404, "service_unknown"),
        ("/api/fleet-service/v1/%2e%2e/metrics", 400, "malformed"),
        ("/api/fleet-service/v1/%252e%252e/metrics", 400, "malformed"),
        ("/api/fleet-service//evil/x", 400, "malformed"),
        ("/api/fleet-service/a%5Cb", 400, "malformed"),
        ("/api/fleet-service/a%00b", 400, "malformed"),
        ("/api/fleet-service/v1/vehicles", 502, "service_unreachable"),
        ("/api/puabo-os/v1/workers", 404, "gateway_itself"),
        ("/api/puabo-os/" + "api/puabo-os/" * 200 + "v1/workers", 404, "gateway_itself"),
        ("/api/puabo%2Dos/v1/workers", 404, "gateway_itself"),
        ("/api/puabo-os%2Fapi/puabo-os/v1/workers", 404, "service_unknown"),
        ("/api/fleet-service/../puabo-os/v1/workers", 400, "malformed"),
    ],
)
async def test_what_cannot_be_passed_on_is_a_problem_document(
    platform: TestPlatform, path: str, status: int, code: str
) -> None:
    answer = await platform.bearer("puabo-os", "t").get(path)
    assert (answer.status, answer.code) == (status, code)


@asynccontextmanager
async def mirror(port: int, back_to: int) -> AsyncIterator[list[str]]:
    """A service that passes everything on to the gateway, as a proxy does; shows what it was asked."""
    asked: list[str] = []

    async def pass_back(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        headers = {**request.headers, "Via": f"{request.headers['Via']}, 1.1 mirror (of glass)"}
        back = f"http://127.0.0.1:{back_to}{request.raw_path}"
        async with ClientSession() as session, session.get(back, headers=headers) as got:
            return web.Response(status=got.status, body=await got.read(), content_type=got.content_type)

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", pass_back)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield asked
    finally:
        await runner.cleanup()


async def test_what_others_pass_back_goes_no_second_round(platform: TestPlatform) -> None:
    async with mirror(8080 + OFFSET, platform.faces.ports["puabo-os"]) as asked:
        path = "/api/fleet-service/v1/x"
        answer = await platform.bearer("puabo-os", "t").get("/api/fleet-service" + path)
        assert (answer.status, answer.code) == (508, "gateway_loop")
        assert asked == [path]


async def test_hops_of_others_are_no_loop(platform: TestPlatform) -> None:
    async with peer(8080 + OFFSET):
        before = "HTTP/1.1 proxy.example:80 (puabo-os), 2 x"
        answer = await platform.bearer("puabo-os", "t").send("GET", "/api/fleet-service/v1/x", headers={"Via": before})
        assert answer.status == 207
        assert msgspec.json.decode(answer.body)["via"] == [before, "1.1 puabo-os"]


async def test_a_body_over_the_limit_is_refused(platform: TestPlatform) -> None:
    async with peer(8080 + OFFSET):
        client = platform.bearer("puabo-os", "t")
        answer = await client.send("POST", "/api/fleet-service/v1/x", body=b"x" * (10 * 1024 * 1024 + 1))
        assert (answer.status, answer.code) == (413, "body_too_large")


async def test_the_gateway_itself_says_which_pages_may_ask(database_url: str, platform: TestPlatform) -> None:
    app, path = "https://app.example", "/api/fleet-service/v1/x"
    environ = {"NEXUS_PORT_OFFSET": str(OFFSET + 2), "NEXUS_HTTP_ORIGINS": app}
    async with open_platform([puabo_os], database_url, environ=environ) as opened:
        client = opened.bearer("puabo-os", None)
        asked = {"Origin": app, "Access-Control-Request-Method": "PUT"}
        assert (await client.send("OPTIONS", path, headers=asked)).status == 204, "though the service is not there"
        async with peer(8080 + OFFSET + 2):
            answer = await client.send("GET", path, headers={"Origin": app})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (207, app)
        assert answer.headers["Vary"] == "Accept, origin"
    async with peer(8080 + OFFSET):
        answer = await platform.bearer("puabo-os", None).send("GET", path, headers={"Origin": app})
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_what_is_inside_is_seen_from_the_networks_of_the_settings(database_url: str) -> None:
    environ = {"NEXUS_HTTP_INNER_NETWORKS": "192.0.2.0/24"}
    async with open_platform([puabo_os], database_url, environ=environ) as opened:
        answer = await opened.bearer("puabo-os", None).get("/metrics")
        assert (answer.status, answer.code) == (401, "token_missing")


async def told(port: int, *fields: str) -> bytes:
    """The first bytes that come back for a request whose body is held back."""
    head = ["POST /api/fleet-service/v1/x HTTP/1.1", "Host: x", "Content-Length: 2", *fields]
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send("\r\n".join([*head, "", ""]).encode())
        with anyio.fail_after(5):
            return await stream.receive()


async def test_bodies_are_awaited_as_every_face_awaits_them(database_url: str) -> None:
    environ = {"NEXUS_PORT_OFFSET": str(OFFSET + 1), "NEXUS_HTTP_BODY_S": "0.1"}
    async with peer(8080 + OFFSET + 1), open_platform([puabo_os], database_url, environ=environ) as opened:
        port = opened.faces.ports["puabo-os"]
        assert (await told(port, "Expect: 100-continue")).startswith(b"HTTP/1.1 100 ")
        assert (await told(port, "Expect: the-best")).startswith(b"HTTP/1.1 417 ")
        assert (await told(port)).startswith(b"HTTP/1.1 408 ")


class Spring:
    """A service that writes an answer in parts, each once it is let."""

    def __init__(self) -> None:
        self.parts = [b"one", b"two"]
        self.permits = anyio.Semaphore(0)
        self.breaks = False
        self.is_left = anyio.Event()

    async def flow(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/gpx+xml", "X-Own": "yes"})
        answer.headers.add("Link", "<a>")
        answer.headers.add("Link", "<b>")
        await answer.prepare(request)
        try:
            for part in self.parts:
                await self.permits.acquire()
                if self.breaks and part == b"two":
                    assert request.transport is not None
                    request.transport.abort()
                await answer.write(part)
        except BaseException:
            self.is_left.set()
            raise
        return answer


@asynccontextmanager
async def spring(port: int) -> AsyncIterator[Spring]:
    spring = Spring()
    application = web.Application()
    application.router.add_get("/{rest:.*}", spring.flow)
    runner = web.AppRunner(application, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield spring
    finally:
        await runner.cleanup()


async def test_what_a_service_writes_in_parts_goes_on_in_parts(platform: TestPlatform) -> None:
    address = f"http://127.0.0.1:{platform.faces.ports['puabo-os']}/api/tracker-ms/v1/trips/t/track.gpx"
    async with spring(8081 + OFFSET) as source, ClientSession() as session:
        source.permits.release()
        async with session.get(address) as answer:
            assert (answer.status, answer.content_type, answer.headers["X-Own"]) == (200, "application/gpx+xml", "yes")
            assert answer.headers.getall("Link") == ["<a>", "<b>"]
            assert await answer.content.readexactly(3) == b"one"
            source.permits.release()
            assert await answer.read() == b"two"


async def test_an_answer_that_its_service_cuts_off_is_cut_off(platform: TestPlatform) -> None:
    address = f"http://127.0.0.1:{platform.faces.ports['puabo-os']}/api/tracker-ms/v1/trips/t/track.gpx"
    async with spring(8081 + OFFSET) as source, ClientSession() as session:
        source.breaks = True
        for _ in range(2):
            source.permits.release()
        with pytest.raises((ClientPayloadError, ClientConnectionError)):
            async with session.get(address) as answer:
                await answer.read()


async def test_who_leaves_an_answer_is_not_read_on_for(platform: TestPlatform) -> None:
    address = f"http://127.0.0.1:{platform.faces.ports['puabo-os']}/api/tracker-ms/v1/trips/t/track.gpx"
    async with spring(8081 + OFFSET) as source:
        source.parts = [b"x" * 65_536] * 10_000
        source.permits = anyio.Semaphore(10_000)
        async with ClientSession() as session, session.get(address) as answer:
            await answer.content.readexactly(3)
        with anyio.fail_after(20):
            await source.is_left.wait()
