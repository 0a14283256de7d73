"""What `nexus_actors.jobs.store.JobStore` promises."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from bus import new_id
from nexus_actors.context import JobCancel, JobStart
from nexus_actors.jobs.store import Claim, Ending, Kept, Untold, report_id
from nexus_actors.runtime.store import Fence, LeaseLost, ParkedRow
from tests.conformance.runtime.books import LEASE_S, SERVICES, A, Books, empty

pytestmark = pytest.mark.anyio

KIND = "nexus.one-ms.mix.v1"
DONE = Ending("done", "", b"report")


async def start(
    books: Books, *keys: str, service: str = "one-ms", kind: str = KIND, cancel: Sequence[JobCancel] = ()
) -> list[UUID]:
    """Jobs of a turn, one a key."""
    generation = (await books.leases.acquire("turns", service, [0], 0))[0]
    commit = empty({0: Fence(generation, 0)})
    commit.jobs += [JobStart(new_id(), kind, key, "main", key.encode()) for key in keys]
    commit.cancelled += cancel
    await books.commit(commit, service)
    await books.wait(0.01)
    return [job.job_id for job in commit.jobs]


async def claim(books: Books, worker: str = "w1", lease_s: float = 60, *, cancelled_only: bool = False) -> Claim | None:
    return await books.jobs.claim(worker, SERVICES, [KIND], lease_s, cancelled_only=cancelled_only)


async def claimed(books: Books, worker: str = "w1", lease_s: float = 60) -> Claim:
    found = await claim(books, worker, lease_s)
    assert found is not None
    return found


async def untold(books: Books) -> Sequence[Untold]:
    return await books.jobs.untold(SERVICES, 10, 1)


async def test_a_job_is_claimed_once_under_its_first_generation(books: Books) -> None:
    [job_id] = await start(books, "k")
    assert await claim(books) == Claim("one-ms", job_id, KIND, "k", "main", b"k", 1, 0, 0, cancel=False)
    assert await claim(books, "w2") is None


async def test_a_turn_that_does_not_commit_starts_no_job(books: Books) -> None:
    generation = (await books.leases.acquire("turns", "one-ms", [0], 0))[0]
    commit = empty({0: Fence(generation + 1, 0)})
    commit.jobs.append(JobStart(new_id(), KIND, "k", "main", b""))
    with pytest.raises(LeaseLost):
        await books.commit(commit)
    assert await claim(books) is None


async def test_the_oldest_of_the_preferred_service_comes_first(books: Books) -> None:
    await start(books, "late", service="two-ms")
    await start(books, "a")
    await start(books, "b")
    assert [(await claimed(books)).key for _ in range(3)] == ["a", "b", "late"]


async def test_only_kinds_and_services_that_the_worker_does_are_claimed(books: Books) -> None:
    await start(books, "k", kind="nexus.one-ms.mix.v2")
    await start(books, "k", service="two-ms")
    assert await books.jobs.claim("w1", ["one-ms"], [KIND], 60) is None
    assert await books.jobs.claim("w1", ["one-ms"], [], 60) is None


async def test_a_renewal_tells_what_is_still_held_and_what_is_cancelled(books: Books) -> None:
    a, b = await start(books, "a", "b")
    first, second = await claimed(books), await claimed(books)
    await start(books, cancel=[JobCancel(b, "main", "b")])
    kept = [Kept(a, first.generation, 0.5, "half"), Kept(b, second.generation, 0, ""), Kept(new_id(), 1, 0, "")]
    assert await books.jobs.renew("w1", kept, 60) == {a: False, b: True}
    assert await books.jobs.renew("w2", kept, 60) == {}
    assert await books.jobs.renew("w1", [Kept(a, first.generation - 1, 0, "")], 60) == {}
    assert await books.jobs.renew("w1", [], 60) == {}


async def test_a_lease_that_expired_is_queued_again_and_its_former_owner_writes_nothing(books: Books) -> None:
    [job_id] = await start(books, "k")
    stale = await claimed(books, lease_s=LEASE_S)
    assert await books.jobs.recover(SERVICES) == []
    await books.wait(LEASE_S + 0.1)
    assert await books.jobs.recover(["two-ms"]) == []
    [loss] = await books.jobs.recover(SERVICES)
    assert loss == ("one-ms", job_id, KIND, "w1", 1)
    assert not await books.jobs.end(stale, DONE, 0)
    again = await claimed(books, "w2")
    assert (again.generation, again.losses, again.failures) == (2, 1, 0)
    assert not await books.jobs.end(stale, DONE, 0)
    assert not await books.jobs.again(stale, 0, "late")
    assert not await books.jobs.hand_back(stale)
    assert await books.jobs.renew("w1", [Kept(job_id, 1, 0, "")], 60) == {}
    assert await books.jobs.end(again, DONE, 0)


async def test_a_renewed_lease_lives_on(books: Books) -> None:
    [job_id] = await start(books, "k")
    held = await claimed(books, lease_s=LEASE_S)
    for _ in range(3):
        await books.wait(LEASE_S * 0.7)
        assert job_id in await books.jobs.renew("w1", [Kept(job_id, held.generation, 0, "")], LEASE_S)
        assert await books.jobs.recover(SERVICES) == []


async def test_a_failed_job_waits_and_counts_its_failures(books: Books) -> None:
    await start(books, "k")
    assert await books.jobs.again(await claimed(books), 0.3, "out of tune")
    assert await claim(books) is None
    await books.wait(0.4)
    again = await claimed(books)
    assert (again.failures, again.generation) == (1, 2)


async def test_a_job_that_is_handed_back_is_due_at_once(books: Books) -> None:
    await start(books, "k")
    assert await books.jobs.hand_back(await claimed(books))
    again = await claimed(books, "w2")
    assert (again.failures, again.losses, again.generation) == (0, 0, 2)


async def test_a_job_that_is_handed_back_for_later_is_due_then(books: Books) -> None:
    late, soon = await start(books, "late", "soon")
    for wait_s in (60.0, 0.01):
        assert await books.jobs.hand_back(await claimed(books), wait_s)
    await books.wait(0.1)
    again = await claimed(books, "w2")
    assert (again.job_id, again.failures, await claim(books, "w2")) == (soon, 0, None), f"{late} is due in a minute"


async def test_a_cancelled_job_is_due_even_while_it_waits_and_ends_stay_ends(books: Books) -> None:
    waiting, ended, foreign = await start(books, "a", "b", "c")
    assert await books.jobs.again(await claimed(books), 60, "out of tune")
    assert await books.jobs.end(await claimed(books), DONE, 60)
    cancel = [
        JobCancel(waiting, "main", "a"),
        JobCancel(ended, "main", "b"),
        JobCancel(foreign, "main", "a"),
        JobCancel(new_id(), "main", "a"),
    ]
    await start(books, cancel=cancel)
    found = await claim(books, cancelled_only=True)
    assert found is not None
    assert (found.job_id, found.cancel) == (waiting, True)
    assert await claim(books, cancelled_only=True) is None
    assert (await claimed(books)).cancel is False


async def test_the_end_of_a_job_may_be_written_again_but_not_another_one(books: Books) -> None:
    await start(books, "k")
    held = await claimed(books)
    assert await books.jobs.end(held, DONE, 60)
    assert await books.jobs.end(held, DONE, 60), "its first answer may have got lost"
    assert not await books.jobs.end(held, Ending("failed", "x", b"other"), 60)
    assert not await books.jobs.again(held, 0, "x")
    assert await claim(books) is None


async def test_an_end_is_untold_until_it_is_told_and_asked_for_ever_more_rarely(books: Books) -> None:
    [job_id] = await start(books, "k")
    assert await books.jobs.end(await claimed(books), DONE, 0.2)
    assert await untold(books) == []
    await books.wait(0.25)
    assert await untold(books) == [Untold("one-ms", job_id, "k", b"report", settled=False)]
    assert await untold(books) == [], "another worker is about it"
    await books.wait(0.25)
    assert await untold(books) == []
    await books.wait(0.25)
    assert [end.job_id for end in await untold(books)] == [job_id]
    await books.jobs.told([job_id])
    await books.wait(1.1)
    assert await untold(books) == []


async def test_an_end_among_the_dead_letters_will_not_get_lost(books: Books) -> None:
    [job_id] = await start(books, "k")
    assert await books.jobs.end(await claimed(books), DONE, 0)
    commit = empty({0: Fence((await books.leases.acquire("turns", "one-ms", [0], 0))[0], 0)})
    commit.parked.append(ParkedRow(report_id(job_id), 0, "main", "k", "t", A, b"report", behind=False, error="e", attempts=1))
    await books.commit(commit)
    await books.wait(0.01)
    assert [end.settled for end in await untold(books)] == [True]


async def test_an_end_without_a_report_is_told_from_the_start(books: Books) -> None:
    await start(books, "k")
    assert await books.jobs.end(await claimed(books), Ending("failed", "cannot be told", None), 0)
    await books.wait(0.01)
    assert await untold(books) == []
    assert await books.jobs.forget(0) == 1


async def test_jobs_that_wait_are_counted(books: Books) -> None:
    await start(books, "a", "b", "c")
    await start(books, "a", service="two-ms")
    await claimed(books)
    assert await books.jobs.queued(SERVICES) == {"one-ms": 2, "two-ms": 1}
    assert await books.jobs.queued(["two-ms", "three-ms"]) == {"two-ms": 1}


async def test_what_is_told_is_forgotten_after_a_while_and_nothing_else(books: Books) -> None:
    told, _ = await start(books, "a", "b")
    for _ in range(2):
        assert await books.jobs.end(await claimed(books), DONE, 60)
    await books.jobs.told([told])
    await start(books, "c")
    await books.wait(0.2)
    assert await books.jobs.forget(60) == 0
    assert await books.jobs.forget(0.1) == 1
