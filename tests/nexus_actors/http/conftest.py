"""The depot, served for one test."""

from collections.abc import AsyncIterator

import pytest

from tests.nexus_actors.http.depot import Depot, serving


@pytest.fixture
async def depot(anyio_backend: object) -> AsyncIterator[Depot]:
    """The depot on a free port."""
    async with serving() as served:
        yield served
