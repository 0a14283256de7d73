"""Fixtures for the tests of a service. These alone need pytest.

They are made in its ``conftest.py``::

    from nexus_actors.testing.fixtures import memory_fixture, platform_fixture, probe_fixture

    platform = platform_fixture(service)                 # over HTTP, with a database of its own
    probe = probe_fixture(service, READ, WRITE)          # a client of it, with a token for these scopes
    memory = memory_fixture(service)                     # in memory, without servers

The tests that take them are marked ``anyio``. `platform_fixture` asks for a fixture ``database_url``: the address of an empty
database that only this test has.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bus.memory import MemoryStreamStore
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.service import Service
from nexus_actors.testing.clock import FakeClock
from nexus_actors.testing.http import HttpProbe
from nexus_actors.testing.memory_service import ONCE, MemoryService, open_memory_service
from nexus_actors.testing.platform import TestPlatform, open_platform
from nexus_actors.worker import WorkerOptions


def platform_fixture(*services: Service, environ: Mapping[str, str] | None = None, clock: str | None = None) -> Any:  # noqa: ANN401
    """A fixture: these services, running over a database of their own.

    Args:
        environ: more NEXUS_* settings.
        clock: the name of a fixture with a `FakeClock`, where the services are to go by that.
    """

    @pytest.fixture
    async def platform(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[TestPlatform]:
        options = None if clock is None else _at(request.getfixturevalue(clock))
        async with open_platform(services, database_url, environ=environ, options=options) as opened:
            yield opened

    return platform


def probe_fixture(service: Service, *scopes: str, tenant: str = "main") -> Any:  # noqa: ANN401
    """A fixture: a client of a service of the fixture ``platform``, with a token for these scopes."""

    @pytest.fixture
    def probe(platform: TestPlatform) -> HttpProbe:
        return platform.http(service.name, *scopes, tenant=tenant)

    return probe


def memory_fixture(service: Service, *, settings: LoopSettings = ONCE) -> Any:  # noqa: ANN401
    """A fixture: a service in memory; see `open_memory_service`."""

    @pytest.fixture
    async def memory() -> AsyncIterator[MemoryService]:
        async with open_memory_service(service, settings=settings) as opened:
            yield opened

    return memory


def _at(clock: FakeClock) -> WorkerOptions:
    return WorkerOptions(streams=MemoryStreamStore(lambda: int(clock().timestamp() * 1000)), clock=clock)
