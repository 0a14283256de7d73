"""What operators' orders from the command line go through: the shared schema to look at, and the bus to reach owners by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nexus_actors.asking import BusAsker
from nexus_actors.cli.platform.located import Located
from nexus_actors.local.bus_client import open_bus
from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.pool import open_pool


@asynccontextmanager
async def open_office(located: Located, name: str) -> AsyncIterator[tuple[PostgresDatabase, BusAsker]]:
    """Open both.

    Args:
        name: of the orders, as it shows in ``pg_stat_activity`` and in envelopes.

    Raises:
        DatabaseUnavailable, ConfigError: see `open_pool`.
    """
    opened = open_pool(
        located.database_url,
        schema="nexus",
        application_name=f"nexus/{name}",
        max_size=1,
        read_only=True,
        connect_within_s=5,
    )
    async with opened as pool, open_bus(located.redis_url, located.redis_prefix, f"nexus-{name}") as client:
        yield PostgresDatabase(pool, read_only=True), client.asker
