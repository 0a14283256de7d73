"""Fixtures for the tests of location-ms."""

from nexus_actors.testing.fixtures import platform_fixture
from tests.modules.puabo_nexus.location.journey import LOCATION

platform = platform_fixture(LOCATION)
