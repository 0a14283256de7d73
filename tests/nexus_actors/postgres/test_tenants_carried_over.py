"""What a database of a release before tenants were part of identities becomes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from asyncpg.exceptions import NotNullViolationError, UndefinedFunctionError

from nexus_actors.errors import MigrationError
from nexus_actors.postgres.migration import MigrationSource
from nexus_actors.postgres.migrations import breaking, migrate
from nexus_actors.postgres.pool import open_pool
from nexus_actors.worker.host import PLATFORM, RUNTIME

if TYPE_CHECKING:
    from asyncpg import Pool

pytestmark = pytest.mark.anyio

_LAST_BEFORE = {"platform": 6, "runtime": 3}
_ODD = (b"no JSON", b"\xff", b'{"tenant": "\\u0000"}', b'{"tenant": ""}', b'{"tenant": 5}', b'["tenant"]', b'"tenant"')


def before(source: MigrationSource, folder: Path) -> MigrationSource:
    """The steps that the release before had."""
    target = folder / source.name
    target.mkdir()
    for entry in source.folder.iterdir():
        if entry.name.endswith(".sql") and int(entry.name[:4]) <= _LAST_BEFORE[source.name]:
            (target / entry.name).write_text(entry.read_text(encoding="utf-8"), encoding="utf-8")
    return MigrationSource(source.name, target)


@pytest.fixture
async def pool(database_url: str, tmp_path: Path) -> AsyncIterator["Pool[Any]"]:
    """A database as the release before has left it."""
    async with open_pool(database_url, schema="one_ms", application_name="test", max_size=2) as opened:
        async with opened.acquire() as connection:
            await migrate(connection, "nexus", [before(PLATFORM, tmp_path)])
            await migrate(connection, "one_ms", [before(RUNTIME, tmp_path)])
        yield opened


async def renew(pool: "Pool[Any]") -> list[str]:
    async with pool.acquire() as connection:
        applied = [*await migrate(connection, "nexus", [PLATFORM]), *await migrate(connection, "one_ms", [RUNTIME])]
    return breaking(applied)


def body(**fields: object) -> bytes:
    return json.dumps({"id": "x", **fields}).encode()


async def test_old_rows_are_those_of_the_tenant_that_they_name_or_of_the_default_one(pool: "Pool[Any]") -> None:
    named, silent = body(tenant="red"), body()
    for number, kept in enumerate([named, silent, *_ODD]):
        key, message_id = f"{number}", UUID(int=number)
        await pool.execute("INSERT INTO states VALUES ('Actor', $1, $2)", key, kept)
        await pool.execute("INSERT INTO timers VALUES (0, $1, 't', now(), $2, $3)", key, message_id, kept)
        for letter_key, letter_id in ((key, number), ("", 100 + number)):
            await pool.execute(
                """INSERT INTO nexus.dead_letters
                    (service, message_id, partition, key, wire_type, stream, body, behind, error, attempts)
                VALUES ('one-ms', $1, 0, $2, 't', 's', $3, false, '', 1)""",
                UUID(int=letter_id),
                letter_key,
                kept,
            )
    assert await renew(pool) == ["platform/0007_breaks_tenant_of_letters", "runtime/0004_breaks_tenant_of_actors"]
    expected = ["red", "main"] + ["main"] * len(_ODD)
    for table in ("states", "timers", "nexus.dead_letters WHERE key <> ''"):
        found = await pool.fetch(f"SELECT tenant FROM {table}{' AND ' if 'WHERE' in table else ' WHERE '}true ORDER BY key")  # noqa: S608
        assert [row["tenant"] for row in found] == expected, table
    assert await pool.fetchval("SELECT array_agg(DISTINCT tenant) FROM nexus.dead_letters WHERE key = ''") == [""]
    assert await renew(pool) == []


async def test_nothing_is_taken_while_workers_of_the_release_before_are_up(pool: "Pool[Any]") -> None:
    await pool.execute(
        "INSERT INTO nexus.workers VALUES ('w', 'h', 1, '1', '{one-ms}', false, now(), now()),"
        " ('old', 'h', 1, '1', '{one-ms}', false, now(), now() - interval '1 minute')"
    )
    with pytest.raises(MigrationError, match=r"0007_breaks_tenant_of_letters\.sql cannot be applied .* 15 seconds ago \(1\)"):
        await renew(pool)
    await pool.execute("INSERT INTO states VALUES ('Actor', 'k', '{}')")
    await pool.execute("DELETE FROM nexus.workers WHERE worker_id = 'w'")
    assert len(await renew(pool)) == 2


# What the release before sent for a turn without a state, and before that where it had set a timer.
_OLD_COMMIT = f"SELECT commit_turns({', '.join(f'${place}' for place in range(1, 21))})"
_OLD_TIMER = "INSERT INTO timers (partition, key, name, due_at, message_id, body) VALUES (0, 'k', $1, now(), $2, '{}')"


def old_turn(number: int) -> list[object]:
    """A turn that has handled a message, and published one."""
    fence = [[0], [7], [number], [number], ["history"]]
    read = [["{one-ms:0}:commands"], [number], [0]]
    published = [[0], [number], ["{one-ms:0}:events"], [UUID(int=100 + number)], [b"published"]]
    return ["one-ms", *fence, *read, [UUID(int=number)], [None], [b"answer"], [], [], [], *published]


async def kept(pool: "Pool[Any]") -> list[list[Any]]:
    """All that turns leave behind."""
    tables = ("inbox", "outbox", "states", "timers", "nexus.leases", "nexus.checkpoints")
    return [await pool.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]  # noqa: S608 - these names


async def test_a_worker_of_the_release_before_that_was_frozen_meanwhile_wakes_up_and_changes_nothing(pool: "Pool[Any]") -> None:
    await pool.execute("INSERT INTO nexus.leases (service, partition, owner, generation) VALUES ('one-ms', 0, 'old', 7)")
    await pool.execute(
        "INSERT INTO nexus.workers VALUES ('old', 'h', 1, '1', '{one-ms}', false, now(), now() - interval '1 minute')"
    )
    async with pool.acquire() as frozen:
        commit = await frozen.prepare(_OLD_COMMIT)
        await commit.fetchval(*old_turn(1))
        await frozen.execute(_OLD_TIMER, "before", UUID(int=201))
        assert len(await renew(pool)) == 2
        before = await kept(pool)
        assert [len(rows) for rows in before] == [1, 1, 0, 1, 1, 1]
        with pytest.raises(UndefinedFunctionError):
            await commit.fetchval(*old_turn(2))
        with pytest.raises(UndefinedFunctionError):
            await frozen.fetchval(_OLD_COMMIT, *old_turn(3))
        with pytest.raises(NotNullViolationError):
            await frozen.execute(_OLD_TIMER, "after", UUID(int=202))
    assert await kept(pool) == before
