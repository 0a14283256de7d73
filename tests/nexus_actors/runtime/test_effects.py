"""What a turn leaves behind, where turns meet in one batch: states, rows, ids."""

import pytest

from bus import Refusal
from bus.memory import MemoryStreamStore
from nexus_actors.testing import FakeClock, open_platform
from nexus_actors.worker import WorkerOptions
from tests.nexus_actors.runtime.switchboard.service import Act, Done, Many, Rang, Told, board
from tests.nexus_actors.runtime.wire import QUICK, home, letters, put, rows, sealed, send

pytestmark = pytest.mark.anyio


async def test_a_state_that_comes_back_to_what_it_was_is_saved(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        for expected in (True, False):
            assert await platform.ask(Act(line="a", steps=("light",))) == Done(0, expected)
        await platform.ask(Act(line="a", steps=("light",)))
        await platform.ask(Act(line="a", steps=("light",)))
    async with open_platform([board], database_url) as platform:
        assert await platform.ask(Act(line="a", steps=())) == Done(0, False)


async def test_two_actors_of_one_event_send_two_messages_even_in_the_same_millisecond(database_url: str) -> None:
    clock = FakeClock()
    options = WorkerOptions(streams=MemoryStreamStore(lambda: int(clock().timestamp() * 1_000)), clock=clock)
    async with open_platform([board], database_url, options=options) as platform:
        await platform.publish(Rang(bell="b"))
        await platform.until(lambda: len(platform.events(Told)) == 2)
        told = [f.envelope for f in platform.seen if f.envelope.type == Told.wire_type()]
        assert len({envelope.id for envelope in told}) == 2


@pytest.mark.parametrize("write", ["row", "add"])
async def test_a_refusal_after_writing_takes_its_rows_back_and_leaves_those_of_the_others(
    database_url: str, write: str
) -> None:
    async with open_platform([board], database_url) as platform:
        acts = [Act(line="a", steps=(write, "count"), number=n) for n in range(3)]
        refused = Act(line="a", steps=(write, "count", "refuse"), number=7)
        await send(platform, *acts, refused, Act(line="b", steps=(write,), number=8), Act(line="a", steps=(write,), number=9))
        await platform.settle()
        assert sorted(await rows(platform)) == [("a", 0), ("a", 1), ("a", 2), ("a", 9), ("b", 8)]
        assert await platform.ask(Act(line="a", steps=())) == Done(3, False)
        with pytest.raises(Refusal, match="told_to"):
            await platform.ask(refused)


@pytest.mark.parametrize(
    ("write", "fail"), [("row", "fault"), ("add", "fault"), ("add", "add nothing"), ("row", "add nothing")]
)
async def test_a_fault_after_writing_costs_the_others_nothing(database_url: str, write: str, fail: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        faulty = Act(line="a", steps=(write, fail), number=7)
        others = [Act(line=line, steps=(write, "count", "tell"), number=1) for line in "bcde"]
        await send(platform, *others[:2], faulty, *others[2:])
        await platform.settle()
        assert await rows(platform) == [(line, 1) for line in "bcde"]
        assert sorted(told.line for told in platform.events(Told)) == list("bcde")
        assert await letters(platform) == [("a", "act", False)]


async def test_a_list_that_is_refused_after_writing_is_handled_one_by_one(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        await put(platform, home("a"), *(sealed(Many(line="a", number=number)) for number in (1, -2, 3)))
        await platform.settle()
        assert await rows(platform) == [("a", 1), ("a", 3)]


async def test_a_list_handler_is_given_the_messages_of_one_caller(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        callers = ["x", "x", "y", "x"]
        await put(platform, home("a"), *(sealed(Many(line="a", number=1), principal=caller) for caller in callers))
        await platform.settle()
        stored = await platform.worker.hosts["board-ms"].database.fetch("SELECT answer FROM inbox ORDER BY message_id")
        answers = sorted(row["answer"].rpartition(b'"value":')[2] for row in stored)
        assert answers == [b"1}", b"1}", b"2}", b"2}"]
