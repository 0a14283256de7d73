"""A face as a server: ports, draining, requests at work, the documentation page."""

import re

import aiohttp
import anyio
import pytest
from aiohttp import web

from nexus_actors.http.docs_page import docs_page
from nexus_actors.http.face import FaceSettings
from nexus_actors.http.listener import CannotListen
from tests.nexus_actors.http.depot import Depot, serving, until

pytestmark = pytest.mark.anyio


async def status_of(depot: Depot, path: str, statuses: list[int]) -> None:
    statuses.append((await depot.send("GET", path)).status)


async def test_a_taken_port_is_named(depot: Depot) -> None:
    other = Depot()
    with pytest.raises(CannotListen, match=rf"Port {depot.port} on 127.0.0.1 is taken.*another port"):
        async with other.face.serve("127.0.0.1", depot.port):
            pytest.fail("two faces on one port")
    assert (await depot.send("GET", "/health")).status == 200


async def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(CannotListen, match=r"203\.0\.113\.1"):
        async with Depot().face.serve("203.0.113.1", 0):
            pytest.fail("listens elsewhere")


async def test_two_processes_may_share_a_port() -> None:
    one, two = Depot(), Depot()
    async with (
        one.face.serve("127.0.0.1", 0, reuse_port=True) as port,
        two.face.serve("127.0.0.1", port, reuse_port=True) as other,
    ):
        assert port == other


async def test_a_face_serves_again_after_its_end() -> None:
    depot = Depot()
    for _ in range(2):
        async with depot.face.serve("127.0.0.1", 0) as depot.port:
            assert (await depot.send("GET", "/v1/label/a")).status == 200
            assert (await depot.send("GET", "/health/ready")).status == 200


async def test_a_request_at_work_ends_before_the_face_does() -> None:
    statuses: list[int] = []
    depot = Depot()
    async with anyio.create_task_group() as clients:
        async with depot.face.serve("127.0.0.1", 0) as depot.port:
            clients.start_soon(status_of, depot, "/v1/slow", statuses)
            await depot.gates.entered.wait()
            clients.start_soon(open_when_closed, depot)
        assert depot.face.in_flight == 0
    assert statuses == [200]


async def open_when_closed(depot: Depot) -> None:
    """Let the request go on once the port is closed to new ones."""
    with anyio.fail_after(5):
        while True:
            try:
                async with await anyio.connect_tcp("127.0.0.1", depot.port):
                    await anyio.sleep(0.01)
            except OSError:
                break
    depot.gates.open.set()


async def test_a_request_that_does_not_end_is_cut_off() -> None:
    depot = Depot(FaceSettings(drain_s=0.1))
    failures: list[aiohttp.ClientError] = []

    async def ask() -> None:
        try:
            await depot.send("GET", "/v1/slow")
        except aiohttp.ClientError as error:
            failures.append(error)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as clients, depot.face.serve("127.0.0.1", 0) as depot.port:
            clients.start_soon(ask)
            await depot.gates.entered.wait()
    assert len(failures) == 1
    assert depot.face.in_flight == 0


async def test_what_is_at_work_gets_the_time_of_draining_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []

    async def shutdown(self: web.Server, timeout: float | None) -> None:  # noqa: ASYNC109 - aiohttp's own
        waits.append(timeout)

    monkeypatch.setattr(web.Server, "shutdown", shutdown)
    async with serving(FaceSettings(drain_s=3.0)):
        pass
    assert waits == [1.5], "aiohttp takes it twice: for the answers, and for the bodies"


async def test_readiness_says_no_before_the_port_closes() -> None:
    depot = Depot(FaceSettings(notice_s=0.5))
    statuses: list[int] = []
    async with anyio.create_task_group() as clients, depot.face.serve("127.0.0.1", 0) as depot.port:
        await status_of(depot, "/health/ready", statuses)
        clients.start_soon(ask_after, depot, statuses)
    assert statuses == [200, 503, 200]


async def ask_after(depot: Depot, statuses: list[int]) -> None:
    """Ask once the face has begun to stop."""
    await anyio.sleep(0.1)
    await status_of(depot, "/health/ready", statuses)
    await status_of(depot, "/v1/label/a", statuses)


async def test_idle_connections_do_not_hold_the_face_up() -> None:
    depot = Depot()
    async with aiohttp.ClientSession() as session:
        with anyio.fail_after(2):
            async with depot.face.serve("127.0.0.1", 0) as depot.port, session.get(depot.url("/v1/label/a")) as answer:
                assert answer.status == 200


async def test_a_cancelled_face_still_drains() -> None:
    depot = Depot()
    statuses: list[int] = []
    async with anyio.create_task_group() as clients:
        with anyio.CancelScope() as scope:
            async with depot.face.serve("127.0.0.1", 0) as depot.port:
                clients.start_soon(status_of, depot, "/v1/slow", statuses)
                await depot.gates.entered.wait()
                clients.start_soon(open_when_closed, depot)
                scope.cancel()
                await anyio.sleep_forever()
    assert statuses == [200]


async def test_too_many_requests_at_work_are_sent_away() -> None:
    async with serving(FaceSettings(max_in_flight=1)) as depot, anyio.create_task_group() as clients:
        statuses: list[int] = []
        clients.start_soon(status_of, depot, "/v1/slow", statuses)
        await depot.gates.entered.wait()
        answer = await depot.send("GET", "/v1/label/a")
        answer.problem(503, "too_many_requests_at_work")
        assert answer.headers["Retry-After"] == "1"
        assert (await depot.send("GET", "/health")).status == 200
        depot.gates.open.set()
        await until(lambda: statuses == [200])
        assert (await depot.send("GET", "/v1/label/a")).status == 200


async def test_a_connection_is_used_again(depot: Depot) -> None:
    head = "GET {} HTTP/1.1\r\nHost: x\r\n\r\n"
    async with await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        for path, status in [("/v1/label/a", b"200"), ("/nowhere", b"404"), ("/v1/broken", b"500"), ("/health", b"200")]:
            await stream.send(head.format(path).encode())
            assert (await stream.receive()).split()[1] == status


async def test_the_documentation_page_is_locked_to_itself(depot: Depot) -> None:
    page = await depot.send("GET", "/docs")
    policy = page.headers["Content-Security-Policy"]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='; style-src 'sha256-", policy)
    assert "unsafe" not in policy
    text = page.body.decode()
    assert "Depot MS" in text
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), "it loads nothing from elsewhere"
    assert not re.search(r"\son[a-z]+=|innerHTML|javascript:", text), "nothing in it runs but its own script"


async def test_a_title_cannot_break_the_page() -> None:
    assert "<b>" not in docs_page("<b>Depot</b>").html
