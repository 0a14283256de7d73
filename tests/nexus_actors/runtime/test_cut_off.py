"""A worker that does not reach the streams, beside one that does: it gives its partitions up, and says so."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from bus import BusUnavailable, NotPermitted, PublishFailed, PublishForbidden, StreamName
from bus.memory import MemoryStreamStore
from bus.position import Position
from bus.store import Append, Entry
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.postgres.lease_store import PostgresLeaseStore
from nexus_actors.runtime.leases import Heartbeat, WorkerInfo
from nexus_actors.testing import TestPlatform, open_platform
from nexus_actors.testing.platform import _milliseconds
from tests.nexus_actors.runtime.switchboard.service import Act, Told, board
from tests.nexus_actors.runtime.wire import QUICK, rows, send

pytestmark = pytest.mark.anyio

LINES = "abcdefgh"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexus_actors.runtime.loop.RETRY_S", 0.05)
    monkeypatch.setattr("nexus_actors.runtime.outbox.RETRY_S", 0.05)


class Cable:
    """One worker's way to the streams.

    Attributes:
        reads_fail: what reading meets; appends_fail: what appending does.
    """

    def __init__(self, store: MemoryStreamStore) -> None:
        self._store = store
        self.reads_fail: BusUnavailable | None = None
        self.appends_fail: PublishFailed | None = None

    def cut(self) -> None:
        self.reads_fail, self.appends_fail = BusUnavailable("cut"), PublishFailed("cut")

    def mend(self) -> None:
        self.reads_fail = self.appends_fail = None

    def _pass(self) -> None:
        if self.reads_fail is not None:
            raise self.reads_fail

    async def append(self, appends: Sequence[Append]) -> list[Exception | None]:
        if isinstance(self.appends_fail, PublishForbidden):
            return [self.appends_fail for _ in appends]
        if self.appends_fail is not None:
            raise self.appends_fail
        return await self._store.append(appends)

    async def read(self, after: Mapping[StreamName, Position], count: int, block_s: float) -> list[Entry]:
        self._pass()
        return await self._store.read(after, count, block_s)

    async def last(self, streams: Sequence[StreamName]) -> dict[StreamName, Position]:
        self._pass()
        return await self._store.last(streams)

    async def lengths(self, streams: Sequence[StreamName]) -> dict[StreamName, int]:
        self._pass()
        return await self._store.lengths(streams)

    async def trim(self, below: Mapping[StreamName, Position]) -> int:
        self._pass()
        return await self._store.trim(below)

    async def history(self) -> str:
        self._pass()
        return await self._store.history()


class Pair:
    """Two workers of one service, each with a cable of its own."""

    def __init__(self, platforms: Sequence[TestPlatform], cables: Sequence[Cable]) -> None:
        self.platforms = platforms
        self.cables = cables

    def owned(self, number: int) -> int:
        return len(self.platforms[number].worker.hosts["board-ms"].loop.partitions)

    async def own(self, *counts: int) -> None:
        await self.platforms[0].until(lambda: (self.owned(0), self.owned(1)) == counts, 30)

    async def readiness(self, number: int) -> tuple[int, str]:
        answer = await self.platforms[number].http("board-ms").send("GET", "/health/ready")
        return answer.status, " ".join(answer.json().get("troubles", ()))


@asynccontextmanager
async def a_pair(database_url: str) -> AsyncIterator[Pair]:
    store = MemoryStreamStore(_milliseconds)
    cables = [Cable(store), Cable(store)]
    async with (
        open_platform([board], database_url, streams=cables[0], environ=QUICK) as one,
        open_platform([board], database_url, streams=cables[1], environ=QUICK) as two,
    ):
        pair = Pair([one, two], cables)
        await pair.own(1, 1)
        yield pair


async def all_told(platform: TestPlatform, number: int) -> None:
    await platform.until(lambda: {told.line for told in platform.events(Told) if told.number == number} == set(LINES), 30)


async def test_a_worker_that_is_cut_off_gives_its_partitions_to_one_that_is_not(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        pair.cables[0].cut()
        await send(pair.platforms[1], *(Act(line=line, steps=("row", "tell"), number=1) for line in LINES))
        await pair.own(0, 2)
        await all_told(pair.platforms[1], 1)
        status, troubles = await pair.readiness(0)
        assert status == 503
        assert "other workers have its partitions" in troubles
        live = await pair.platforms[0].http("board-ms").send("GET", "/health/live")
        assert live.status == 200, "a restart would not bring Redis back"
        assert "Redis" in " ".join(live.json()["troubles"])
        assert await pair.readiness(1) == (200, "")
        pair.cables[0].mend()
        await pair.own(1, 1)
        await pair.platforms[0].until(lambda: not pair.platforms[0].faces.probes["board-ms"].troubles(), 30)
        assert await rows(pair.platforms[1]) == [(line, 1) for line in LINES]


async def test_when_all_are_cut_off_nobody_owns_until_the_streams_are_back(database_url: str) -> None:
    async with a_pair(database_url) as pair:
        for cable in pair.cables:
            cable.cut()
        await pair.own(0, 0)
        for cable in pair.cables:
            cable.mend()
        await pair.own(1, 1)
        await send(pair.platforms[0], *(Act(line=line, steps=("tell",), number=1) for line in LINES))
        await all_told(pair.platforms[0], 1)


@pytest.mark.parametrize(
    ("reads", "appends"),
    [
        (NotPermitted("NOPERM", "the command INFO"), None),
        (None, PublishForbidden("NOPERM")),
        (None, PublishFailed("its answers do not come through")),
    ],
)
async def test_a_worker_that_may_not_read_or_publish_is_cut_off_too(
    database_url: str, reads: BusUnavailable | None, appends: PublishFailed | None
) -> None:
    async with a_pair(database_url) as pair:
        pair.cables[0].reads_fail, pair.cables[0].appends_fail = reads, appends
        if isinstance(appends, PublishFailed) and not isinstance(appends, PublishForbidden):
            pair.cables[0].reads_fail = BusUnavailable("nothing comes through")
        await send(pair.platforms[1], *(Act(line=line, steps=("tell",), number=1) for line in LINES))
        await pair.own(0, 2)
        await all_told(pair.platforms[1], 1)
        assert (await pair.readiness(0))[0] == 503


async def test_streams_that_refuse_everybody_are_waited_for_by_their_owners(database_url: str) -> None:
    """No memory, a full disk, a replica: another worker could do no better, so nothing moves."""
    async with a_pair(database_url) as pair:
        generations = "SELECT sum(generation) FROM nexus.leases"
        before = await pair.platforms[0].worker.platform.fetchval(generations)
        await send(pair.platforms[0], *(Act(line=line, steps=("tell",), number=1) for line in LINES))
        await all_told(pair.platforms[0], 1)
        for cable in pair.cables:
            cable.appends_fail = PublishFailed("OOM command not allowed")
        await send_past(pair, 2)
        loops = [platform.worker.hosts["board-ms"].loop for platform in pair.platforms]
        await pair.platforms[0].until(lambda: all(loop.trouble.reason for loop in loops), 30)
        assert (await pair.readiness(0))[0] == 503
        for cable in pair.cables:
            cable.mend()
        await all_told(pair.platforms[0], 2)
        assert await pair.platforms[0].worker.platform.fetchval(generations) == before


async def send_past(pair: Pair, number: int) -> None:
    """Commands that come in although the workers can publish nothing."""
    failing = [cable.appends_fail for cable in pair.cables]
    pair.cables[0].appends_fail = None
    await send(pair.platforms[0], *(Act(line=line, steps=("tell",), number=number) for line in LINES))
    pair.cables[0].appends_fail = failing[0]


async def test_a_worker_that_is_cut_off_from_the_database_says_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, cut = PostgresLeaseStore.beat, list[str]()

    async def beat(self: PostgresLeaseStore, worker: WorkerInfo, lease_s: float) -> Heartbeat:
        if worker.worker_id in cut:
            raise DatabaseUnavailable("cut")
        return await real(self, worker, lease_s)

    monkeypatch.setattr(PostgresLeaseStore, "beat", beat)
    async with a_pair(database_url) as pair:
        cut.append(pair.platforms[0].worker.info.worker_id)
        await pair.own(0, 2)
        assert await pair.readiness(0) == (503, "The database cannot be reached.")
        cut.clear()
        await pair.own(1, 1)
        await pair.platforms[0].until(lambda: not pair.platforms[0].faces.probes["board-ms"].troubles(), 30)
