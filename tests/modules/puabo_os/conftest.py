"""Fixtures of PUABO OS: a shop whose lathe has dead letters."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bus import Refusal
from modules.puabo_os.service import service as puabo_os
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


@pytest.fixture
async def shop(database_url: str, broken: set[str]) -> AsyncIterator[TestPlatform]:
    """PUABO OS and lathes: on lathe `a` the cam fails and two parts wait behind it, on lathe `b` the cam fails alone."""
    async with open_platform([puabo_os, lathe], database_url, environ=FAILS_SOON) as platform:
        for key, part in [("a", "cam"), ("a", "rod"), ("a", "pin"), ("b", "cam")]:
            with pytest.raises(Refusal, match="message_parked"):
                await platform.ask(Cut(lathe=key, part=part), tenant="acme")
        yield platform
