"""The turn store on PostgreSQL; see `nexus_actors.runtime.store`."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from asyncpg import PostgresError

from bus import StreamName
from bus.position import Position
from nexus_actors.database import Row
from nexus_actors.identity import Identity
from nexus_actors.postgres import turn_sql as sql
from nexus_actors.postgres.database import PostgresDatabase, PostgresTransaction, open_transaction
from nexus_actors.postgres.patience import LockPatience
from nexus_actors.runtime.store import (
    TIMERS_LOOKED_AT,
    Commit,
    DueTimers,
    Known,
    LeaseLost,
    OutboxRow,
    ParkedRow,
    Resumed,
    Timer,
    TimerPlace,
)

if TYPE_CHECKING:
    from asyncpg import Pool

_LEASE_LOST: Final = "NX001"


class PostgresTurnTransaction:
    """One transaction of turns. Where the handlers wrote nothing, the commit is one statement by itself."""

    def __init__(
        self, service: str, database: PostgresDatabase, transaction: PostgresTransaction, patience: LockPatience
    ) -> None:
        self._service = service
        self._database = database
        self._patience = patience
        self.db = transaction

    async def commit(self, commit: Commit) -> None:
        """See `TurnTransaction.commit`."""
        rare = sql.rare_statements(self._service, commit)
        try:
            # By itself it waits for locks as long as the connection does; see `LockPatience`.
            if rare or self.db.begun or self._patience.is_short:
                for query, arguments in rare:
                    await self.db.execute(query, *arguments)
                await self.db.fetchval(sql.COMMIT, self._service, *sql.columns(commit))
                await self.db.commit()
            else:
                with self._patience.watched():
                    await self._database.fetchval(sql.COMMIT, self._service, *sql.columns(commit))
        except PostgresError as error:
            if error.sqlstate == _LEASE_LOST:
                raise LeaseLost(f"{self._service}: {error}.") from error
            raise


class PostgresTurnStore:
    """What the turns of one service read and write, in its own schema.

    Args:
        pool: whose ``search_path`` is the service's schema.
    """

    def __init__(self, service: str, pool: "Pool[Any]") -> None:
        self._service = service
        self._pool = pool
        self._database = PostgresDatabase(pool)
        self._patience = LockPatience()
        self._own_patience = LockPatience()

    async def known(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Known]:
        """See `TurnStore.known`."""
        rows = await self._database.fetch(sql.KNOWN, message_ids)
        return {row["message_id"]: Known(row["fingerprint"], row["answer"]) for row in rows}

    async def states(self, wanted: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], bytes]:
        """See `TurnStore.states`."""
        columns = [list(column) for column in zip(*wanted, strict=True)] or [[], [], []]
        rows = await self._database.fetch(sql.STATES, *columns)
        return {(row["actor"], row["tenant"], row["key"]): row["body"] for row in rows}

    @asynccontextmanager
    async def transaction(self, *, own: bool = False) -> AsyncIterator[PostgresTurnTransaction]:
        """See `TurnStore.transaction`."""
        patience = self._own_patience if own else self._patience
        async with open_transaction(self._pool, patience) as transaction:
            yield PostgresTurnTransaction(self._service, self._database, transaction, patience)

    async def resume(self, partition: int) -> Resumed:
        """See `TurnStore.resume`."""
        row = await self._database.fetchrow(sql.RESUME, self._service, partition)
        assert row is not None  # noqa: S101 - a partition is registered before anybody owns it
        checkpoints = await self._database.fetch(sql.CHECKPOINTS, self._service)
        return Resumed(
            checkpoints={StreamName(c["stream"]): Position(c["ms"], c["seq"]) for c in checkpoints},
            published_seq=row["published_seq"],
            last_seq=row["last_seq"],
            parked_keys={Identity(*key) for key in row["parked_keys"]},
            released_keys={Identity(*key) for key in row["released_keys"]},
            next_timer_at=row["next_timer_at"],
            safe_seq=row["safe_seq"],
            history=row["history"],
        )

    async def due_timers(
        self, partition: int, now: datetime, limit: int, *, after: TimerPlace | None = None, without: Collection[Identity] = ()
    ) -> DueTimers:
        """See `TurnStore.due_timers`."""
        most = limit * TIMERS_LOOKED_AT
        place = after or (None, "", "", "")
        others = [tenant for tenant, _ in without], [key for _, key in without]
        rows = await self._database.fetch(sql.DUE_TIMERS, partition, now, limit, *place, *others, most)
        if not rows:
            return DueTimers([], None, left=False)
        timers = [Timer(*(row[column] for column in Timer._fields)) for row in rows]
        last, looked = rows[-1], rows[0]["looked"]
        if len(rows) == limit:
            return DueTimers(timers, TimerPlace(last["at"], last["tenant"], last["key"], last["at_name"]), left=looked > limit)
        return DueTimers(timers, TimerPlace(*last["place"]) if looked == most else None, left=looked > len(rows))

    async def next_timer_at(self, partition: int, after: datetime) -> datetime | None:
        """See `TurnStore.next_timer_at`."""
        found: datetime | None = await self._database.fetchval(sql.NEXT_TIMER, partition, after)
        return found

    async def outbox_after(self, partition: int, seq: int, limit: int) -> list[OutboxRow]:
        """See `TurnStore.outbox_after`."""
        return _outbox(await self._database.fetch(sql.OUTBOX_AFTER, partition, seq, limit))

    async def outbox_streams(self, partition: int, since: datetime, seq: int) -> tuple[int, list[StreamName]]:
        """See `TurnStore.outbox_streams`."""
        row = await self._database.fetchrow(sql.OUTBOX_STREAMS, partition, since, seq)
        assert row is not None  # noqa: S101 - an aggregate has a row
        return row["before"], [StreamName(stream) for stream in row["streams"]]

    async def parked(self, partition: int, identity: Identity, only: Sequence[UUID] | None = None) -> list[ParkedRow]:
        """See `TurnStore.parked`."""
        if only is None:
            rows = await self._database.fetch(sql.PARKED, self._service, partition, *identity)
        else:
            rows = await self._database.fetch(sql.PARKED_ONLY, self._service, partition, *identity, list(only))
        return [ParkedRow(*(row[column] for column in ParkedRow._fields)) for row in rows]


def _outbox(rows: Sequence[Row]) -> list[OutboxRow]:
    return [OutboxRow(*(row[column] for column in OutboxRow._fields)) for row in rows]
