"""Timers: set, set anew, removed and due at the same time; late, failing, many."""

import pytest

from nexus_actors.testing import open_platform
from tests.nexus_actors.runtime.switchboard.service import Act, Done, Told, board
from tests.nexus_actors.runtime.wire import QUICK, letters, send

pytestmark = pytest.mark.anyio


async def test_what_is_set_and_removed_in_one_batch_does_not_ring(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        await send(platform, Act(line="a", steps=("set t 0.1",)), Act(line="a", steps=("unset t",)))
        await send(platform, Act(line="b", steps=("set t 0.1",), number=1), Act(line="b", steps=("set t 0.2",), number=2))
        await platform.until(lambda: bool(platform.events(Told)))
        await platform.settle()
        assert platform.events(Told) == [Told(line="b", number=2)]


async def test_a_timer_rings_after_a_restart(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        await platform.ask(Act(line="a", steps=("set t 0.1",), number=5))
    async with open_platform([board], database_url) as platform:
        await platform.until(lambda: platform.events(Told) == [Told(line="a", number=5)])


async def test_a_timer_at_the_last_instant_that_there_is_stops_nobody(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        await platform.ask(Act(line="a", steps=("never t", "set u 0")))
        await platform.until(lambda: platform.events(Told) == [Told(line="a", number=0)])
    async with open_platform([board], database_url) as platform:
        await platform.worker.hosts["board-ms"].turns.execute("UPDATE timers SET due_at = 'infinity'")
        assert await platform.ask(Act(line="a")) == Done(1, lit=False)
    async with open_platform([board], database_url) as platform:
        assert await platform.ask(Act(line="a")) == Done(2, lit=False), "as workers have written it before"


async def test_timers_of_one_name_belong_to_one_kind_of_actor_and_one_key(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        for number, line in enumerate("ab"):
            await platform.ask(Act(line=line, steps=("set t 0",), number=number))
        await platform.until(lambda: len(platform.events(Told)) == 2)
        database = platform.worker.hosts["board-ms"].database
        assert await database.fetchval("SELECT count(*) FROM timers") == 0


async def test_a_timer_waits_behind_a_key_that_is_held_back_and_obeys_what_that_does(database_url: str) -> None:
    environ = {"NEXUS_MAX_ATTEMPTS": "1000", "NEXUS_RETRY_BASE_S": "0.05", "NEXUS_RETRY_MAX_S": "0.05"}
    async with open_platform([board], database_url, environ=environ) as platform:
        database = platform.worker.hosts["board-ms"].database
        await platform.ask(Act(line="a", steps=("set t 0.1", "set u 0.1"), number=1))
        failing = Act(line="a", steps=("fault",))
        await send(platform, failing, Act(line="a", steps=("unset t",)), Act(line="b", steps=("set t 0.2",), number=2))
        await platform.until(lambda: bool(platform.events(Told)))
        assert platform.events(Told) == [Told(line="b", number=2)], "the line that is held back must not ring"
        assert await database.fetchval("SELECT count(*) FROM timers") == 2


async def test_a_timer_that_fails_is_parked_and_the_others_of_its_key_wait_behind_it(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        turns = platform.worker.hosts["board-ms"].turns
        await platform.ask(Act(line="a", steps=("set t 0.2", "set u 0.25", "set v 60"), number=1))
        faulty = "convert_to(replace(convert_from(body, 'UTF8'), 'tell', 'fault'), 'UTF8')"
        await turns.execute(f"UPDATE timers SET body = {faulty} WHERE name LIKE '%t'")  # noqa: S608 - nothing foreign
        database = platform.worker.hosts["board-ms"].database
        while await database.fetchval("SELECT count(*) FROM timers") > 1:
            await platform.settle()
        assert await letters(platform) == [("a", "act", False), ("a", "act", True)]
        assert platform.events(Told) == []


async def test_hundreds_of_timers_due_at_once_all_ring_once(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        acts = [Act(line=f"l{n}", steps=("set t 0", "set u 0"), number=n) for n in range(250)]
        await send(platform, *acts)
        await platform.until(lambda: len(platform.events(Told)) >= 500)
        await platform.settle()
        assert sorted(told.number for told in platform.events(Told)) == sorted([*range(250), *range(250)])
