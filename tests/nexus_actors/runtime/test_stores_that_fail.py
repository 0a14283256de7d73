"""A database that fails at chosen points: before a commit, after it, in between, for one message alone."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import anyio
import pytest

from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.postgres.turn_store import PostgresTurnTransaction
from nexus_actors.runtime.store import Commit, LeaseLost
from nexus_actors.testing import TestPlatform, open_platform
from tests.nexus_actors.runtime.switchboard.service import Act, Done, Told, board
from tests.nexus_actors.runtime.wire import QUICK, home, letters, put, rows, sealed, send

pytestmark = pytest.mark.anyio

OneCommit = Callable[[PostgresTurnTransaction, Commit], Awaitable[None]]
_REAL = PostgresTurnTransaction.commit


class Commits:
    """Lets a test take over commits that finish messages."""

    def __init__(self) -> None:
        self.take: OneCommit = _REAL
        self.taken = 0

    async def commit(self, transaction: PostgresTurnTransaction, commit: Commit) -> None:
        if not commit.inbox:
            await _REAL(transaction, commit)
            return
        self.taken += 1
        await self.take(transaction, commit)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> Commits:
    commits = Commits()

    async def commit(self: PostgresTurnTransaction, commit: Commit) -> None:
        await commits.commit(self, commit)

    monkeypatch.setattr(PostgresTurnTransaction, "commit", commit)
    return commits


async def lost_before(transaction: PostgresTurnTransaction, commit: Commit) -> None:
    raise DatabaseUnavailable("lost before the commit")


async def lost_after(transaction: PostgresTurnTransaction, commit: Commit) -> None:
    await _REAL(transaction, commit)
    raise DatabaseUnavailable("lost after the commit")


async def broken(transaction: PostgresTurnTransaction, commit: Commit) -> None:
    raise RuntimeError("nobody expected this")


def once(fails: OneCommit) -> OneCommit:
    left = [fails]

    async def commit(transaction: PostgresTurnTransaction, commit: Commit) -> None:
        await (left.pop() if left else _REAL)(transaction, commit)

    return commit


def counting(line: str) -> list[Act]:
    return [Act(line=line, steps=("count", "row", "tell", "set t 60"), number=n) for n in range(3)]


async def holds(platform: TestPlatform, count: int) -> None:
    assert await platform.ask(Act(line="a", steps=())) == Done(count, False)
    await platform.settle()
    assert await rows(platform) == [("a", n) for n in range(count)]
    assert [told.number for told in platform.events(Told)] == list(range(count))
    assert await platform.worker.hosts["board-ms"].database.fetchval("SELECT count(*) FROM timers") == 1


@pytest.mark.parametrize("fails", [lost_before, lost_after, broken])
async def test_a_commit_of_any_outcome_takes_effect_once(database_url: str, commits: Commits, fails: OneCommit) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        commits.take = once(fails)
        await put(platform, home("a"), *map(sealed, counting("a")))
        await platform.until(lambda: len(platform.events(Told)) == 3)
        await holds(platform, 3)


async def test_a_commit_that_arrives_late_changes_nothing_any_more(database_url: str, commits: Commits) -> None:
    late: list[Commit] = []

    async def on_its_way(transaction: PostgresTurnTransaction, commit: Commit) -> None:
        late.append(commit)
        raise DatabaseUnavailable("the connection was lost, and the commit is on its way")

    async with open_platform([board], database_url, environ=QUICK) as platform:
        commits.take = once(on_its_way)
        await put(platform, home("a"), *map(sealed, counting("a")))
        await platform.until(lambda: commits.taken > 1)
        host = platform.worker.hosts["board-ms"]
        store: Any = host.loop._store
        with pytest.raises(LeaseLost):
            async with store.transaction() as transaction:
                await _REAL(transaction, late[0])
        await platform.settle()
        await holds(platform, 3)


async def test_a_loop_that_breaks_in_the_middle_begins_again_without_a_loss(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        loop: Any = platform.worker.hosts["board-ms"].loop
        real, left = loop._deduplicator.fresh, [1, 1]

        async def fresh(deliveries: Any) -> Any:
            if left:
                left.pop()
                raise RuntimeError("nobody expected this")
            return await real(deliveries)

        monkeypatch.setattr(loop._deduplicator, "fresh", fresh)
        await put(platform, home("a"), *map(sealed, counting("a")))
        await platform.until(lambda: not left)
        await platform.settle()
        await holds(platform, 3)


async def test_a_lease_that_another_took_in_the_middle_costs_the_other_partition_nothing(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        steal = "UPDATE nexus.leases SET owner = 'thief', generation = generation + 1, expires_at = now() + interval '1 s'"
        await platform.worker.hosts["board-ms"].turns.execute(f"{steal} WHERE partition = 0")
        lines = "abcdefgh"
        await send(platform, *(Act(line=line, steps=("row", "tell"), number=n) for n in range(3) for line in lines))
        await platform.until(lambda: len(platform.events(Told)) == 3 * len(lines))
        await platform.settle()
        assert await rows(platform) == [(line, n) for line in lines for n in range(3)]


async def test_a_message_that_always_loses_the_connection_is_parked_and_the_others_go_on(
    database_url: str, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nexus_actors.runtime.loop.RETRY_S", 0.01)

    async def deadly(transaction: PostgresTurnTransaction, commit: Commit) -> None:
        if any(row.key == "deadly" for row in commit.states):
            raise DatabaseUnavailable("the connection went away")
        await _REAL(transaction, commit)

    commits.take = deadly
    async with open_platform([board], database_url, environ=QUICK) as platform:
        lines = ["a", "deadly", "b", "c", "deadly", "d"]
        await send(platform, *(Act(line=line, steps=("count", "tell"), number=n) for n, line in enumerate(lines)))
        with anyio.fail_after(10):
            while len(await letters(platform)) < 2:  # noqa: ASYNC110 - the database tells nobody
                await anyio.sleep(0.01)
        await platform.settle()
        assert await letters(platform) == [("deadly", "act", False), ("deadly", "act", True)]
        assert {told.line for told in platform.events(Told)} == set("abcd")


async def test_handlers_that_block_do_not_keep_leases_from_being_renewed(database_url: str) -> None:
    async with open_platform([board], database_url, environ={"NEXUS_LEASE_S": "1"}) as platform:
        generations = "SELECT sum(generation) FROM nexus.leases"
        before = await platform.worker.platform.fetchval(generations)
        await send(platform, *(Act(line=f"l{n}", steps=("row", "block 0.03"), number=n) for n in range(100)))
        renewed_at = platform.worker.keeper.renewed_at
        with anyio.fail_after(20):
            while len(await rows(platform)) < 100:
                assert platform.worker.clock() - platform.worker.keeper.renewed_at < timedelta(seconds=1)
        await platform.settle(20)
        assert platform.worker.keeper.renewed_at > renewed_at
        assert await platform.worker.platform.fetchval(generations) == before
