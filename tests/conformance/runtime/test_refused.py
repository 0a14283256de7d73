"""What no store takes: values that PostgreSQL refuses are refused everywhere, and nothing of their commit is written."""

import random
import string
from collections.abc import Callable
from datetime import datetime
from typing import Final

import asyncpg
import pytest

from bus import StreamName, new_id
from bus.position import Position
from nexus_actors.context import JobCancel, JobStart, TimerSet
from nexus_actors.jobs.store import Ending, Kept
from nexus_actors.runtime.store import Commit, Fence, InboxRow, NotStorable, OutboxRow, ParkedRow, StateRow, TimerGone
from tests.conformance.runtime.books import SERVICES, TENANT, A, B, Books, empty, mine

pytestmark = pytest.mark.anyio

REFUSED: Final = (NotStorable, asyncpg.PostgresError, asyncpg.InterfaceError)
NAIVE: Final = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - that is what is tested
LONG: Final = "".join(random.Random(1).choices(string.printable[:90], k=9_000))  # noqa: S311 - no secret
"""Too long for an index, and with too little order to be made shorter."""
KIND: Final = "nexus.one-ms.mix.v1"

Write = Callable[[Commit], object]


def _parked(*, tenant: str = TENANT, key: str = "k", wire_type: str = "t", error: str = "cause") -> Write:
    return lambda commit: commit.parked.append(ParkedRow(new_id(), 0, tenant, key, wire_type, A, b"", False, error, 1))


def _timer(tenant: str = TENANT, name: str = "t", due_at: datetime | None = None) -> Write:
    due = due_at or NAIVE.astimezone()
    return lambda commit: commit.timers.append((0, TimerSet(tenant, "k", name, due, new_id(), b"")))


WRITES: dict[str, Write] = {
    "a naive instant": _timer(due_at=NAIVE),
    "a timer's long name": _timer(name=LONG),
    "a state's long key": lambda commit: commit.states.append(StateRow("A", TENANT, LONG, b"{}")),
}


def _writes_of(text: str) -> dict[str, Write]:
    """Commits with a text where there is one."""
    return {
        "a fingerprint": lambda commit: commit.inbox.append(InboxRow(new_id(), text, None)),
        "a key": lambda commit: commit.states.append(StateRow("A", TENANT, text, b"{}")),
        "a tenant": lambda commit: commit.states.append(StateRow("A", text, "k", b"{}")),
        "a stream": lambda commit: commit.outbox.append(OutboxRow(0, 1, StreamName(text), new_id(), b"")),
        "a timer": _timer(name=text),
        "the tenant of a timer": _timer(tenant=text),
        "a timer that goes": lambda commit: commit.timers_gone.append(TimerGone(TENANT, "k", text, None)),
        "the error of a dead letter": _parked(error=text),
        "the key of a dead letter": _parked(key=text),
        "the tenant of a dead letter": _parked(tenant=text),
        "the type of a dead letter": _parked(wire_type=text),
        "a key that is released": lambda commit: commit.released.append((0, mine(text))),
        "a tenant whose key is released": lambda commit: commit.released.append((0, mine("k", text))),
        "a job": lambda commit: commit.jobs.append(JobStart(new_id(), KIND, text, "main", b"")),
        "a job that is cancelled": lambda commit: commit.cancelled.append(JobCancel(new_id(), TENANT, text)),
        "a checkpoint": lambda commit: commit.checkpoints.update({StreamName(text): Position(1, 0)}),
    }


WRITES |= {f"NUL in {where}": write for where, write in _writes_of("a\0b").items()}
WRITES |= {f"half a pair in {where}": write for where, write in _writes_of("a\ud800").items()}


@pytest.mark.parametrize("what", WRITES)
async def test_what_no_database_keeps_is_refused_and_takes_its_commit_along(books: Books, what: str) -> None:
    generation = (await books.own(0))[0]
    known = new_id()
    commit = empty({0: Fence(generation, 0)})
    commit.inbox.append(InboxRow(known, None, None))
    WRITES[what](commit)
    with pytest.raises(REFUSED):
        await books.commit(commit)
    assert await books.one.known([known]) == {}


@pytest.mark.parametrize("text", ["a\0b", "a\ud800"], ids=ascii)
async def test_the_texts_of_a_job_are_held_to_the_same(books: Books, text: str) -> None:
    generation = (await books.own(0))[0]
    commit = empty({0: Fence(generation, 0)})
    commit.jobs.append(JobStart(new_id(), KIND, "k", "main", b""))
    await books.commit(commit)
    claim = await books.jobs.claim("w1", SERVICES, [KIND], 60)
    assert claim is not None
    with pytest.raises(REFUSED):
        await books.jobs.renew("w1", [Kept(claim.job_id, claim.generation, 0.5, text)], 60)
    with pytest.raises(REFUSED):
        await books.jobs.again(claim, 1, text)
    with pytest.raises(REFUSED):
        await books.jobs.end(claim, Ending("failed", text, b""), 60)
    assert await books.jobs.end(claim, Ending("failed", "", b""), 60)


async def test_a_partition_that_was_never_registered_is_not_resumed(books: Books) -> None:
    with pytest.raises(AssertionError):
        await books.one.resume(4)
    assert (await books.one.resume(3)).checkpoints.keys() == {A, B}
