from urllib.parse import urlsplit

import asyncpg
import pytest
from anyio.to_thread import run_sync

from nexus_actors.embedded import EmbeddedPostgres
from tests.databases import Databases

pytestmark = pytest.mark.anyio

FILL = "CREATE TABLE one (id int); CREATE SCHEMA more; CREATE TABLE more.two (id int); CREATE TYPE kind AS ENUM ('a')"
CONTENT = """
SELECT array_agg(relname::text) FROM pg_class WHERE relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
"""


async def ask(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def oid_of(url: str) -> object:
    return await ask(url, "SELECT oid FROM pg_database WHERE datname = current_database()")


async def test_a_database_is_used_again_empty_and_under_another_name(postgres_server: EmbeddedPostgres) -> None:
    databases = Databases(postgres_server.url)
    first = await run_sync(databases.take)
    left_open = await asyncpg.connect(first)
    await left_open.execute(FILL)
    await left_open.execute(f"ALTER DATABASE {urlsplit(first).path[1:]} SET search_path TO more")
    oid = await oid_of(first)
    await run_sync(databases.give_back, first)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await left_open.execute("SELECT 1")

    second = await run_sync(databases.take)
    try:
        assert (await oid_of(second), second == first) == (oid, False)
        assert await ask(second, CONTENT) is None
        assert await ask(second, "SHOW search_path") == '"$user", public'
        for statement in FILL.split(";"):
            await ask(second, statement)
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(first)
    finally:
        await run_sync(databases.give_back, second)


async def test_one_that_cannot_be_emptied_is_replaced_and_two_may_be_had(postgres_server: EmbeddedPostgres) -> None:
    databases = Databases(postgres_server.url)
    first, second = await run_sync(databases.take), await run_sync(databases.take)
    assert await oid_of(first) != await oid_of(second)
    await ask(postgres_server.url, f"DROP DATABASE {urlsplit(first).path[1:]}")
    await run_sync(databases.give_back, first)
    await run_sync(databases.give_back, second)
    third = await run_sync(databases.take)
    await run_sync(databases.give_back, third)
