"""The in-memory twin of the turn store; see `nexus_actors.runtime.store`."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from bus import StreamName
from nexus_actors.identity import Identity
from nexus_actors.memory.database import MemoryDatabase
from nexus_actors.memory.no_sql import NoSql
from nexus_actors.runtime.store import (
    TIMERS_LOOKED_AT,
    Commit,
    DueTimers,
    Known,
    OutboxRow,
    ParkedRow,
    Resumed,
    Timer,
    TimerPlace,
)


class MemoryTurnTransaction:
    """A transaction of turns without SQL."""

    def __init__(self, service: str, database: MemoryDatabase) -> None:
        self._service = service
        self._database = database
        self.db = NoSql()

    async def commit(self, commit: Commit) -> None:
        """See `TurnTransaction.commit`.

        Raises:
            AlreadyHandled: a message is in the inbox already; nothing was written.
        """
        await self._database.reach("commit", self._service)
        self._database.write(self._service, commit)
        await self._database.reach("committed", self._service)


class MemoryTurnStore:
    """What the turns of one service read and write, in memory."""

    def __init__(self, service: str, database: MemoryDatabase) -> None:
        self._service = service
        self._database = database
        self._tables = database.service(service)

    async def known(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Known]:
        """See `TurnStore.known`."""
        await self._reach()
        inbox = self._tables.inbox
        return {message_id: inbox[message_id] for message_id in message_ids if message_id in inbox}

    async def states(self, wanted: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], bytes]:
        """See `TurnStore.states`."""
        await self._reach()
        states = self._tables.states
        return {name: states[name] for name in wanted if name in states}

    @asynccontextmanager
    async def transaction(self, *, own: bool = False) -> AsyncIterator[MemoryTurnTransaction]:
        """See `TurnStore.transaction`."""
        yield MemoryTurnTransaction(self._service, self._database)

    async def resume(self, partition: int) -> Resumed:
        """See `TurnStore.resume`."""
        await self._reach()
        tables = self._tables
        lease = self._database.leases.get((self._service, partition))
        assert lease is not None  # noqa: S101 - a partition is registered before anybody owns it
        letters = [letter for letter in tables.letters.values() if letter.row.partition == partition and letter.row.key]
        return Resumed(
            checkpoints=dict(tables.checkpoints),
            published_seq=lease.published_seq,
            last_seq=max([lease.published_seq, *(published.row.seq for published in tables.outbox.get(partition, ()))]),
            parked_keys={letter.row.identity for letter in letters if not letter.released},
            released_keys={letter.row.identity for letter in letters if letter.released},
            next_timer_at=min(self._due_instants(partition), default=None),
            safe_seq=lease.safe_seq,
            history=lease.history,
        )

    async def due_timers(
        self, partition: int, now: datetime, limit: int, *, after: TimerPlace | None = None, without: Collection[Identity] = ()
    ) -> DueTimers:
        """See `TurnStore.due_timers`."""
        await self._reach()
        due = {
            TimerPlace(timer.due_at, timer.tenant, timer.key, timer.name): timer
            for number, timer in self._tables.timers.values()
            if number == partition and timer.due_at <= now and (timer.tenant, timer.key) not in without
        }
        places = sorted(due)
        earliest = {place.identity: due[place] for place in reversed(places)}
        most = limit * TIMERS_LOOKED_AT
        looked = [place for place in places if after is None or place > after][:most]
        firsts = {place.identity: place for place in reversed(looked)}
        chosen = sorted(firsts.values())[:limit]
        timers = [
            Timer(t.tenant, t.key, t.name, t.due_at, t.body, t.message_id) for t in (earliest[p.identity] for p in chosen)
        ]
        place = chosen[-1] if len(chosen) == limit else looked[-1] if len(looked) == most else None
        return DueTimers(timers, place, left=len(looked) > len(chosen))

    async def next_timer_at(self, partition: int, after: datetime) -> datetime | None:
        """See `TurnStore.next_timer_at`."""
        await self._reach()
        return min((due_at for due_at in self._due_instants(partition) if due_at > after), default=None)

    async def outbox_after(self, partition: int, seq: int, limit: int) -> list[OutboxRow]:
        """See `TurnStore.outbox_after`."""
        await self._reach()
        return self._rows(partition, seq)[:limit]

    async def outbox_streams(self, partition: int, since: datetime, seq: int) -> tuple[int, list[StreamName]]:
        """See `TurnStore.outbox_streams`."""
        await self._reach()
        rows = self._tables.outbox.get(partition, ())
        before = max((published.row.seq for published in rows if published.committed_at < since), default=0)
        return before, sorted({row.stream for row in self._rows(partition, before) if row.seq <= seq})

    async def parked(self, partition: int, identity: Identity, only: Sequence[UUID] | None = None) -> list[ParkedRow]:
        """See `TurnStore.parked`."""
        await self._reach()
        rows = [letter.row for letter in self._tables.letters.values()]
        found = [row for row in rows if (row.partition, row.identity) == (partition, identity)]
        return [row for row in found if only is None or row.message_id in only]

    def _rows(self, partition: int, seq: int) -> list[OutboxRow]:
        found = [published.row for published in self._tables.outbox.get(partition, ()) if published.row.seq > seq]
        return sorted(found, key=lambda row: row.seq)

    def _due_instants(self, partition: int) -> list[datetime]:
        return [timer.due_at for number, timer in self._tables.timers.values() if number == partition]

    async def _reach(self) -> None:
        await self._database.reach("statement", self._service)
