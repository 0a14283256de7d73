"""The in-memory twins of the stores in PostgreSQL, for tests and simulations. They pass the same conformance suite."""

from nexus_actors.memory.checkpoints import MemoryCheckpoints
from nexus_actors.memory.database import AlreadyHandled, MemoryDatabase, Point
from nexus_actors.memory.job_store import MemoryJobStore
from nexus_actors.memory.lease_store import MemoryLeaseStore
from nexus_actors.memory.no_sql import NoSql, SqlRefused
from nexus_actors.memory.turn_store import MemoryTurnStore

__all__ = [
    "AlreadyHandled",
    "MemoryCheckpoints",
    "MemoryDatabase",
    "MemoryJobStore",
    "MemoryLeaseStore",
    "MemoryTurnStore",
    "NoSql",
    "Point",
    "SqlRefused",
]
