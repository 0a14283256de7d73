"""Fixtures for the tests of auth-ms."""

from collections.abc import AsyncIterator

import pytest

from tests.modules.infrastructure.auth.town import Town, open_town


@pytest.fixture(scope="module")
async def shared(module_database_url: str) -> AsyncIterator[Town]:
    """The one auth-ms of a module. Take `town` or `main_town`."""
    async with open_town(module_database_url) as opened:
        yield opened


@pytest.fixture
async def town(shared: Town) -> Town:
    """A tenant of this test's own."""
    return await shared.another()


@pytest.fixture
async def main_town(shared: Town) -> Town:
    """The platform's own tenant, which others of the module have used too."""
    return await shared.again()


@pytest.fixture
async def lone_town(database_url: str) -> AsyncIterator[Town]:
    """The platform's own tenant, alone on a platform of this test's own: for what concerns the whole of it."""
    async with open_town(database_url) as opened:
        yield opened
