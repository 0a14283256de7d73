"""Dead letters: what was parked is found, tried again or dropped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import anyio
import anyio.lowlevel
import pytest

from bus import Command, DeadlineExceeded, Refusal, new_id
from nexus_actors.asking import Reply
from nexus_actors.operations.clearing import Cleared, Clearing
from nexus_actors.operations.dead_letters import DeadLetters, LetterFilter, Trait
from nexus_actors.postgres.dead_letters import PostgresDeadLetters
from nexus_actors.runtime.own_commands import Released
from nexus_actors.testing import TestPlatform, open_platform
from tests.nexus_actors.runtime.counter import Add, Total, counter

pytestmark = pytest.mark.anyio

ENVIRON = {"NEXUS_MAX_ATTEMPTS": "2", "NEXUS_RETRY_BASE_S": "0.01"}


@asynccontextmanager
async def platform_with_letters(database_url: str) -> AsyncIterator[tuple[TestPlatform, DeadLetters]]:
    """Counter `bad` has a poisonous message and two behind it."""
    async with open_platform([counter], database_url, environ=ENVIRON) as platform:
        for by in (666, 1, 2):
            with pytest.raises(Refusal, match="message_parked"):
                await platform.ask(Add(counter="bad", by=by))
        yield platform, DeadLetters(PostgresDeadLetters(platform.worker.platform), platform.worker.asker)


async def test_they_are_listed_in_order_with_their_cause(database_url: str) -> None:
    async with platform_with_letters(database_url) as (_, letters):
        found = await letters.book.page(LetterFilter())
        assert [(letter.service, letter.key, letter.behind) for letter in found] == [
            ("counter-ms", "bad", False),
            ("counter-ms", "bad", True),
            ("counter-ms", "bad", True),
        ]
        assert found[0].cause == "ValueError: the number of the beast"
        assert found[0].type == Add.wire_type()
        assert [letter.number for letter in await letters.book.page(LetterFilter(), after=found[0].number, limit=1)] == [
            found[1].number
        ]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (LetterFilter(service="counter-ms"), 3),
        (LetterFilter(service="other-ms"), 0),
        (LetterFilter(key="bad", type=Add.wire_type()), 3),
        (LetterFilter(key="good"), 0),
        (LetterFilter(type="nexus.counter-ms.add.v2"), 0),
        (LetterFilter(message_id=UUID(int=1)), 0),
        (LetterFilter(failed=True), 1),
        (LetterFilter(cause="ValueError"), 1),
        (LetterFilter(cause="of the beast", failed=True), 1),
        (LetterFilter(cause="Traceback"), 0),
        (LetterFilter(partition=99), 0),
        (LetterFilter(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2200, 1, 1, tzinfo=UTC)), 3),
        (LetterFilter(since=datetime(2200, 1, 1, tzinfo=UTC)), 0),
        (LetterFilter(until=datetime(2020, 1, 1, tzinfo=UTC)), 0),
    ],
)
async def test_they_are_filtered(database_url: str, wanted: LetterFilter, count: int) -> None:
    async with platform_with_letters(database_url) as (_, letters):
        assert len(await letters.book.page(wanted)) == count


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ([], [("", "", "", "", 3, 1)]),
        (["service", "type"], [("counter-ms", Add.wire_type(), "", "", 3, 1)]),
        (["key"], [("", "", "", "bad", 3, 1)]),
        (["cause"], [("", "", "", "", 2, 1), ("", "", "ValueError", "", 1, 1)]),
    ],
)
async def test_they_are_counted(database_url: str, by: list[Trait], groups: list[tuple[object, ...]]) -> None:
    async with platform_with_letters(database_url) as (_, letters):
        found = await letters.book.groups(LetterFilter(), by)
        assert [(one.service, one.type, one.cause, one.key, one.letters, one.keys) for one in found] == groups
        (whole,) = await letters.book.groups(LetterFilter(failed=True))
        (failed,) = await letters.book.page(LetterFilter(failed=True))
        assert (whole.letters, whole.last_number) == (1, failed.number)
        assert whole.first_parked_at == whole.last_parked_at == failed.parked_at


async def test_a_key_goes_on_by_the_cause_of_its_letter(database_url: str) -> None:
    async with platform_with_letters(database_url) as (platform, letters):
        nothing = Clearing(letters, LetterFilter(cause="KeyError"), drop=True)
        assert await nothing.run(anyio.lowlevel.checkpoint) == Cleared()
        poison = Clearing(letters, LetterFilter(cause="ValueError"), drop=True)
        assert await poison.run(anyio.lowlevel.checkpoint) == Cleared(keys=1, redriven=2, dropped=1)
        assert await platform.ask(Add(counter="bad", by=4)) == Total(7)


async def test_one_is_opened_with_its_envelope_and_error(database_url: str) -> None:
    async with platform_with_letters(database_url) as (_, letters):
        opened = (await letters.book.opened(LetterFilter(service="counter-ms")))[0]
        assert opened.envelope is not None
        assert opened.envelope.id == opened.letter.message_id
        assert bytes(opened.envelope.data) == b'{"counter":"bad","by":666}'
        assert "Traceback" in opened.error
        assert opened.letter.attempts == 2


async def test_dropping_the_poisonous_one_lets_the_others_go_on(database_url: str) -> None:
    async with platform_with_letters(database_url) as (platform, letters):
        poisonous = (await letters.book.page(LetterFilter()))[0]
        released = await letters.drop([poisonous.message_id])
        assert (released.redriven, released.dropped) == (2, 1)
        assert await platform.ask(Add(counter="bad", by=4)) == Total(7)
        assert await letters.book.page(LetterFilter()) == []


async def test_redriving_what_still_fails_parks_it_again(database_url: str) -> None:
    async with platform_with_letters(database_url) as (platform, letters):
        released = await letters.redrive("counter-ms", "bad")
        assert (released.redriven, released.dropped) == (3, 0)
        await platform.settle()
        with pytest.raises(Refusal, match="message_parked"):
            await platform.ask(Add(counter="bad", by=1))
        assert len(await letters.book.page(LetterFilter())) == 4


async def test_what_is_not_there_is_refused(database_url: str) -> None:
    async with platform_with_letters(database_url) as (_, letters):
        with pytest.raises(Refusal, match="no_dead_letters"):
            await letters.redrive("counter-ms", "good")
        with pytest.raises(Refusal, match="no_dead_letter"):
            await letters.drop([(await letters.book.page(LetterFilter()))[0].message_id, uuid4()])
        assert len(await letters.book.page(LetterFilter())) == 3


async def test_an_owner_that_does_not_answer_is_named(database_url: str) -> None:
    async with platform_with_letters(database_url) as (platform, letters):
        silent = DeadLetters(letters.book, Silent())
        with pytest.raises(Refusal, match=r"owner_silent: counter-ms does not answer for partition \d: .* workers up\?"):
            await silent.redrive("counter-ms", "bad")
        assert len(await letters.book.page(LetterFilter())) == 3
        assert await platform.ask(Add(counter="good", by=1)) == Total(1)


async def test_a_release_under_the_same_id_gets_the_first_answer(database_url: str) -> None:
    async with platform_with_letters(database_url) as (platform, letters):
        poisonous, *_ = await letters.book.page(LetterFilter())
        (release,), missing = await letters.find_letters([poisonous.message_id], "counter-ms")
        assert missing == []
        order = new_id()
        first = await letters.release(release, message_id=order)
        await platform.settle()
        assert await letters.release(release, message_id=order) == first == Released(redriven=2, dropped=1)
        assert await platform.ask(Add(counter="bad", by=4)) == Total(7)


class Silent:
    """Nobody answers."""

    async def ask(self, command: Command[Released], **_: object) -> Reply[Released]:
        raise DeadlineExceeded(f"{type(command).__name__} was not answered within 10 s.")
