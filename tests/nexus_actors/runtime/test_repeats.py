"""Messages that come more than once: in one batch, over batches, from several askers, parked, after the lease has moved."""

from datetime import timedelta

import anyio
import pytest

from bus import Refusal, StreamName, derive_id, new_id
from bus.memory import MemoryStreamStore
from bus.position import START
from bus.requests import decode_answer
from nexus_actors.testing import TestPlatform, open_platform
from nexus_actors.testing.platform import _milliseconds
from nexus_actors.worker import WorkerOptions
from nexus_actors.worker.worker import utc_now
from tests.nexus_actors.runtime.switchboard.service import BELLS, Act, Done, Rang, Told, board
from tests.nexus_actors.runtime.wire import QUICK, home, letters, put, rows, sealed

pytestmark = pytest.mark.anyio

ACT = Act(line="a", steps=("count", "row", "tell"))


async def answers(platform: TestPlatform, *askers: str) -> list[str]:
    """What askers were told, in order: ``done`` or the code of a refusal."""
    found = await platform.worker.streams.read({StreamName(asker): START for asker in askers}, 100, 0)
    refusals = [decode_answer(entry.body).refusal for entry in found]
    return ["done" if refusal is None else refusal.code for refusal in refusals]


async def test_a_message_that_comes_often_in_one_batch_takes_effect_once(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        body = sealed(ACT, replyto="me")
        await put(platform, home("a"), *[body] * 5)
        await platform.settle()
        assert await rows(platform) == [("a", 0)]
        assert len(platform.events(Told)) == 1
        assert await answers(platform, "me") == ["done"], "the asker waits for one answer, and gets the right one"
        await put(platform, home("a"), body, body)
        await platform.settle()
        assert await rows(platform) == [("a", 0)]
        assert await answers(platform, "me") == ["done"] * 3


async def test_another_asker_under_the_same_id_is_told_to_wait_and_another_request_is_refused(
    database_url: str,
) -> None:
    async with open_platform([board], database_url) as platform:
        first = new_id()
        mine = sealed(ACT, first, replyto="me", fingerprint="one")
        await put(platform, home("a"), mine, sealed(ACT, first, replyto="you", fingerprint="one"))
        await platform.settle()
        await put(platform, home("a"), sealed(ACT, first, replyto="they", fingerprint="two"))
        await platform.settle()
        assert await answers(platform, "me") == ["done"]
        assert await answers(platform, "you") == ["in_flight"]
        assert await answers(platform, "they") == ["idempotency_mismatch"]


async def test_what_waits_for_another_try_is_read_again_without_a_loss_or_an_answer_too_many(database_url: str) -> None:
    environ = {"NEXUS_MAX_ATTEMPTS": "1000", "NEXUS_RETRY_BASE_S": "0.2", "NEXUS_RETRY_MAX_S": "0.2"}
    streams = MemoryStreamStore(_milliseconds)
    async with open_platform([board], database_url, streams=streams, environ=environ) as platform:
        failing = sealed(Act(line="a", steps=("fault",)), replyto="me")
        await put(platform, home("a"), failing, *(sealed(Act(line="a"), replyto="me") for _ in range(3)))
        loop = platform.worker.hosts["board-ms"].loop
        number = next(n for n, partition in loop.partitions.items() if home("a") in partition.trackers)
        await platform.until(lambda: loop.partitions[number].held_count() == 4)
        streams.stop()
        await anyio.sleep(0.1)
        streams.restart()
        await put(platform, home("b"), sealed(Act(line="b", steps=("tell",))))
        await platform.until(lambda: bool(platform.events(Told)))
        await anyio.sleep(0.1)
        assert loop.partitions[number].held_count() == 4
        assert await answers(platform, "me") == []
    async with open_platform([board], database_url, streams=streams, environ=QUICK) as platform:
        await platform.until(lambda: bool(platform.worker.hosts["board-ms"].loop.partitions))
        await platform.settle()
        assert [behind for _, _, behind in await letters(platform)] == [False, True, True, True]
        assert await answers(platform, "me") == ["message_parked"] * 4


async def test_a_repeat_of_a_parked_message_changes_nothing(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        body = sealed(Act(line="a", steps=("row", "fault")), replyto="me")
        for _ in range(3):
            await put(platform, home("a"), body, body)
            await platform.settle()
        assert await letters(platform) == [("a", "act", False)]
        with pytest.raises(Refusal, match="message_parked"):
            await platform.ask(Act(line="a"))


async def test_an_event_that_is_forwarded_twice_takes_effect_once(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        bells = [next(f"b{n}" for n in range(99) if home(f"b{n}").endswith(end)) for end in ("0}:commands", "1}:commands")]
        bodies = [sealed(Rang(bell=bell)) for bell in bells]
        for _ in range(2):
            await put(platform, BELLS.stream("events", 0), *bodies, *bodies)
            await platform.settle()
        assert sorted((told.line, told.number) for told in platform.events(Told)) == sorted(
            (b, n) for b in bells for n in (1, 2)
        )
        forwarded = {f.envelope.id for f in platform.seen if f.envelope.forwarded}
        assert len(forwarded) == 1
        assert forwarded <= {derive_id(f.envelope.id, f"board-ms/{f.envelope.subject}") for f in platform.seen}


async def test_two_workers_and_a_repeat_at_each(database_url: str) -> None:
    streams = MemoryStreamStore(_milliseconds)
    bodies = {line: sealed(Act(line=line, steps=("count", "row"))) for line in "abcdefgh"}
    async with (
        open_platform([board], database_url, streams=streams, environ=QUICK) as one,
        open_platform([board], database_url, streams=streams, environ=QUICK) as two,
    ):
        hosts = [platform.worker.hosts["board-ms"] for platform in (one, two)]
        await one.until(lambda: [len(host.loop.partitions) for host in hosts] == [1, 1])
        for _ in range(2):
            for line, body in bodies.items():
                await put(one, home(line), body)
            await one.settle()
            await two.settle()
        assert await rows(one) == [(line, 0) for line in bodies]
        assert await two.ask(Act(line="a", steps=())) == Done(1, False)


async def test_what_was_handled_last_is_known_after_weeks_and_a_restart_of_the_streams(database_url: str) -> None:
    streams, away = MemoryStreamStore(_milliseconds), timedelta()
    options = WorkerOptions(streams=streams, clock=lambda: utc_now() + away)
    for weeks in range(3):
        away = timedelta(weeks=weeks)
        async with open_platform([board], database_url, options=options, environ={"NEXUS_INBOX_DAYS": "1"}) as platform:
            if weeks == 0:
                await put(platform, home("a"), sealed(ACT))
                await platform.publish(Rang(bell="b"))
            await platform.settle()
            assert await rows(platform) == [("a", 0)]
            assert len({followed.envelope.id for followed in platform.seen if followed.envelope.type == Told.wire_type()}) == 3
        streams.restart()
