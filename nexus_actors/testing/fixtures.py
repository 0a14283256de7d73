"""Fixtures for the tests of a service. These alone need pytest.

They are made in its ``conftest.py``::

    from nexus_actors.testing.fixtures import memory_fixture, platform_fixture, probe_fixture

    platform = platform_fixture(service)                 # over HTTP, with a database of its own
    probe = probe_fixture(service, READ, WRITE)          # a client of it, with a token for these scopes
    memory = memory_fixture(service)                     # in memory, without servers
    desk = desk_fixture(service)                         # the same with its rows in PostgreSQL

    platform = platform_fixture(service, shared=True)    # one for all tests of a module,
    probe = probe_fixture(service, READ, tenant=None)    # each of which has a tenant of its own

The tests that take them are marked ``anyio``. They ask for fixtures of the run: ``database_url`` and ``module_database_url``,
the address of an empty database that only this test or module has, and ``schema_url``, a function that gives the address of a
database where a service is `migrated`, which all share.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bus import new_id
from bus.memory import MemoryStreamStore
from nexus_actors.runtime.assembly import LoopSettings
from nexus_actors.service import Service
from nexus_actors.testing.clock import FakeClock
from nexus_actors.testing.desk import Desk, open_desk
from nexus_actors.testing.http import HttpProbe
from nexus_actors.testing.memory_service import ONCE, MemoryService, open_memory_service
from nexus_actors.testing.platform import TestPlatform, open_platform
from nexus_actors.worker import WorkerOptions


def platform_fixture(
    *services: Service, environ: Mapping[str, str] | None = None, clock: str | None = None, shared: bool = False
) -> Any:  # noqa: ANN401
    """A fixture: these services, running over a database of their own.

    Args:
        environ: more NEXUS_* settings.
        clock: the name of a fixture with a `FakeClock`, where the services are to go by that.
        shared: all tests of a module use one, which takes a second to start. They keep apart by their tenants.
    """

    @asynccontextmanager
    async def opened(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[TestPlatform]:
        options = None if clock is None else _at(request.getfixturevalue(clock))
        async with open_platform(services, database_url, environ=environ, options=options) as platform:
            yield platform

    @pytest.fixture
    async def of_a_test(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[TestPlatform]:
        async with opened(database_url, request) as platform:
            yield platform

    @pytest.fixture(scope="module")
    async def of_a_module(module_database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[TestPlatform]:
        async with opened(module_database_url, request) as platform:
            yield platform

    return of_a_module if shared else of_a_test


def probe_fixture(service: Service, *scopes: str, tenant: str | None = "main") -> Any:  # noqa: ANN401
    """A fixture: a client of a service of the fixture ``platform``, with a token for these scopes.

    Args:
        tenant: whose token it is; None for one that nobody else is.
    """

    @pytest.fixture
    def probe(platform: TestPlatform) -> HttpProbe:
        return platform.http(service.name, *scopes, tenant=tenant or f"tenant-{new_id().hex}")

    return probe


def memory_fixture(service: Service, *, settings: LoopSettings = ONCE) -> Any:  # noqa: ANN401
    """A fixture: a service in memory; see `open_memory_service`."""

    @pytest.fixture
    async def memory() -> AsyncIterator[MemoryService]:
        async with open_memory_service(service, settings=settings) as opened:
            yield opened

    return memory


def desk_fixture(service: Service) -> Any:  # noqa: ANN401
    """A fixture: a service in memory whose rows are in PostgreSQL, for a tenant of this test's own; see `open_desk`."""

    @pytest.fixture
    async def desk(schema_url: Callable[[Service], Awaitable[str]]) -> AsyncIterator[Desk]:
        async with open_desk(service, await schema_url(service)) as opened:
            yield opened

    return desk


def _at(clock: FakeClock) -> WorkerOptions:
    return WorkerOptions(streams=MemoryStreamStore(lambda: int(clock().timestamp() * 1000)), clock=clock)
