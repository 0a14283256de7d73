"""The testing kit: services in this process, over a real database and a stream store of choice, or all in memory."""

from nexus_actors.testing.clock import FakeClock
from nexus_actors.testing.desk import Desk, migrated, open_desk
from nexus_actors.testing.http import HttpAnswer, HttpProbe
from nexus_actors.testing.memory_service import MemoryService, MemoryWorld, open_memory_service
from nexus_actors.testing.platform import TestPlatform, open_platform
from nexus_actors.testing.tokens import KnownTokens

__all__ = [
    "Desk",
    "FakeClock",
    "HttpAnswer",
    "HttpProbe",
    "KnownTokens",
    "MemoryService",
    "MemoryWorld",
    "TestPlatform",
    "migrated",
    "open_desk",
    "open_memory_service",
    "open_platform",
]
