"""What the suite is given: all stores of one database, and a way to let its time pass."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from bus import StreamName
from bus.position import Position
from nexus_actors.identity import Identity
from nexus_actors.jobs.store import JobStore
from nexus_actors.runtime.leases import LeaseStore
from nexus_actors.runtime.releases import ReleaseBook
from nexus_actors.runtime.store import Commit, Fence, TurnStore
from nexus_actors.runtime.trimmer import CheckpointStore

SERVICES = ("one-ms", "two-ms")
PARTITIONS = 4
LEASE_S = 0.5
TENANT = "red"
A, B = StreamName("{one-ms:0}:commands"), StreamName("{other-ms:1}:events")


class Register(LeaseStore, ReleaseBook, Protocol):
    """A lease store with the methods that no loop needs."""

    async def register(self, service: str, partitions: int, streams: list[StreamName]) -> None: ...

    async def forget(self, after_s: float) -> None: ...


class Books(Struct, frozen=True):
    """The stores of one database, with `SERVICES` registered in it, each reading `A` and `B`.

    Attributes:
        turns: by service.
        now: the database's time.
        wait: lets seconds of it pass.
        process: the lease store of another process.
    """

    turns: Mapping[str, TurnStore]
    leases: Register
    checkpoints: CheckpointStore
    jobs: JobStore
    now: Callable[[], datetime]
    wait: Callable[[float], Awaitable[None]]
    process: Callable[[], Register]

    @property
    def one(self) -> TurnStore:
        return self.turns["one-ms"]

    async def own(self, *partitions: int, worker: str = "w1") -> dict[int, int]:
        """Take partitions of the first service; the generations."""
        return await self.leases.acquire(worker, "one-ms", partitions or range(PARTITIONS), LEASE_S)

    async def commit(self, commit: Commit, service: str = "one-ms") -> None:
        async with self.turns[service].transaction() as transaction:
            await transaction.commit(commit)


def empty(fences: dict[int, Fence], checkpoints: dict[StreamName, Position] | None = None) -> Commit:
    """A commit of nothing but fences and checkpoints."""
    return Commit(fences, checkpoints or {}, [], [], [], [], [], [], [], [])


def mine(key: str, tenant: str = TENANT) -> Identity:
    """A key of the tenant whose rows the suite mostly looks at."""
    return Identity(tenant, key)
