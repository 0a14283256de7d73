"""What `nexus_actors.runtime.leases.LeaseStore` promises."""

from datetime import UTC, datetime

import pytest

from nexus_actors.runtime.leases import Heartbeat, WorkerInfo
from tests.conformance.runtime.books import LEASE_S, PARTITIONS, SERVICES, Books, Register

pytestmark = pytest.mark.anyio


async def beat(
    books: Books, name: str, *, services: tuple[str, ...] = SERVICES, draining: bool = False, leases: Register | None = None
) -> Heartbeat:
    started_at = datetime(2026, 1, 1, tzinfo=UTC)
    worker = WorkerInfo(
        worker_id=name, host="here", pid=1, version="1", services=services, started_at=started_at, draining=draining
    )
    return await (leases or books.leases).beat(worker, LEASE_S)


def live(found: Heartbeat, service: str = "one-ms") -> list[str]:
    return sorted(found.live.get(service, ()))


async def test_free_partitions_are_taken_each_under_a_new_generation(books: Books) -> None:
    assert await books.own(0, 2) == {0: 1, 2: 1}
    assert await books.own(0, 1, 2) == {1: 1}, "what is owned is not free, not even for its owner"


async def test_a_partition_that_does_not_exist_is_not_taken(books: Books) -> None:
    assert await books.own(PARTITIONS) == {}
    assert await books.leases.acquire("w1", "absent-ms", [0], LEASE_S) == {}


async def test_what_another_owns_is_free_once_its_lease_has_expired(books: Books) -> None:
    await books.own(0)
    assert await books.own(0, worker="w2") == {}
    await books.wait(LEASE_S + 0.1)
    assert await books.own(0, worker="w2") == {0: 2}


async def test_a_beat_renews_all_leases_of_the_worker_and_no_other(books: Books) -> None:
    await books.own(0, 1)
    await books.leases.acquire("w1", "two-ms", [3], LEASE_S)
    await books.own(2, worker="w2")
    await books.wait(LEASE_S * 0.7)
    renewed = (await beat(books, "w1")).renewed
    assert renewed == {("one-ms", 0): 1, ("one-ms", 1): 1, ("two-ms", 3): 1}
    await books.wait(LEASE_S * 0.7)
    assert await books.own(0, 1, 2, worker="w3") == {2: 2}


async def test_an_expired_lease_that_nobody_took_is_renewed_under_its_generation(books: Books) -> None:
    await books.own(0)
    await books.wait(LEASE_S + 0.1)
    assert (await beat(books, "w1")).renewed == {("one-ms", 0): 1}
    assert await books.own(0, worker="w2") == {}


async def test_a_lease_that_was_taken_over_is_not_renewed_by_its_former_owner(books: Books) -> None:
    await books.own(0)
    await books.wait(LEASE_S + 0.1)
    await books.own(0, worker="w2")
    assert (await beat(books, "w1")).renewed == {}


async def test_released_partitions_are_free_at_once_and_only_their_owner_releases_them(books: Books) -> None:
    await books.own(0, 1)
    await books.leases.release("w2", "one-ms", [0])
    await books.leases.release("w1", "two-ms", [0])
    assert await books.own(0, worker="w2") == {}
    await books.leases.release("w1", "one-ms", [0])
    assert await books.own(0, 1, worker="w2") == {0: 2}


async def test_generations_only_grow(books: Books) -> None:
    generations = []
    for _ in range(3):
        generations.append((await books.own(0))[0])
        await books.leases.release("w1", "one-ms", [0])
    assert generations == [1, 2, 3]


async def test_a_beat_tells_who_is_alive_for_each_service(books: Books) -> None:
    assert live(await beat(books, "w1")) == ["w1"]
    await beat(books, "w2", services=("two-ms",))
    seen = await beat(books, "w1")
    assert live(seen) == ["w1"]
    assert live(seen, "two-ms") == ["w1", "w2"]


async def test_who_takes_no_part_in_a_service_is_no_candidate_for_it_and_keeps_its_leases(books: Books) -> None:
    await beat(books, "w1")
    await books.own(0)
    partly = await beat(books, "w1", services=("two-ms",))
    assert (live(partly), live(partly, "two-ms"), partly.renewed) == ([], ["w1"], {("one-ms", 0): 1})
    assert live(await beat(books, "w2")) == ["w2"]
    await beat(books, "w1")
    assert live(await beat(books, "w2")) == ["w1", "w2"]


async def test_who_has_not_been_heard_of_for_a_lease_time_is_not_alive(books: Books) -> None:
    await beat(books, "w1")
    await books.wait(LEASE_S + 0.1)
    assert live(await beat(books, "w2")) == ["w2"]
    assert live(await beat(books, "w1")) == ["w1", "w2"]


async def test_who_drains_is_no_candidate_and_keeps_its_leases(books: Books) -> None:
    await beat(books, "w1")
    await books.own(0)
    drained = await beat(books, "w1", draining=True)
    assert (live(drained), drained.renewed) == ([], {("one-ms", 0): 1})
    assert live(await beat(books, "w2")) == ["w2"]


async def test_who_leaves_is_forgotten_with_all_its_leases(books: Books) -> None:
    await beat(books, "w1")
    await books.own(0, 1)
    await books.own(2, worker="w2")
    await books.leases.leave("w1")
    assert live(await beat(books, "w2")) == ["w2"]
    assert await books.own(worker="w3") == {0: 2, 1: 2, 3: 1}


async def test_registering_again_changes_nothing(books: Books) -> None:
    await books.own(0)
    await books.leases.register("one-ms", PARTITIONS, [])
    assert await books.own(0, worker="w2") == {}


async def test_workers_are_forgotten_after_a_while(books: Books) -> None:
    await beat(books, "w1")
    await books.wait(0.2)
    await beat(books, "w2")
    await books.leases.forget(0.1)
    assert live(await beat(books, "w2")) == ["w2"]
    await books.leases.forget(60)
    assert live(await beat(books, "w1")) == ["w1", "w2"]


async def other_release(books: Books, *events: str) -> Register:
    """The lease store of another process, whose release handles these events."""
    other = books.process()
    await other.announce("one-ms", events)
    return other


async def test_a_beat_tells_what_a_newer_release_handles_and_this_one_does_not(books: Books) -> None:
    assert await books.leases.announce("one-ms", ["a", "b"]) is not None
    await books.wait(0.01)
    newer = await other_release(books, "c", "b")
    assert dict((await beat(books, "w1")).awaited) == {"one-ms": {"c"}}
    assert await newer.announce("one-ms", ["b", "c"]) is None, "it is known, in whatever order"
    assert dict((await beat(books, "w2", leases=newer)).awaited) == {}, "what an older one handled is not wanted any more"
    assert await books.leases.announce("one-ms", ["a", "b"]) is None, "a release that comes back is as old as it was"
    assert dict((await beat(books, "w1")).awaited) == {"one-ms": {"c"}}


async def test_it_is_known_which_worker_has_been_silent_for_the_longest(books: Books) -> None:
    assert (await books.leases.heard("one-ms", LEASE_S)).longest_ago is None
    await beat(books, "w1")
    await books.wait(0.01)
    new_at = await books.leases.announce("one-ms", ["a"])
    assert new_at is not None
    await books.wait(0.01)
    await beat(books, "w2")
    await beat(books, "w3", services=("two-ms",))
    heard = await books.leases.heard("one-ms", LEASE_S)
    assert heard.longest_ago is not None
    assert heard.longest_ago < new_at < heard.now
    await beat(books, "w1")
    assert ((await books.leases.heard("one-ms", LEASE_S)).longest_ago or new_at) > new_at
    await beat(books, "w1", draining=True)
    await books.wait(LEASE_S + 0.1)
    assert (await books.leases.heard("one-ms", LEASE_S)).longest_ago is None
