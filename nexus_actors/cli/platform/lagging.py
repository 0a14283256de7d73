"""How far services are behind, as database and streams have it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final

import anyio

from bus import BusUnavailable
from nexus_actors.operations.lag import lags, read_checkpoints, worst
from nexus_actors.operations.streams import open_streams
from nexus_actors.operations.waiting import Waiting, read_waiting
from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.pool import DatabasePool, open_pool

_WITHIN_S: Final = 3.0


def _opened(database_url: str) -> AbstractAsyncContextManager[DatabasePool]:
    return open_pool(
        database_url, schema="nexus", application_name="nexus/status", max_size=1, read_only=True, connect_within_s=2
    )


async def waiting_in(database_url: str) -> Mapping[str, Waiting]:
    """Which keys of each service wait for something that is no fault of their messages.

    Raises:
        DatabaseUnavailable, ConfigError: see `open_pool`.
    """
    async with _opened(database_url) as pool:
        return await read_waiting(PostgresDatabase(pool, read_only=True))


async def read_lags(database_url: str, redis_url: str, redis_prefix: str) -> Mapping[str, float]:
    """Seconds that the oldest waiting message of each service has waited; 0 where none waits.

    Raises:
        BusUnavailable: the streams do not answer.
        DatabaseUnavailable, ConfigError: see `open_pool`.
    """
    async with _opened(database_url) as pool:
        checkpoints = await read_checkpoints(PostgresDatabase(pool, read_only=True))
    with anyio.move_on_after(_WITHIN_S):
        async with open_streams(redis_url, redis_prefix) as streams:
            return dict.fromkeys(checkpoints, 0.0) | worst(await lags(streams, checkpoints, datetime.now(UTC)))
    raise BusUnavailable(f"The streams did not answer within {_WITHIN_S:g} s.")
