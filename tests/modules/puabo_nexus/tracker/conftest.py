"""Fixtures for the tracker's tests: the service, running, and a vehicle that it knows of."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from bus import new_id
from bus.memory import MemoryStreamStore
from modules.puabo_nexus.fleet.contract import VehicleRegistered
from modules.puabo_nexus.tracker.service import service
from nexus_actors.testing import FakeClock, HttpProbe, TestPlatform, open_platform
from nexus_actors.worker import WorkerOptions
from tests.modules.puabo_nexus.tracker.drives import START

SCOPES = ("tracker:write", "tracker:write:any", "tracker:read", "tracker:admin")


@pytest.fixture
def clock() -> FakeClock:
    """The time, an hour after the drives of the tests."""
    return FakeClock(START + timedelta(hours=1))


@pytest.fixture
async def platform(database_url: str, clock: FakeClock) -> AsyncIterator[TestPlatform]:
    """tracker-ms over a database of its own."""
    streams = MemoryStreamStore(lambda: int(clock().timestamp() * 1000))
    async with open_platform([service], database_url, options=WorkerOptions(streams=streams, clock=clock)) as opened:
        yield opened


@pytest.fixture
def probe(platform: TestPlatform) -> HttpProbe:
    """A client that may do everything here."""
    return platform.http("tracker-ms", *SCOPES)


@pytest.fixture
async def vehicle_id(platform: TestPlatform) -> UUID:
    """A vehicle of the tenant ``main`` with the device ``358735071``."""
    vehicle_id = new_id()
    await platform.publish(VehicleRegistered(vehicle_id=vehicle_id, plate="ZG 1234-AB", device_id="358735071"))
    await platform.settle()
    return vehicle_id
