"""Passing requests on, against a peer that shows what it gets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest
from aiohttp import web

from modules.puabo_os.service import service as puabo_os
from nexus_actors.testing import TestPlatform, open_platform
from nexus_actors.testing.fixtures import platform_fixture

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def peer(port: int) -> AsyncIterator[None]:
    async def show(request: web.Request) -> web.Response:
        shown = {
            "method": request.method,
            "path": request.raw_path,
            "headers": dict(request.headers),
            "body": (await request.read()).decode(),
        }
        return web.json_response(shown, status=207, headers={"ETag": '"1"', "Connection": "close", "X-Own": "yes"})

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
    ],
)
async def test_what_cannot_be_passed_on_is_a_problem_document(
    platform: TestPlatform, path: str, status: int, code: str
) -> None:
    answer = await platform.bearer("puabo-os", "t").get(path)
    assert (answer.status, answer.code) == (status, code)


async def test_a_body_over_the_limit_is_refused(platform: TestPlatform) -> None:
    async with peer(8080 + OFFSET):
        client = platform.bearer("puabo-os", "t")
        answer = await client.send("POST", "/api/fleet-service/v1/x", body=b"x" * (10 * 1024 * 1024 + 1))
        assert (answer.status, answer.code) == (413, "body_too_large")


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
