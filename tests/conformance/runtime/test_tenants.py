"""What stores promise to tenants that use the same keys: neither touches what is the other's, nor what is the platform's."""

from datetime import timedelta
from typing import Final

import pytest

from bus import new_id
from nexus_actors.context import JobCancel, JobStart, TimerSet
from nexus_actors.identity import PLATFORM, Identity
from nexus_actors.runtime.store import TIMERS_LOOKED_AT, ParkedRow, StateRow, TimerGone, TimerPlace
from tests.conformance.runtime.books import SERVICES, A, Books, mine
from tests.conformance.runtime.test_turn_store import NOON, again, fenced

pytestmark = pytest.mark.anyio

TENANTS: Final = (PLATFORM, "blue", "red")


def timer(tenant: str, name: str = "t", minutes: int = 0) -> TimerSet:
    return TimerSet(tenant, "k", name, NOON - timedelta(minutes=minutes), new_id(), tenant.encode())


def letter(tenant: str, *, behind: bool = False) -> ParkedRow:
    return ParkedRow(new_id(), 0, tenant, "k", "nexus.one-ms.x.v1", A, tenant.encode(), behind, "cause", 3)


async def due(books: Books, *without: Identity) -> list[tuple[str, bytes]]:
    found = await books.one.due_timers(0, NOON, 10, without=without)
    return [(timer.tenant, timer.body) for timer in found.timers]


async def test_each_has_a_state_of_its_own(books: Books) -> None:
    commit = await fenced(books)
    commit.states += [StateRow("A", tenant, "k", tenant.encode()) for tenant in TENANTS]
    await books.commit(commit)
    everything = [("A", tenant, "k") for tenant in TENANTS]
    assert await books.one.states(everything) == {name: name[1].encode() for name in everything}
    assert await books.one.states([("A", "green", "k")]) == {}

    change = again(commit)
    change.states.append(StateRow("A", "blue", "k", b"anew"))
    change.states_gone.append(("A", "red", "k"))
    await books.commit(change)
    assert await books.one.states(everything) == {("A", "", "k"): b"", ("A", "blue", "k"): b"anew"}


async def test_each_has_a_timer_of_a_name_of_its_own(books: Books) -> None:
    commit = await fenced(books)
    timers = [timer(tenant) for tenant in TENANTS]
    commit.timers += [(0, one) for one in timers]
    await books.commit(commit)
    assert await due(books) == [("", b""), ("blue", b"blue"), ("red", b"red")]
    assert await due(books, mine("k", "blue"), mine("other", "red")) == [("", b""), ("red", b"red")]

    change = again(commit)
    change.timers_gone += [TimerGone("blue", "k", "t", None), TimerGone("red", "k", "t", timers[0].message_id)]
    change.timers.append((0, timer("", minutes=1)))
    await books.commit(change)
    found = await books.one.due_timers(0, NOON, 10)
    assert [(one.tenant, one.due_at) for one in found.timers] == [("", NOON - timedelta(minutes=1)), ("red", NOON)]


async def test_one_with_many_due_timers_keeps_the_others_waiting_for_some_looks_alone(books: Books) -> None:
    commit = await fenced(books)
    commit.timers += [(0, timer("blue", f"{number:02d}")) for number in range(2 * TIMERS_LOOKED_AT)]
    commit.timers.append((0, timer("red")))
    await books.commit(commit)
    first = await books.one.due_timers(0, NOON, 2)
    assert [(found.tenant, found.name) for found in first.timers] == [("blue", "00")]
    assert first.place == TimerPlace(NOON, "blue", "k", f"{2 * TIMERS_LOOKED_AT - 1:02d}")
    second = await books.one.due_timers(0, NOON, 2, after=first.place)
    assert [(found.tenant, found.name) for found in second.timers] == [("red", "t")]


async def test_what_is_parked_for_one_is_parked_for_no_other(books: Books) -> None:
    commit = await fenced(books)
    letters = {tenant: letter(tenant) for tenant in TENANTS}
    commit.parked += letters.values()
    await books.commit(commit)
    for tenant in TENANTS:
        assert await books.one.parked(0, mine("k", tenant)) == [letters[tenant]]
        assert await books.one.parked(0, mine("k", tenant), [row.message_id for row in letters.values()]) == [letters[tenant]]
    resumed = await books.one.resume(0)
    assert (resumed.parked_keys, resumed.released_keys) == ({mine("k", tenant) for tenant in TENANTS}, set())


async def test_what_is_released_for_one_is_released_for_no_other_and_parked_again_for_itself(books: Books) -> None:
    commit = await fenced(books)
    commit.parked += [letter(tenant) for tenant in TENANTS]
    await books.commit(commit)
    release = again(commit)
    release.released += [(0, mine("k", "red")), (0, mine("k", ""))]
    await books.commit(release)
    resumed = await books.one.resume(0)
    assert (resumed.parked_keys, resumed.released_keys) == ({mine("k", "blue")}, {mine("k", "red"), mine("k", "")})

    anew = again(commit)
    anew.parked.append(letter("red", behind=True))
    await books.commit(anew)
    resumed = await books.one.resume(0)
    assert (resumed.parked_keys, resumed.released_keys) == ({mine("k", "blue"), mine("k", "red")}, {mine("k", "")})


async def test_one_cancels_no_job_of_another(books: Books) -> None:
    commit = await fenced(books)
    jobs = {tenant: JobStart(new_id(), "nexus.one-ms.mix.v1", "k", tenant, b"") for tenant in TENANTS}
    commit.jobs += jobs.values()
    await books.commit(commit)
    change = again(commit)
    change.cancelled += [JobCancel(job.job_id, "red", "k") for job in jobs.values()]
    await books.commit(change)
    claims = [await books.jobs.claim("w1", SERVICES, ["nexus.one-ms.mix.v1"], 60) for _ in TENANTS]
    assert {claim.tenant: claim.cancel for claim in claims if claim is not None} == {"": False, "blue": False, "red": True}
