"""Fixtures for the tracker's tests: the service, running, and a vehicle that it knows of."""

from datetime import timedelta
from uuid import UUID

import pytest

from bus import new_id
from modules.puabo_nexus.fleet.contract import VehicleRegistered
from modules.puabo_nexus.tracker.service import service
from nexus_actors.testing import FakeClock, TestPlatform
from nexus_actors.testing.fixtures import platform_fixture, probe_fixture
from tests.modules.puabo_nexus.tracker.drives import START

SCOPES = ("tracker:write", "tracker:write:any", "tracker:read", "tracker:admin")


@pytest.fixture
def clock() -> FakeClock:
    """The time, an hour after the drives of the tests."""
    return FakeClock(START + timedelta(hours=1))


platform = platform_fixture(service, clock="clock")
probe = probe_fixture(service, *SCOPES)


@pytest.fixture
async def vehicle_id(platform: TestPlatform) -> UUID:
    """A vehicle of the tenant ``main`` with the device ``358735071``."""
    vehicle_id = new_id()
    await platform.publish(VehicleRegistered(vehicle_id=vehicle_id, plate="ZG 1234-AB", device_id="358735071"))
    await platform.settle()
    return vehicle_id
