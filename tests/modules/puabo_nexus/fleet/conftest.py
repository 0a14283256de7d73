"""Fixtures for the fleet's tests."""

from modules.puabo_nexus.fleet.service import service
from nexus_actors.testing.fixtures import desk_fixture

fleet = desk_fixture(service)
