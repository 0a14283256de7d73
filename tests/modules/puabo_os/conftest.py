"""Fixtures of PUABO OS: a shop whose lathe has dead letters."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest

from bus import Refusal
from modules.puabo_os.service import service as puabo_os
from nexus_actors.operations.dead_letters import DeadLetters, LetterFilter
from nexus_actors.postgres.dead_letters import PostgresDeadLetters
from nexus_actors.testing import TestPlatform, open_platform
from tests.modules.puabo_os.lathe import BROKEN, Cut, lathe

FAILS_SOON = {"NEXUS_MAX_ATTEMPTS": "2", "NEXUS_RETRY_BASE_S": "0.01"}


@pytest.fixture
def broken() -> Iterator[set[str]]:
    """The parts that the lathe cannot cut."""
    BROKEN.clear()
    BROKEN.add("cam")
    yield BROKEN
    BROKEN.clear()


@pytest.fixture(scope="module")
async def shared(module_database_url: str) -> AsyncIterator[TestPlatform]:
    """The PUABO OS and the lathes of a module. Take `shop`."""
    async with open_platform([puabo_os, lathe], module_database_url, environ=FAILS_SOON) as platform:
        yield platform


@pytest.fixture
async def shop(shared: TestPlatform, broken: set[str]) -> AsyncIterator[TestPlatform]:
    """PUABO OS and lathes: on lathe `a` the cam fails and two parts wait behind it, on lathe `b` the cam fails alone.

    There are no other dead letters, and nothing is seen of what others have done. Keys go on from where others have left them.
    """
    shared.seen.clear()
    for key, part in [("a", "cam"), ("a", "rod"), ("a", "pin"), ("b", "cam")]:
        with pytest.raises(Refusal, match="message_parked"):
            await shared.ask(Cut(lathe=key, part=part), tenant="acme")
    yield shared
    await drop_all(shared)


async def drop_all(platform: TestPlatform) -> None:
    """Drop every dead letter. What is being tried again is awaited before."""
    letters = DeadLetters(PostgresDeadLetters(platform.worker.platform), platform.worker.asker)
    await platform.settle()
    dropped: set[UUID] = set()
    while found := {letter.message_id for letter in await letters.book.page(LetterFilter())}:
        assert not found & dropped, "What was dropped is there still."
        await letters.drop(sorted(found))
        dropped |= found
        await platform.settle()
