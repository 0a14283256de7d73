"""The counters that the counts rest on."""

import pytest

from nexus_actors.postgres.pool import open_pool
from tests.benchmarks.counting import RedisCounter, SqlCounter, label


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT commit_turns($1, $2)", "SELECT commit_turns()"),
        ("SELECT message_id, fingerprint FROM inbox WHERE message_id = ANY($1::uuid[])", "SELECT inbox"),
        ("\n  INSERT INTO fixes (vehicle)\n  VALUES ($1)", "INSERT fixes"),
        ("UPDATE nexus.leases SET owner = NULL", "UPDATE nexus.leases"),
        ("delete from nexus.workers", "DELETE nexus.workers"),
        ("BEGIN", "BEGIN"),
        ("SELECT 1", "SELECT"),
    ],
)
def test_a_label_says_what_a_statement_does(statement: str, expected: str) -> None:
    assert label(statement) == expected


def test_commands_are_counted_those_of_scripts_too(redis_url: str) -> None:
    counter = RedisCounter(redis_url)
    client = counter._client
    before = counter.seen()
    client.set("a", 1)
    client.eval("redis.call('GET', KEYS[1]) return redis.call('GET', KEYS[1])", 1, "a")
    found = counter.seen() - before
    counter.close()
    assert found == {"set": 1, "eval": 1, "get": 2}


@pytest.mark.anyio
async def test_every_way_to_send_a_statement_is_counted(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = SqlCounter()
    counter.watch(monkeypatch)
    async with open_pool(database_url, schema="public", application_name="test") as pool:
        before = counter.seen()
        await pool.execute("CREATE TABLE things (a integer)")
        await pool.execute("INSERT INTO things VALUES ($1)", 1)
        await pool.executemany("INSERT INTO things VALUES ($1)", [(2,), (3,)])
        assert await pool.fetchval("SELECT count(*) FROM things") == 3
        await pool.fetch("SELECT a FROM things")
        await pool.copy_records_to_table("things", records=[(4,)])
        found = counter.seen() - before
    assert found == {"CREATE things": 1, "INSERT things": 2, "SELECT count()": 1, "SELECT things": 1, "COPY things": 1}
