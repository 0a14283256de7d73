"""What nobody can read stops nobody, keeps its place in the order of its key, and can be dropped."""

import pytest

from bus import Command, Refusal, new_id
from bus.codec import decode_envelope, encode_envelope
from nexus_actors.operations.dead_letters import DeadLetters, LetterFilter
from nexus_actors.postgres.dead_letters import PostgresDeadLetters
from nexus_actors.runtime.own_commands import Released
from nexus_actors.testing import TestPlatform, open_platform
from tests.nexus_actors.runtime.switchboard.service import BELLS, BOARD, Act, Done, Rang, Told, board
from tests.nexus_actors.runtime.wire import QUICK, home, letters, put, sealed, send

pytestmark = pytest.mark.anyio

NESTED = b'{"specversion":"1.0","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
MALFORMED = [b"", b"\xff\xfe", b"null", b"{}", NESTED, b'{"subject":"\xc3\x28"}']


class Unheard(Command[None], topic=BOARD, key="line"):
    """A command that the service does not know."""

    line: str


def dead_letters(platform: TestPlatform) -> DeadLetters:
    return DeadLetters(PostgresDeadLetters(platform.worker.platform), platform.worker.asker)


def renamed(body: bytes, key: str) -> bytes:
    """The same message under a key that no publisher of ours would use."""
    return encode_envelope(decode_envelope(body).replace(subject=key))


async def test_malformed_entries_are_put_aside_and_hold_nothing_back(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        keys = ["", "a\0b", "k" * 600]
        at_home = [line for line in "abcdefgh" if BOARD.partition_of(line) == 0]
        strange = [*MALFORMED, *(renamed(sealed(Act(line="a")), key) for key in keys)]
        await put(platform, BOARD.stream("commands", 0), *strange, *(sealed(Act(line=line)) for line in at_home))
        await put(platform, BELLS.stream("events", 0), *strange, sealed(Rang(bell="a")))
        await platform.settle()
        assert await letters(platform) == [("", "", False)] * 2 * len(strange)
        assert len(platform.events(Told)) == 2
    async with open_platform([board], database_url) as platform:
        book = dead_letters(platform)
        found = await book.book.page(LetterFilter(key=""))
        dropped = await book.drop([letter.message_id for letter in found[:3]])
        assert dropped == Released(redriven=0, dropped=3)
        assert len(await book.book.page(LetterFilter(key=""))) == 2 * len(strange) - 3


async def test_what_cannot_be_read_parks_its_key_in_its_place(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        before, after = Act(line="a", number=1), Act(line="a", number=2)
        await put(platform, home("a"), sealed(before), sealed(Unheard(line="a"), dataschema=None), sealed(after))
        await platform.settle()
        assert await letters(platform) == [("a", "unheard", False), ("a", "act", True)]
    async with open_platform([board], database_url) as platform:
        with pytest.raises(Refusal, match="message_parked"):
            await platform.ask(Act(line="a"))
        redriven = await dead_letters(platform).redrive("board-ms", "a")
        assert redriven == Released(redriven=3, dropped=0)
        await platform.settle()
        assert [wire for _, wire, _ in await letters(platform)] == ["unheard", "act", "act"]
        unheard = (await dead_letters(platform).book.page(LetterFilter(key="a")))[0].message_id
        assert await dead_letters(platform).drop([unheard]) == Released(redriven=2, dropped=1)
        assert await platform.ask(Act(line="a", steps=())) == Done(3, False)
        assert await letters(platform) == []


async def test_data_of_another_shape_and_of_other_versions_is_unreadable(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        shape = sealed(Act(line="a")).replace(b'"steps"', b'"stops"').replace(b"[", b"7").replace(b"]", b"")
        old = sealed(Act(line="b")).replace(b"act.v1", b"act.v0")
        await put(platform, home("a"), sealed(Act(line="a")).replace(b'"number":0', b'"number":"0"'))
        await put(platform, home("b"), old)
        await platform.settle()
        assert {(key, wire) for key, wire, _ in await letters(platform)} == {("a", "act"), ("b", "act")}
        assert shape != old


async def test_a_command_that_went_to_the_wrong_place_is_put_aside(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        astray = BOARD.stream("commands", 1 - BOARD.partition_of("a"))
        await put(platform, astray, sealed(Act(line="a")))
        await put(platform, home("b"), renamed(sealed(Act(line="a")), "b"))
        await platform.settle()
        assert {key for key, _, _ in await letters(platform)} == {"a", "b"}
        assert await platform.ask(Act(line="a", steps=())) == Done(0, False)


async def test_what_was_dropped_stays_dropped_when_it_comes_again(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        body = sealed(Act(line="a", steps=("count", "fault")), new_id())
        await put(platform, home("a"), body)
        await platform.settle()
        await dead_letters(platform).drop([decode_envelope(body).id])
        await put(platform, home("a"), body)
        await platform.settle()
        assert await letters(platform) == []


async def test_a_key_that_cannot_be_kept_is_refused_before_it_is_sent(database_url: str) -> None:
    async with open_platform([board], database_url) as platform:
        for key in ("", "a\0b", "k" * 513):
            with pytest.raises(Refusal, match="key_unusable"):
                await platform.ask(Act(line=key))
        assert await platform.ask(Act(line="k" * 512)) == Done(1, False)
        assert await platform.ask(Act(line="\U0001f69a" * 512)) == Done(1, False)


async def test_a_cause_with_a_nul_in_it_can_be_kept(database_url: str) -> None:
    async with open_platform([board], database_url, environ=QUICK) as platform:
        await send(platform, Act(line="a", steps=("fault",)))
        await platform.settle()
        opened = await dead_letters(platform).book.opened(LetterFilter(key="a"))
        assert "told to fail\\0" in opened[0].error
