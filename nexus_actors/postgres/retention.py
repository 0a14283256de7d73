"""Inbox and outbox by the day: partitions are made ahead, and dropped when their time is over."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from bus import id_floor
from nexus_actors.postgres.database import open_transaction

if TYPE_CHECKING:
    from asyncpg import Pool
    from asyncpg.pool import PoolConnectionProxy

_AHEAD_DAYS: Final = 2
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.retention'))"
_PARTITIONS: Final = """
SELECT c.relname AS name FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
WHERE p.relname = $1 AND p.relnamespace = current_schema()::regnamespace"""
_COLUMNS: Final = {"inbox": "message_id", "outbox": "committed_at"}
_PRUNE: Final = "DELETE FROM inbox_other WHERE handled_at < $1"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


def _bounds(table: str, day: date) -> tuple[str, str]:
    """From and to of a day's partition: ids for the inbox, instants for the outbox."""
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    if table == "inbox":
        return str(id_floor(start)), str(id_floor(end))
    return start.isoformat(), end.isoformat()


async def _add(connection: "PoolConnectionProxy[Any]", table: str, day: date) -> None:
    """Add a day's partition, with the rows of that day that are in the default one: a clock somewhere may have been ahead."""
    name, column = _name(table, day), _COLUMNS[table]
    start, end = _bounds(table, day)
    await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS)")
    # Names and bounds are made from a date, so nothing foreign gets in here.
    moved = f"DELETE FROM {table}_other WHERE {column} >= '{start}' AND {column} < '{end}' RETURNING *"  # noqa: S608
    await connection.execute(f"WITH moved AS ({moved}) INSERT INTO {name} SELECT * FROM moved")  # noqa: S608
    await connection.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}')")


async def keep(pool: "Pool[Any]", today: date, inbox_days: int, outbox_days: int) -> list[str]:
    """Make the partitions of today and the days ahead, and drop those that are older than they must be kept.

    The inbox must reach back further than any message can come again: a replayed outbox, a redriven dead letter keeps its own
    row in the dead letters, a repeated request its row without a time.

    Returns:
        The names of the partitions that were dropped.

    Raises:
        DatabaseUnavailable: nothing has changed; `DatabaseBusy` among them, where others use the tables just now.
    """
    async with open_transaction(pool) as transaction:
        async with transaction.connection() as connection:
            dropped = await _keep(connection, today, inbox_days, outbox_days)
        await transaction.commit()
    return dropped


async def _keep(connection: "PoolConnectionProxy[Any]", today: date, inbox_days: int, outbox_days: int) -> list[str]:
    dropped: list[str] = []
    await connection.execute(_LOCK)
    for table, days in (("inbox", inbox_days), ("outbox", outbox_days)):
        present = {row["name"] for row in await connection.fetch(_PARTITIONS, table)}
        for ahead in range(_AHEAD_DAYS + 1):
            day = today + timedelta(days=ahead)
            if _name(table, day) not in present:
                await _add(connection, table, day)
        oldest = _name(table, today - timedelta(days=days))
        for name in sorted(present - {f"{table}_other"}):
            if name < oldest:
                await connection.execute(f"DROP TABLE {name}")
                dropped.append(name)
    await connection.execute(_PRUNE, _midnight(today - timedelta(days=inbox_days)))
    return dropped
