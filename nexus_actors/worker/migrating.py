"""Bringing the database up to date before workers start, as a deployment of its own may want it."""

from collections.abc import Sequence

from nexus_actors.errors import ConfigError
from nexus_actors.postgres.migrations import Applied
from nexus_actors.postgres.pool import open_pool
from nexus_actors.service import Service
from nexus_actors.settings.config import Settings
from nexus_actors.worker.host import migrate_platform, migrate_service

_NAME = "nexus/migrate"


async def migrate_all(settings: Settings, services: Sequence[Service]) -> list[Applied]:
    """Bring the shared schema and those of services up to date. Workers do the same when they start; who comes later waits.

    Returns:
        What was applied now.

    Raises:
        ConfigError: no database is configured, or it refuses us.
        DatabaseUnavailable: the database does not answer.
        MigrationError: a step cannot be taken.
    """
    if settings.database_url is None:
        raise ConfigError("NEXUS_DATABASE_URL is not set: give the address of a PostgreSQL 15 or later.")
    async with open_pool(settings.database_url, schema="nexus", application_name=_NAME, max_size=1) as pool:
        applied = await migrate_platform(pool)
    for service in services:
        async with open_pool(settings.database_url, schema=service.schema, application_name=_NAME, max_size=1) as pool:
            applied += await migrate_service(pool, service)
    return applied
