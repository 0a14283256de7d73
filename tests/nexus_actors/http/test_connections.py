"""Connections that are slow, silent or too many."""

import socket
import time
from contextlib import AsyncExitStack

import anyio
import msgspec
import pytest
from anyio.abc import SocketStream

from nexus_actors.http.connection_limits import ConnectionLimits
from nexus_actors.http.face import FaceSettings
from tests.nexus_actors.http.depot import Depot, serving, until

pytestmark = pytest.mark.anyio

REQUEST = b"GET /v1/label/a HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n"


def limited(
    *, head_s: float = 10.0, body_s: float = 30.0, idle_s: float = 75.0, connections: int = 1024, each: int = 256
) -> FaceSettings:
    limits = ConnectionLimits(
        head_s=head_s, body_s=body_s, idle_s=idle_s, connections=connections, connections_per_address=each
    )
    return FaceSettings(connections=limits)


async def rest(stream: SocketStream, within_s: float = 5.0) -> bytes:
    """All that still comes until the server closes."""
    received = b""
    with anyio.fail_after(within_s):
        try:
            while True:
                received += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return received


async def trickle(stream: SocketStream, data: bytes, every_s: float) -> None:
    """Send byte by byte for as long as the other side listens."""
    try:
        for byte in data:
            await stream.send(bytes([byte]))
            await anyio.sleep(every_s)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


def problem(answer: bytes, status: int, code: str) -> dict[str, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0].startswith(f"HTTP/1.1 {status} "), answer
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["content-length"] == str(len(body))
    document = msgspec.json.decode(body)
    assert (document["status"], document["code"], document["trace_id"]) == (status, code, headers["trace-id"])
    return headers


async def test_a_head_that_stops_in_the_middle_is_answered_408() -> None:
    async with serving(limited(head_s=0.2)) as depot, await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        await stream.send(REQUEST[:-5])
        headers = problem(await rest(stream), 408, "head_timeout")
    assert headers["date"].endswith("gmt")
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_head_that_trickles_gets_no_more_time_for_each_byte() -> None:
    async with (
        serving(limited(head_s=0.3)) as depot,
        await anyio.connect_tcp("127.0.0.1", depot.port) as stream,
        anyio.create_task_group() as tasks,
    ):
        started_s = time.monotonic()
        tasks.start_soon(trickle, stream, b"GET /v1/label/a HTTP/1.1\r\nX: " + b"x" * 1000, 0.02)
        problem(await rest(stream), 408, "head_timeout")
        assert time.monotonic() - started_s < 2
        tasks.cancel_scope.cancel()


async def test_the_head_of_a_later_request_has_its_own_time() -> None:
    async with serving(limited(head_s=0.3)) as depot, await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        for part in (REQUEST[:9], REQUEST[9:] + b"\r\n"):  # and a line end too many, which is no head
            await stream.send(part)
        assert (await stream.receive()).startswith(b"HTTP/1.1 200")
        await anyio.sleep(0.5)
        await stream.send(REQUEST)
        assert (await stream.receive()).startswith(b"HTTP/1.1 200")
        await stream.send(REQUEST[:9])
        problem(await rest(stream), 408, "head_timeout")


async def test_a_head_that_begins_late_on_an_idle_connection_is_still_told_why() -> None:
    limits = limited(head_s=0.5, idle_s=0.4)
    async with serving(limits) as depot, await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        await anyio.sleep(0.2)
        await stream.send(REQUEST[:9])
        problem(await rest(stream), 408, "head_timeout")


@pytest.mark.parametrize("before", [b"", REQUEST], ids=["before its first request", "after a request"])
async def test_an_idle_connection_is_closed(before: bytes) -> None:
    async with serving(limited(idle_s=0.2)) as depot, await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        if before:
            await stream.send(before)
            assert (await stream.receive()).startswith(b"HTTP/1.1 200")
        assert await rest(stream) == b""


async def test_a_request_at_work_is_not_idle() -> None:
    limits = limited(head_s=0.1, idle_s=0.1)
    async with serving(limits) as depot, await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        await stream.send(b"GET /v1/slow HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/la")  # and half a head behind it
        await depot.gates.entered.wait()
        await anyio.sleep(0.3)
        depot.gates.open.set()
        assert (await rest(stream)).startswith(b"HTTP/1.1 200")


async def test_a_body_that_trickles_is_answered_408() -> None:
    async with (
        serving(limited(body_s=0.3)) as depot,
        await anyio.connect_tcp("127.0.0.1", depot.port) as stream,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(trickle, stream, POST + b'{"label": "0123456"}', 0.05)
        problem(await rest(stream, 8), 408, "body_timeout")
        tasks.cancel_scope.cancel()
    assert depot.face.in_flight == 0


SLOW = b"GET /v1/slow HTTP/1.1\r\nHost: x\r\n\r\n"


class Callers(AsyncExitStack):
    """Connections to a depot, closed at the end."""

    def __init__(self, depot: Depot) -> None:
        super().__init__()
        self._depot = depot
        self.callback(depot.gates.open.set)

    async def connect(self, source: str = "127.0.0.1") -> SocketStream:
        stream = await anyio.connect_tcp("127.0.0.1", self._depot.port, local_host=source)
        return await self.enter_async_context(stream)

    async def idle(self, source: str = "127.0.0.1") -> SocketStream:
        """A connection whose request has been answered."""
        stream = await self.connect(source)
        await stream.send(REQUEST)
        assert (await stream.receive()).startswith(b"HTTP/1.1 200")
        return stream

    async def at_work(self, source: str = "127.0.0.1") -> SocketStream:
        """A connection whose request is at work until the gates open."""
        before = self._depot.face.in_flight
        stream = await self.connect(source)
        await stream.send(SLOW)
        await until(lambda: self._depot.face.in_flight == before + 1)
        return stream


async def test_one_connection_too_many_is_answered_503() -> None:
    async with serving(limited(connections=2)) as depot, Callers(depot) as callers:
        held = [await callers.at_work() for _ in range(2)]
        third = await callers.connect()
        await third.send(REQUEST * 100)
        headers = problem(await rest(third), 503, "too_many_connections")
        assert headers["retry-after"] == "5"
        await held[0].aclose()
        depot.gates.open.set()
        await until_admitted(depot)


async def test_where_it_is_full_the_one_gives_way_that_has_been_idle_longest() -> None:
    async with serving(limited(connections=4)) as depot, Callers(depot) as callers:
        working = await callers.at_work()
        first, second, silent = await callers.idle(), await callers.idle(), await callers.connect()
        await second.send(REQUEST)
        await second.receive()
        for gone in (first, silent, second):
            await callers.idle()
            assert await rest(gone) == b""
        depot.gates.open.set()
        assert (await working.receive()).startswith(b"HTTP/1.1 200"), "one with a request at work never gives way"


async def test_hundreds_of_silent_connections_lock_nobody_out() -> None:
    async with serving(limited(connections=8)) as depot, Callers(depot) as callers:
        for _ in range(200):
            await callers.connect()
        assert (await depot.send("GET", "/v1/label/a")).status == 200


async def test_a_head_that_trickles_keeps_no_place() -> None:
    async with serving(limited(connections=1)) as depot, Callers(depot) as callers:
        slow = await callers.connect()
        await slow.send(REQUEST[:9])
        await callers.idle()
        assert await rest(slow) == b""


async def test_requests_that_wait_behind_another_keep_their_place() -> None:
    async with serving(limited(connections=1)) as depot, Callers(depot) as callers:
        stream = await callers.connect()
        await stream.send(SLOW * 2)
        await until(lambda: depot.face.in_flight == 1)
        problem(await rest(await callers.connect()), 503, "too_many_connections")
        depot.gates.open.set()
        answers = b""
        while answers.count(b"done") < 2:
            answers += await stream.receive()


async def test_one_address_has_so_many_connections_and_others_theirs() -> None:
    async with serving(limited(connections=8, each=2)) as depot, Callers(depot) as callers:
        other = await callers.idle("127.0.0.2")
        first, second, third = [await callers.idle() for _ in range(3)]
        assert await rest(first) == b"", "the first of the same address gives way, not the one that waits longer"
        await other.send(REQUEST)
        assert (await other.receive()).startswith(b"HTTP/1.1 200")
        for stream in (second, third):
            await stream.send(SLOW)
        await until(lambda: depot.face.in_flight == 2)
        problem(await rest(await callers.connect()), 503, "too_many_connections")
        await callers.idle("127.0.0.2")


async def test_those_turned_away_are_not_waited_for_without_end() -> None:
    async with serving(limited(connections=1)) as depot, Callers(depot) as callers:
        await callers.at_work()
        many = [await callers.connect() for _ in range(5)]
        for stream in many:
            answer = await rest(stream)
            assert answer.startswith(b"HTTP/1.1 503"), "they are told, and closed though they stay"


async def test_connections_that_break_make_room_again() -> None:
    async with serving(limited(connections=2)) as depot:
        for _ in range(6):
            client = socket.create_connection(("127.0.0.1", depot.port))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset in place of an end
            client.close()
        await until_admitted(depot)


async def until_admitted(depot: Depot) -> None:
    answered: list[int] = []
    while 200 not in answered[-1:]:
        answered.append((await depot.send("GET", "/v1/label/a")).status)
        assert len(answered) < 200
        await anyio.sleep(0.01)
    await until(lambda: depot.face.in_flight == 0)
