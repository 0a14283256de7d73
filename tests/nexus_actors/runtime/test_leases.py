"""The keeper of the leases: partitions move from one worker to the next only when the loop has let go of them."""

import anyio
import pytest
import structlog

from nexus_actors.memory import MemoryDatabase, MemoryLeaseStore
from nexus_actors.runtime.leases import LeaseKeeper, Ownership, WorkerInfo
from nexus_actors.testing import FakeClock
from tests.nexus_actors.runtime.counter import COUNTERS, counter

pytestmark = pytest.mark.anyio

ALL = set(range(COUNTERS.partitions))


class Pair:
    """Two workers that share the leases of one database; their loops are the tests' own doing."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryLeaseStore(self.database)
        self.ownerships = {name: Ownership() for name in "ab"}
        self.keepers = {name: self._keeper(name) for name in "ab"}

    def _keeper(self, name: str) -> LeaseKeeper:
        info = WorkerInfo(worker_id=name, host="here", pid=1, version="1", services=(counter.name,), started_at=self.clock())
        ownerships = {counter.name: self.ownerships[name]}
        return LeaseKeeper(self.store, info, [counter], ownerships, self.clock, structlog.get_logger())

    async def alone(self, name: str) -> None:
        """Let one worker own everything."""
        await self.store.register(counter.name, COUNTERS.partitions, [])
        await self.keepers[name].tick()
        self.ownerships[name].own(set(self.ownerships[name].granted))
        assert self.ownerships[name].owned == ALL

    def owners(self) -> set[str | None]:
        return {lease.owner for lease in self.database.leases.values()}


async def test_a_partition_moves_only_when_its_loop_has_let_go_of_it() -> None:
    pair = Pair()
    await pair.alone("a")
    for _ in range(3):
        await pair.keepers["b"].tick()
        await pair.keepers["a"].tick()
    kept = set(pair.ownerships["a"].granted)
    assert kept < ALL
    assert pair.owners() == {"a"}
    assert not pair.ownerships["b"].granted

    pair.ownerships["a"].own(kept)
    await pair.keepers["a"].tick()
    await pair.keepers["b"].tick()
    assert set(pair.ownerships["b"].granted) == ALL - kept


async def test_a_drain_waits_for_the_loops_and_hands_everything_over_at_once() -> None:
    pair = Pair()
    await pair.alone("a")
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pair.keepers["a"].drain)
            await anyio.sleep(0.2)
            assert pair.ownerships["a"].granted == {}
            assert pair.owners() == {"a"}
            pair.ownerships["a"].own(set())
    assert pair.owners() == {None}
    assert "a" not in pair.database.workers
    await pair.keepers["b"].tick()
    assert set(pair.ownerships["b"].granted) == ALL
