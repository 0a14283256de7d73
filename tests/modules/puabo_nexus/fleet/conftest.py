"""Fixtures for the fleet's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.modules.puabo_nexus.fleet.desk import Desk, open_desk


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    """A desk over a database of its own."""
    async with open_desk(database_url) as opened:
        yield opened
