"""Bodies over HTTP: what may come in, and what each kind of bad input is answered."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import aiohttp
import anyio
import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from anyio.lowlevel import checkpoint

from nexus_actors.http.body import pieces
from nexus_actors.http.connection_limits import ConnectionLimits
from nexus_actors.http.face import FaceSettings
from tests.nexus_actors.http.crates import CRATE
from tests.nexus_actors.http.depot import WRITER, Depot, raw_exchange, serving, until

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


async def refused(depot: Depot, body: bytes | object, status: int, code: str, path: str = "/v1/crates") -> list[dict[str, str]]:
    answer = await depot.send("POST", path, body=body, headers=WRITER)
    errors: list[dict[str, str]] = answer.problem(status, code).get("errors", [])
    assert depot.inbox.calls == []
    return errors


async def test_a_good_body_becomes_a_command(depot: Depot) -> None:
    answer = await depot.send("POST", "/v1/crates", body={"label": "oak", "fixes": [{"lat": 45}]}, headers=WRITER)
    assert answer.status == 201
    call = depot.inbox.calls[0]
    assert (call["command"].label, call["principal"].subject) == ("oak", "ana")
    assert answer.headers["Location"] == f"/v1/crates/{answer.json['crate_id']}"
    assert answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"label": "a",}',
        b"{'label': 'a'}",
        b'{"label": "a"} {}',
        b'\xef\xbb\xbf{"label": "a"}',
        b'{"label": "\xff"}',
        b'{"label": "\\ud800"}',
        b'{"label": "a", "fixes": [{"lat": NaN}]}',
        b'{"label": "a", "fixes": [{"lat": Infinity}]}',
        b'{"label": "a", "fixes": [{"lat": -Infinity}]}',
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'{"label":' + b"[" * 65 + b"]" * 65 + b"}",
    ],
)
async def test_what_is_no_json_is_malformed(depot: Depot, body: bytes) -> None:
    assert await refused(depot, body, 400, "malformed") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "$"),
        (b"null", "$"),
        (b"{}", "$.label"),
        (b'{"label": 5}', "$.label"),
        (b'{"label": null}', "$.label"),
        (b'{"label": ""}', "$.label"),
        (b'{"label": "a", "colour": "red"}', "$.colour"),
        (b'{"label": "a", "fixes": [{"lat": 1}, {"lat": 2, "x": 3}]}', "$.fixes[1].x"),
        (b'{"label": "a", "fixes": [{"lat": "1"}]}', "$.fixes[0].lat"),
        (b'{"label": "a", "fixes": [{"lat": true}]}', "$.fixes[0].lat"),
        (b'{"label": "a", "fixes": [{"lat": 91}]}', "$.fixes[0].lat"),
        (b'{"label": "a", "fixes": [{"lat": 1e999}]}', "$.fixes[0].lat"),
        (b'{"label": "a", "fixes": [{"lat": 1, "count": 1.5}]}', "$.fixes[0].count"),
        (b'{"label": "a", "fixes": [{"lat": 1, "count": true}]}', "$.fixes[0].count"),
        (b'{"label": "a", "due_at": "2026-01-01T00:00:00"}', "$.due_at"),
        (b'{"label": "a", "label": "b"}', "$..label"),
        (b'{"label": "a", "lab\\u0065l": "b"}', "$..label"),
        (b'{"label": "a", "fixes": [{"lat": 1, "lat": 2}]}', "$..lat"),
        (b'{"label": "a\\u0000b"}', "$.label"),
    ],
)
async def test_what_is_not_allowed_names_its_field(depot: Depot, body: bytes, field: str) -> None:
    errors = await refused(depot, body, 422, "invalid")
    assert [error["field"] for error in errors] == [field]
    assert errors[0]["reason"]


async def test_colons_and_escapes_in_text_are_no_duplicates(depot: Depot) -> None:
    body = b'{"label": "a:\\"b\\\\", "fixes": []}'
    assert (await depot.send("POST", "/v1/crates", body=body, headers=WRITER)).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_other_media_types_are_refused(depot: Depot, headers: dict[str, str]) -> None:
    answer = await depot.send("POST", "/v1/crates", body=b"{}", headers={**WRITER, **headers}, skip_auto_headers=())
    answer.problem(415, "unsupported_media_type")
    assert answer.headers.keys() & {"Accept", "Accept-Encoding"}


async def test_a_body_without_a_type_is_refused(depot: Depot) -> None:
    head = "POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    assert b"415" in (await raw_exchange(depot.port, head.encode())).splitlines()[0]


async def test_utf_8_may_be_said(depot: Depot) -> None:
    headers = {"Content-Type": "Application/JSON; charset=UTF-8"}
    assert (await depot.send("POST", "/v1/small", body=b'{"label": "a"}', headers=headers)).status == 204


async def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_not(depot: Depot) -> None:
    body = b'{"label": "a"}'
    fits = body + b" " * (64 - len(body))
    assert (await depot.send("POST", "/v1/small", body=fits)).status == 204
    (await depot.send("POST", "/v1/small", body=fits + b" ")).problem(413, "body_too_large")


async def test_a_chunked_body_has_the_same_limit(depot: Depot) -> None:
    async def chunks(count: int) -> AsyncIterator[bytes]:
        yield b'{"label": "a"}'
        for _ in range(count):
            yield b" " * 10

    async with aiohttp.ClientSession(headers=JSON) as session:
        async with session.post(depot.url("/v1/small"), data=chunks(5)) as answer:
            assert answer.status == 204
        async with session.post(depot.url("/v1/small"), data=chunks(6)) as answer:
            assert answer.status == 413
            assert answer.headers["Connection"] == "close"


async def test_a_declared_length_over_the_limit_is_refused_before_the_body_comes(depot: Depot) -> None:
    head = (
        "POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n"
    )
    stream = await anyio.connect_tcp("127.0.0.1", depot.port)
    async with stream:
        await stream.send(head.encode())
        with anyio.fail_after(2):
            assert (await stream.receive()).startswith(b"HTTP/1.1 413")


async def test_a_wanted_body_is_invited(depot: Depot) -> None:
    body = b'{"label": "a"}'
    head = (
        "POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    stream = await anyio.connect_tcp("127.0.0.1", depot.port)
    async with stream:
        await stream.send(head.encode())
        assert await stream.receive() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await stream.send(body)
        assert (await stream.receive()).startswith(b"HTTP/1.1 204")


async def test_another_expectation_fails(depot: Depot) -> None:
    answer = await depot.send("POST", "/v1/small", body=b'{"label": "a"}', headers={"Expect": "miracles"})
    answer.problem(417, "unknown_expectation")


async def test_a_transfer_that_breaks_in_the_middle_ends_with_the_connection() -> None:
    limits = ConnectionLimits(body_s=0.2)  # aiohttp does not tell the handler; the time limit does
    head = "POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with (
        serving(FaceSettings(connections=limits)) as depot,
        await anyio.connect_tcp("127.0.0.1", depot.port) as stream,
    ):
        await stream.send(head.encode() + b"1\r\n{\r\n")
        await until(lambda: depot.face.in_flight == 1)
        await stream.send(b"zz\r\nabc\r\n0\r\n\r\n")
        assert (await stream.receive()).startswith(b"HTTP/1.1 408")


async def test_a_transfer_that_is_broken_from_the_start_is_no_http(depot: Depot) -> None:
    head = "POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await raw_exchange(depot.port, head.encode() + b"zz\r\nabc\r\n0\r\n\r\n")
    assert b" 400 " in answer.splitlines()[0]
    assert b'"code":"malformed"' in answer


async def test_two_lengths_are_no_http(depot: Depot) -> None:
    head = (
        "POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    answer = await raw_exchange(depot.port, head.encode() + b"0\r\n\r\n")
    assert b" 400 " in answer.splitlines()[0]
    assert b"application/problem+json" in answer


async def test_a_client_that_goes_away_disturbs_nobody(depot: Depot) -> None:
    head = "POST /v1/small HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
    stream = await anyio.connect_tcp("127.0.0.1", depot.port)
    async with stream:
        await stream.send(head.encode())
        await until(lambda: depot.face.in_flight == 1)
    await until(lambda: depot.face.in_flight == 0)
    assert (await depot.send("GET", "/health")).status == 200


async def test_bytes_of_a_declared_type_are_taken_as_they_are(depot: Depot) -> None:
    headers = {"Content-Type": "application/gpx+xml"}
    answer = await depot.send("POST", "/v1/tracks", body=b"<gpx/>", headers=headers)
    assert (answer.status, answer.body) == (202, b"<gpx/>")
    assert answer.headers["Content-Type"] == "application/gpx+xml"
    assert answer.headers["Content-Disposition"] == "attachment"
    (await depot.send("POST", "/v1/tracks", body=b"<gpx/>")).problem(415, "unsupported_media_type")


async def test_json_of_any_shape_is_still_read_strictly(depot: Depot) -> None:
    answer = await depot.send("POST", "/v1/anything", body=b'[1, {"a": null}]')
    assert answer.body == b'[1, {"a": null}]'
    assert [e["field"] for e in await refused(depot, b'{"a":1,"a":2}', 422, "invalid", "/v1/anything")] == ["$..a"]
    await refused(depot, b'{"a":', 400, "malformed", "/v1/anything")


async def test_a_body_where_none_is_taken_is_refused(depot: Depot) -> None:
    path = f"/v1/crates/{CRATE}:seal"
    assert [e["field"] for e in await refused(depot, b'{"label": "a"}', 422, "invalid", path)] == ["$"]
    assert (await depot.send("POST", path, body=b"{}", headers=WRITER)).status == 200


async def test_a_body_in_chunks_of_a_byte_is_taken_in_pieces_with_others_at_work_in_between() -> None:
    loop = asyncio.get_running_loop()
    content = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
    for _ in range(20_000):
        content.feed_data(b"a")
    content.feed_eof()
    others = 0

    async def work() -> None:
        nonlocal others
        while True:
            others += 1
            await checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        found = [(len(piece), others) async for piece in pieces(content)]
        tasks.cancel_scope.cancel()
    assert [size for size, _ in found] == [8_192, 8_192, 3_616]
    assert len({turn for _, turn in found}) == 3


async def test_what_is_left_of_a_refused_body_is_read_and_the_connection_goes_on(depot: Depot) -> None:
    refused = b"POST /v1/nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 30_000
    async with await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        await stream.send(refused + b"0\r\n\r\nGET /v1/label/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = b""
        with anyio.fail_after(5), contextlib.suppress(anyio.EndOfStream):
            while True:
                answers += await stream.receive()
    assert re.findall(rb"HTTP/1.1 [0-9]+", answers) == [b"HTTP/1.1 404", b"HTTP/1.1 200"]
