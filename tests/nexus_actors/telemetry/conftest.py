"""Fixtures for tests of what the platform tells of itself."""

from collections.abc import AsyncIterator, Iterator
from io import BytesIO

import pytest

from tests.nexus_actors.telemetry.log_lines import logging_restored
from tests.nexus_actors.telemetry.receiver import Receiver, receiving


@pytest.fixture
async def receiver(anyio_backend: object) -> AsyncIterator[Receiver]:
    """An OTLP receiver on a free port."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def output() -> Iterator[BytesIO]:
    """Where log lines go once `configure` was called; logging is as before when the test ends."""
    with logging_restored():
        yield BytesIO()
