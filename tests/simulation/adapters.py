"""The stores as one worker sees them: those in memory, at the far end of the network."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

from bus import BusUnavailable, PublishFailed, StreamName
from bus.position import Position
from bus.store import Append, Entry, StreamStore
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.identity import Identity
from nexus_actors.memory import NoSql
from nexus_actors.runtime.leases import Heartbeat, LeaseStore, WorkerInfo
from nexus_actors.runtime.store import Commit, DueTimers, Known, OutboxRow, ParkedRow, Resumed, TimerPlace, TurnStore
from nexus_actors.runtime.trimmer import CheckpointStore
from tests.simulation.network import Call, Kind, Line, Network


class _Far:
    """Calls over one worker's line."""

    def __init__(self, network: Network, line: Line) -> None:
        self._network = network
        self._line = line

    async def _call(
        self, kind: Kind, name: str, operation: Callable[[], Awaitable[Any]], lost: Callable[[str], Exception]
    ) -> Any:
        return await self._network.call(Call(self._line, kind, name, operation, lost))

    async def _ask(self, name: str, operation: Callable[[], Awaitable[Any]]) -> Any:
        return await self._call("database", name, operation, DatabaseUnavailable)


class FarStreams(_Far):
    """A `StreamStore` over the network. Reads and appends have connections of their own."""

    def __init__(self, network: Network, line: Line, near: StreamStore) -> None:
        super().__init__(network, line)
        self._near = near

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        name = "append " + ", ".join(f"{append.stream} x{len(append.bodies)}" for append in appends)
        done = await self._call("append", name, lambda: self._near.append(appends), PublishFailed)
        return cast("list[Exception | None]", done)

    async def read(self, after: Mapping[StreamName, Position], count: int, block_s: float) -> list[Entry]:
        behind = dict(after)
        found = await self._call("read", "read", lambda: self._near.read(behind, count, block_s), BusUnavailable)
        return cast("list[Entry]", found)

    async def last(self, streams: Sequence[StreamName]) -> dict[StreamName, Position]:
        found = await self._call("read", "last", lambda: self._near.last(streams), BusUnavailable)
        return cast("dict[StreamName, Position]", found)

    async def lengths(self, streams: Sequence[StreamName]) -> dict[StreamName, int]:
        found = await self._call("read", "lengths", lambda: self._near.lengths(streams), BusUnavailable)
        return cast("dict[StreamName, int]", found)

    async def trim(self, below: Mapping[StreamName, Position]) -> int:
        name = "trim " + ", ".join(f"{stream} below {position}" for stream, position in below.items())
        return cast("int", await self._call("append", name, lambda: self._near.trim(below), BusUnavailable))

    async def history(self) -> str:
        return cast("str", await self._call("read", "history", self._near.history, BusUnavailable))


class FarTransaction(_Far):
    """A `TurnTransaction` over the network."""

    def __init__(self, network: Network, line: Line, near: TurnStore) -> None:
        super().__init__(network, line)
        self._near = near
        self.db = NoSql()

    async def commit(self, commit: Commit) -> None:
        fences = ", ".join(f"{number}@{fence.generation}" for number, fence in commit.fences.items())
        outbox = "".join(f" out {row.partition}#{row.seq}" for row in commit.outbox)
        name = f"commit {fences}: inbox {len(commit.inbox)} parked {len(commit.parked)}{outbox}"
        await self._ask(name, lambda: self._write(commit))

    async def _write(self, commit: Commit) -> None:
        async with self._near.transaction() as transaction:
            await transaction.commit(commit)


class FarTurns(_Far):
    """A `TurnStore` over the network."""

    def __init__(self, network: Network, line: Line, near: TurnStore) -> None:
        super().__init__(network, line)
        self._near = near

    async def known(self, message_ids: Sequence[UUID]) -> Mapping[UUID, Known]:
        return cast("Mapping[UUID, Known]", await self._ask("known", lambda: self._near.known(message_ids)))

    async def states(self, wanted: Sequence[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], bytes]:
        return cast("Mapping[tuple[str, str, str], bytes]", await self._ask("states", lambda: self._near.states(wanted)))

    @asynccontextmanager
    async def transaction(self, *, own: bool = False) -> AsyncIterator[FarTransaction]:
        yield FarTransaction(self._network, self._line, self._near)

    async def resume(self, partition: int) -> Resumed:
        return cast("Resumed", await self._ask(f"resume {partition}", lambda: self._near.resume(partition)))

    async def due_timers(
        self, partition: int, now: datetime, limit: int, *, after: TimerPlace | None = None, without: Collection[Identity] = ()
    ) -> DueTimers:
        ask = partial(self._near.due_timers, partition, now, limit, after=after, without=list(without))
        return cast("DueTimers", await self._ask("due timers", ask))

    async def next_timer_at(self, partition: int, after: datetime) -> datetime | None:
        return cast("datetime | None", await self._ask("next timer", lambda: self._near.next_timer_at(partition, after)))

    async def outbox_after(self, partition: int, seq: int, limit: int) -> list[OutboxRow]:
        return cast("list[OutboxRow]", await self._ask("outbox", lambda: self._near.outbox_after(partition, seq, limit)))

    async def outbox_streams(self, partition: int, since: datetime, seq: int) -> tuple[int, list[StreamName]]:
        found = await self._ask("outbox streams", lambda: self._near.outbox_streams(partition, since, seq))
        return cast("tuple[int, list[StreamName]]", found)

    async def parked(self, partition: int, identity: Identity, only: Sequence[UUID] | None = None) -> list[ParkedRow]:
        return cast("list[ParkedRow]", await self._ask("parked", lambda: self._near.parked(partition, identity, only)))


class FarLeases(_Far):
    """A `LeaseStore` over the network."""

    def __init__(self, network: Network, line: Line, near: LeaseStore) -> None:
        super().__init__(network, line)
        self._near = near

    async def beat(self, worker: WorkerInfo, lease_s: float) -> Heartbeat:
        return cast("Heartbeat", await self._ask("beat", lambda: self._near.beat(worker, lease_s)))

    async def acquire(self, worker_id: str, service: str, partitions: Sequence[int], lease_s: float) -> dict[int, int]:
        name = f"acquire {service} {list(partitions)}"
        found = await self._ask(name, lambda: self._near.acquire(worker_id, service, partitions, lease_s))
        return cast("dict[int, int]", found)

    async def release(self, worker_id: str, service: str, partitions: Sequence[int]) -> None:
        name = f"release {service} {list(partitions)}"
        await self._ask(name, lambda: self._near.release(worker_id, service, partitions))

    async def leave(self, worker_id: str) -> None:
        await self._ask("leave", lambda: self._near.leave(worker_id))


class FarCheckpoints(_Far):
    """A `CheckpointStore` over the network."""

    def __init__(self, network: Network, line: Line, near: CheckpointStore) -> None:
        super().__init__(network, line)
        self._near = near

    async def lowest(self, streams: Sequence[StreamName]) -> Mapping[StreamName, Position]:
        return cast("Mapping[StreamName, Position]", await self._ask("lowest", lambda: self._near.lowest(streams)))
