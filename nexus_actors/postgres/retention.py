"""Inbox and outbox by the day: partitions are made ahead, and dropped when their time is over and nothing can come of them."""

from collections.abc import Mapping
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
_OTHER_DAYS: Final = "SELECT DISTINCT (handled_at AT TIME ZONE 'UTC')::date AS day FROM inbox_other"
_UNCERTAIN: Final = """
SELECT EXISTS (SELECT FROM {} o JOIN nexus.leases l ON l.service = $1 AND l.partition = o.partition WHERE o.seq > l.safe_seq)"""


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


async def keep(pool: "Pool[Any]", service: str, today: date, inbox_days: int, outbox_days: int) -> list[str]:
    """Make the partitions of today and the days ahead, and drop those that are older than they must be kept.

    The inbox must reach back further than any message can come again: a replayed outbox, a redriven dead letter keeps its own
    row in the dead letters, a repeated request its row without a time. What was handled last comes again when Redis has been
    restarted since, and a platform may stand still for weeks between the two: days without work do not count. The outbox keeps
    what has not been published yet, and what Redis may have lost with its tail.

    Args:
        inbox_days: of how many days of work, besides today, the inbox is kept.
        outbox_days: of how many days, besides today, the outbox is kept.

    Returns:
        The names of the partitions that were dropped.

    Raises:
        DatabaseUnavailable: nothing has changed; `DatabaseBusy` among them, where others use the tables just now.
    """
    async with open_transaction(pool) as transaction:
        async with transaction.connection() as connection:
            await connection.execute(_LOCK)
            inbox, outbox = [await _prepared(connection, table, today) for table in _COLUMNS]
            edge = await _edge_of_work(connection, inbox, today, inbox_days)
            dropped = [name for day, name in inbox.items() if day < edge]
            dropped += await _settled(connection, service, outbox, today - timedelta(days=outbox_days))
            for name in dropped:
                await connection.execute(f"DROP TABLE {name}")
            await connection.execute(_PRUNE, _midnight(edge))
        await transaction.commit()
    return dropped


async def _prepared(connection: "PoolConnectionProxy[Any]", table: str, today: date) -> dict[date, str]:
    """The partitions of a table by their days, the oldest first; those of today and the days ahead are made where they lack."""
    names = {row["name"] for row in await connection.fetch(_PARTITIONS, table)} - {f"{table}_other"}
    present = {datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC).date(): name for name in names}
    for ahead in range(_AHEAD_DAYS + 1):
        day = today + timedelta(days=ahead)
        if day not in present:
            await _add(connection, table, day)
            present[day] = _name(table, day)
    return dict(sorted(present.items()))


async def _edge_of_work(connection: "PoolConnectionProxy[Any]", inbox: Mapping[date, str], today: date, days: int) -> date:
    """The oldest day of which the inbox is kept: before today, so many days on which something was handled."""
    worked: set[date] = {row["day"] for row in await connection.fetch(_OTHER_DAYS)}
    for day, name in inbox.items():
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})"):  # noqa: S608 - made from a date
            worked.add(day)
    last = sorted(day for day in worked if day < today)[-days:]
    return min([today - timedelta(days=days), *last])


async def _settled(connection: "PoolConnectionProxy[Any]", service: str, outbox: Mapping[date, str], edge: date) -> list[str]:
    """The partitions of the outbox that are older than ``edge``, and need never be published again."""
    old = [name for day, name in outbox.items() if day < edge]
    return [name for name in old if not await connection.fetchval(_UNCERTAIN.format(name), service)]
