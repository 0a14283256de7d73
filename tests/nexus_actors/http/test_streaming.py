"""Answers that are written while they are made."""

from collections.abc import AsyncGenerator, AsyncIterator

import aiohttp
import anyio
import pytest

from bus import Refusal
from nexus_actors.http import Routes, Streamed
from nexus_actors.http import streaming as http_streaming
from tests.nexus_actors.http.depot import READER, Depot, until

pytestmark = pytest.mark.anyio

PART = b"x" * 65_536
FAR_TOO_MANY = 20_000


class Mill:
    """Makes the parts of an answer, and counts them."""

    def __init__(self) -> None:
        self.parts = 5
        self.breaks_at: int | None = None
        self.made = 0
        self.is_closed = False

    async def grind(self) -> AsyncGenerator[bytes, None]:
        try:
            for number in range(self.parts):
                if number == self.breaks_at:
                    raise Refusal.not_found("no_grain", "There is no grain left.")
                self.made += 1
                yield PART
        finally:
            self.is_closed = True


@pytest.fixture
def mill() -> Mill:
    return Mill()


@pytest.fixture
async def depot(mill: Mill) -> AsyncIterator[Depot]:
    """A face with a route that streams what the mill makes."""
    routes = Routes(tag="flour")

    @routes.get("/v1/flour", scope=None)
    async def show_flour() -> Streamed:
        """Show flour."""
        return Streamed(mill.grind(), "application/flour", {"Content-Disposition": "attachment"})

    depot = Depot(routes=[routes])
    async with depot.face.serve("127.0.0.1", 0) as depot.port:
        yield depot


async def test_parts_come_as_one_answer_with_the_headers_of_any_other(depot: Depot) -> None:
    answer = await depot.send("GET", "/v1/flour")
    assert (answer.status, answer.body) == (200, PART * 5)
    assert answer.headers["Content-Type"] == "application/flour"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Trace-Id" in answer.headers


async def test_an_answer_without_parts_is_empty(depot: Depot, mill: Mill) -> None:
    mill.parts = 0
    answer = await depot.send("GET", "/v1/flour")
    assert (answer.status, answer.body) == (200, b"")


async def test_a_head_is_answered_without_making_the_rest(depot: Depot, mill: Mill) -> None:
    mill.parts = FAR_TOO_MANY
    answer = await depot.send("HEAD", "/v1/flour")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"", "application/flour")
    await until(lambda: mill.is_closed)
    assert mill.made <= 1


async def test_what_is_wrong_before_the_first_part_is_a_problem_document(depot: Depot, mill: Mill) -> None:
    mill.breaks_at = 0
    (await depot.send("GET", "/v1/flour")).problem(404, "no_grain")


async def test_what_goes_wrong_later_cuts_the_connection_and_is_not_taken_for_the_end(depot: Depot, mill: Mill) -> None:
    mill.breaks_at = 3
    with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientConnectionError)):
        await depot.send("GET", "/v1/flour")
    mill.breaks_at = None
    assert (await depot.send("GET", "/v1/flour")).status == 200


async def test_a_client_that_leaves_ends_the_making(depot: Depot, mill: Mill) -> None:
    mill.parts = FAR_TOO_MANY
    async with aiohttp.ClientSession() as session, session.get(depot.url("/v1/flour")) as response:
        await response.content.readexactly(100)
    await until(lambda: mill.is_closed)
    assert mill.made < FAR_TOO_MANY


async def test_no_more_is_made_than_is_read_and_who_does_not_read_is_cut_off(
    depot: Depot, mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_streaming, "STALL_S", 0.2)
    mill.parts = FAR_TOO_MANY
    async with await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        await stream.send(b"GET /v1/flour HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: mill.is_closed)
    assert mill.made < 500


async def test_a_stream_counts_as_a_request_at_work(depot: Depot, mill: Mill) -> None:
    mill.parts = FAR_TOO_MANY
    async with await anyio.connect_tcp("127.0.0.1", depot.port) as stream:
        await stream.send(b"GET /v1/flour HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: mill.made > 1)
        assert depot.face._guard.in_flight == 1
    await until(lambda: depot.face._guard.in_flight == 0)


async def test_the_document_says_that_it_comes_in_parts(depot: Depot) -> None:
    document = (await depot.send("GET", "/openapi.json", headers=READER)).json
    answer = document["paths"]["/v1/flour"]["get"]["responses"]["200"]
    assert "*/*" in answer["content"]
    assert "parts" in answer["description"]
