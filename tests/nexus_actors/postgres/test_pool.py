"""Connections: how a session is set up, what values become, and what happens when the server is not there."""

import os
import socket
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import anyio
import asyncpg
import msgspec
import pytest
from anyio.abc import SocketStream
from msgspec import Struct

from nexus_actors.errors import ConfigError, DatabaseUnavailable
from nexus_actors.postgres.pool import open_pool

pytestmark = pytest.mark.anyio


class Place(Struct, frozen=True):
    name: str
    lat: float


async def test_a_session_is_bounded_and_looks_into_its_schema_first(database_url: str) -> None:
    async with open_pool(database_url, schema="tracker_ms", application_name="nexus tracker-ms") as pool:
        names = ["search_path", "application_name", "statement_timeout", "lock_timeout", "timezone", "jit"]
        shown = {name: await pool.fetchval(f"SHOW {name}") for name in names}
        idle = await pool.fetchval("SHOW idle_in_transaction_session_timeout")
    assert shown == {
        "search_path": "tracker_ms,nexus",
        "application_name": "nexus tracker-ms",
        "statement_timeout": "30s",
        "lock_timeout": "10s",
        "timezone": "UTC",
        "jit": "off",
    }
    assert idle == "5s"


async def test_uuids_are_plain_and_come_back_as_they_went(database_url: str) -> None:
    ids = [uuid4() for _ in range(3)]
    async with open_pool(database_url, schema="s", application_name="test") as pool:
        back = await pool.fetchval("SELECT $1::uuid[]", ids)
        assert type(await pool.fetchval("SELECT $1::uuid", ids[0])) is UUID
    assert back == ids


async def test_instants_come_back_in_utc(database_url: str) -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123_456, tzinfo=UTC)
    async with open_pool(database_url, schema="s", application_name="test") as pool:
        back = await pool.fetchval("SELECT $1::timestamptz", at)
        text = await pool.fetchval("SELECT $1::timestamptz::text", at)
    assert back == at
    assert back.tzinfo is UTC
    assert text == "2026-03-29 01:30:00.123456+00"


async def test_the_first_and_the_last_instant_are_as_good_as_any_other(database_url: str) -> None:
    ends = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
    async with open_pool(database_url, schema="s", application_name="test") as pool:
        assert await pool.fetchval("SELECT $1::timestamptz[]", ends) == ends
        texts = await pool.fetchval("SELECT $1::timestamptz[]::text[]", ends)
        endless = await pool.fetchval("SELECT ARRAY['-infinity', 'infinity']::timestamptz[]")
        with pytest.raises(asyncpg.DataError):
            await pool.fetchval("SELECT $1::timestamptz", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    assert texts == ["0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00"]
    assert endless == ends


@pytest.mark.parametrize("kind", ["json", "jsonb"])
async def test_json_is_written_from_values_or_bytes_and_read_as_bytes(database_url: str, kind: str) -> None:
    async with open_pool(database_url, schema="s", application_name="test") as pool:
        query = f"SELECT $1::{kind}"
        place = Place("Višnjan", 45.276)
        assert msgspec.json.decode(await pool.fetchval(query, place), type=Place) == place
        assert msgspec.json.decode(await pool.fetchval(query, msgspec.json.encode(place)), type=Place) == place
        assert await pool.fetchval(query, "a word") == b'"a word"'
        assert await pool.fetchval(query, None) is None
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await pool.fetchval(query, b"{not json")


async def test_json_and_uuids_travel_by_copy_too(database_url: str) -> None:
    row = (uuid4(), Place("a", 1.0), datetime(2026, 1, 1, tzinfo=UTC))
    async with open_pool(database_url, schema="public", application_name="test") as pool:
        await pool.execute("CREATE TABLE places (id uuid, body jsonb, at timestamptz)")
        await pool.copy_records_to_table("places", records=[row], columns=["id", "body", "at"])
        back = await pool.fetchrow("SELECT * FROM places")
    assert back is not None
    assert (back["id"], msgspec.json.decode(back["body"], type=Place), back["at"]) == row


async def test_a_read_only_pool_refuses_changes(database_url: str) -> None:
    async with open_pool(database_url, schema="s", application_name="test", read_only=True) as pool:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await pool.execute("CREATE TABLE t (a int)")


async def test_a_transaction_left_open_does_not_reach_the_next_user(database_url: str) -> None:
    async with open_pool(database_url, schema="s", application_name="test", max_size=1) as pool:
        async with pool.acquire() as connection:
            first = await connection.fetchval("SELECT pg_backend_pid()")
            await connection.execute("BEGIN")
        async with pool.acquire() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") == first
            assert not connection.is_in_transaction()


async def test_a_wrong_database_is_refused_at_once_and_shows_no_password(database_url: str) -> None:
    parts = urlsplit(database_url)
    url = parts._replace(path="/nowhere", query="&".join(filter(None, [parts.query, "password=hunter22"]))).geturl()
    with pytest.raises(ConfigError, match="does not exist") as refused, anyio.fail_after(5):
        async with open_pool(url, schema="s", application_name="test", connect_within_s=60):
            pytest.fail("connected to a database that is not there")
    assert "hunter22" not in str(refused.value)


async def test_a_malformed_address_is_a_matter_of_configuration() -> None:
    with pytest.raises(ConfigError, match="NEXUS_DATABASE_URL"):
        async with open_pool("postgresql://h:port/x", schema="s", application_name="test"):
            pytest.fail("connected without an address")


async def test_a_server_that_is_not_there_is_tried_until_the_deadline() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://u:hunter22@127.0.0.1:{taken.getsockname()[1]}/x"
        started = anyio.current_time()
        with pytest.raises(DatabaseUnavailable, match=r"within 0\.5 s") as refused:
            async with open_pool(url, schema="s", application_name="test", connect_within_s=0.5):
                pytest.fail("connected to a port where nobody listens")
    assert 0.2 < anyio.current_time() - started < 5
    assert "hunter22" not in str(refused.value)


async def test_a_server_that_comes_later_is_waited_for(database_url: str, tcp_address: "Forward") -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(tcp_address.listen_after, 0.4)
        async with open_pool(tcp_address.url, schema="s", application_name="test", connect_within_s=20) as pool:
            assert await pool.fetchval("SELECT 1") == 1
        group.cancel_scope.cancel()


async def test_a_connection_over_tcp_probes_whether_the_server_lives(tcp_address: "Forward") -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(tcp_address.listen_after, 0)
        opened = open_pool(tcp_address.url, schema="s", application_name="test", connect_within_s=20)
        async with opened as pool, pool.acquire() as connection:
            proxied: Any = connection
            shown = proxied._con._transport.get_extra_info("socket")
            with socket.socket(fileno=os.dup(shown.fileno())) as client:
                assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                if hasattr(socket, "TCP_KEEPIDLE"):
                    assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        group.cancel_scope.cancel()


class Forward:
    """A TCP port that leads to the server, which listens on a Unix socket or elsewhere."""

    def __init__(self, database_url: str) -> None:
        self._target = urlsplit(database_url)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        user = self._target.username or "postgres"
        self.url = f"postgresql://{user}:{self._target.password or ''}@127.0.0.1:{self._port}{self._target.path}"

    async def listen_after(self, delay_s: float) -> None:
        await anyio.sleep(delay_s)
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=self._port)
        async with listener:
            await listener.serve(self._serve)

    async def _serve(self, client: SocketStream) -> None:
        host = dict(pair.split("=") for pair in self._target.query.split("&")).get("host") if self._target.query else None
        async with client, await self._dial(host) as server, anyio.create_task_group() as group:
            group.start_soon(_pump, client, server)
            await _pump(server, client)
            group.cancel_scope.cancel()

    async def _dial(self, host: str | None) -> Any:
        if host is not None:
            return await anyio.connect_unix(f"{host}/.s.PGSQL.{self._target.port or 5432}")
        return await anyio.connect_tcp(self._target.hostname or "127.0.0.1", self._target.port or 5432)


async def _pump(source: Any, sink: Any) -> None:
    try:
        async for data in source:
            await sink.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


@pytest.fixture
def tcp_address(database_url: str) -> Forward:
    return Forward(database_url)
