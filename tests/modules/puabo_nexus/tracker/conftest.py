"""Fixtures for the tracker's tests: the service, running or at a desk, and a vehicle that it knows of."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from bus import new_id
from modules.puabo_nexus.fleet.contract import VehicleRegistered
from modules.puabo_nexus.tracker.service import service
from nexus_actors.testing import Desk, FakeClock, HttpProbe, TestPlatform
from nexus_actors.testing.fixtures import desk_fixture, platform_fixture
from tests.modules.puabo_nexus.tracker.drives import START

SCOPES = ("tracker:write", "tracker:write:any", "tracker:read", "tracker:admin")
NOW = START + timedelta(hours=1)
VAN = VehicleRegistered(vehicle_id=UUID(int=1), plate="ZG 1234-AB", device_id="358735071")


@pytest.fixture(scope="module")
def clock() -> FakeClock:
    """The time of the platform, an hour after the drives of the tests. It stands still."""
    return FakeClock(NOW)


platform = platform_fixture(service, clock="clock", shared=True)
opened_desk = desk_fixture(service)


@pytest.fixture
def tenant() -> str:
    """Whose vehicle it is: a tenant that no other test has."""
    return f"tenant-{new_id().hex}"


@pytest.fixture
def probe(platform: TestPlatform, tenant: str) -> HttpProbe:
    """A client of the tracker that may do everything."""
    return platform.http(service.name, *SCOPES, tenant=tenant)


@pytest.fixture
async def vehicle_id(platform: TestPlatform, tenant: str) -> UUID:
    """A vehicle with the device ``358735071``."""
    vehicle_id = new_id()
    await platform.publish(replace(VAN, vehicle_id=vehicle_id), tenant=tenant)
    await platform.settle()
    return vehicle_id


@pytest.fixture
async def desk(opened_desk: Desk) -> Desk:
    """A desk at the platform's time, with the vehicle `VAN`."""
    await opened_desk.advance((NOW - opened_desk.clock()).total_seconds())
    await opened_desk.publish(VAN)
    return opened_desk
