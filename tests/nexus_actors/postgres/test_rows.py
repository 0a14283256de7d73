"""Rows that a transaction writes in passing."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nexus_actors.postgres.database import open_transaction
from nexus_actors.postgres.pool import open_pool

if TYPE_CHECKING:
    from asyncpg import Pool

pytestmark = pytest.mark.anyio

TABLES = """
CREATE TABLE places (id int PRIMARY KEY, "table" text NOT NULL DEFAULT 'here', at timestamptz NOT NULL DEFAULT now());
CREATE TABLE visits (place int NOT NULL REFERENCES places, note text NOT NULL);
CREATE TABLE "odd "" name" (n int DEFAULT 7)"""


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator["Pool[Any]"]:
    async with open_pool(database_url, schema="public", application_name="test", max_size=4) as pool:
        await pool.execute(TABLES)
        yield pool


@pytest.mark.parametrize("count", [1, 7, 8, 500])
async def test_they_are_written_with_the_commit_and_read_back_before_it(pool: "Pool[Any]", count: int) -> None:
    async with open_transaction(pool) as opened:
        for number in range(count):
            opened.insert("places", id=number, table=f"t{number}")
            opened.insert("visits", note="é\\ \t\n", place=number)
        assert (opened.begun, opened.statements, opened.writes) == (True, 2 * count, 2 * count)
        assert await opened.fetchval("SELECT count(*) FROM visits JOIN places ON id = place") == count
        opened.insert("places", id=count)
        await opened.commit()
    found = await pool.fetch('SELECT id, "table" FROM places ORDER BY id')
    assert [tuple(row) for row in found] == [(n, f"t{n}") for n in range(count)] + [(count, "here")]
    assert {row["note"] for row in await pool.fetch("SELECT note FROM visits")} == {"é\\ \t\n"}


async def test_they_are_gone_with_a_rollback_and_nothing_is_added_afterwards(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        opened.insert("places", id=1)
    assert not opened.begun
    with pytest.raises(RuntimeError, match="ended"):
        opened.insert("places", id=2)
    assert await pool.fetchval("SELECT count(*) FROM places") == 0
    assert pool.get_size() == pool.get_idle_size()


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"id": 0}, asyncpg.UniqueViolationError),
        ({"id": "text"}, (asyncpg.DataError, TypeError)),
        ({"id": 2**40}, (asyncpg.DataError, OverflowError)),
        ({"id": 77, "nothing": 1}, asyncpg.UndefinedColumnError),
        ({"id": 77, "table": None}, asyncpg.NotNullViolationError),
        ({"id": 77, "table": "a\0b"}, asyncpg.CharacterNotInRepertoireError),
    ],
)
async def test_a_row_that_the_table_refuses_fails_the_commit(
    pool: "Pool[Any]", row: dict[str, Any], error: type[Exception] | tuple[type[Exception], ...], count: int
) -> None:
    async with open_transaction(pool) as opened:
        for number in range(count):
            opened.insert("places", **dict.fromkeys(row, "x") | {"id": number} | ({"nothing": 1} if "nothing" in row else {}))
        opened.insert("places", **row)
        with pytest.raises(error):
            await opened.commit()
    assert await pool.fetchval("SELECT count(*) FROM places") == 0


async def test_names_are_quoted(pool: "Pool[Any]") -> None:
    async with open_transaction(pool) as opened:
        opened.insert('odd " name')
        opened.insert('odd " name', n=8)
        for number in range(9):
            opened.insert('odd " name', n=number)
        await opened.commit()
    assert await pool.fetchval('SELECT sum(n) FROM "odd "" name"') == 7 + 8 + sum(range(9))
    async with open_transaction(pool) as opened:
        opened.insert("places (id) VALUES (1); DROP TABLE visits; --", id=1)
        with pytest.raises(asyncpg.UndefinedTableError):
            await opened.commit()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(notes=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=30))
async def test_any_text_comes_back_as_it_went(pool: "Pool[Any]", notes: list[str]) -> None:
    async with open_transaction(pool) as opened:
        await opened.execute("INSERT INTO places (id) VALUES (1)")
        for note in notes:
            opened.insert("visits", place=1, note=note)
        assert [row["note"] for row in await opened.fetch("SELECT note FROM visits ORDER BY ctid")] == notes
