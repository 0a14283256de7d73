"""Fixtures for the tests of auth-ms."""

from collections.abc import AsyncIterator

import pytest

from tests.modules.infrastructure.auth.town import Town, open_town


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A town over a database of its own."""
    async with open_town(database_url) as opened:
        yield opened
