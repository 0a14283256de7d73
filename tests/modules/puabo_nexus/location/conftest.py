"""Fixtures for the tests of location-ms."""

import pytest

from modules.puabo_nexus.location.service import service
from nexus_actors.testing import TestPlatform
from nexus_actors.testing.fixtures import desk_fixture, platform_fixture
from tests.modules.puabo_nexus.location.journey import Town

desk = desk_fixture(service)
platform = platform_fixture(service, shared=True)


@pytest.fixture
def town(platform: TestPlatform) -> Town:
    """A tenant that has nothing yet."""
    return Town(platform)
