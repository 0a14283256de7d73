"""Fixtures for the fleet's tests."""

from collections.abc import AsyncIterator

import pytest

from modules.puabo_nexus.fleet.service import service
from nexus_actors.testing.fixtures import desk_fixture
from tests.modules.puabo_nexus.fleet import desk as old


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[old.Desk]:
    """A desk over a database of its own."""
    async with old.open_desk(database_url) as opened:
        yield opened


fleet = desk_fixture(service)
