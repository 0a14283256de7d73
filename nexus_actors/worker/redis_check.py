"""Whether the Redis of a worker allows what is needed, and keeps what it is given."""

from collections.abc import Sequence
from typing import Any, Final

import anyio

from bus import BusUnavailable, NotPermitted
from bus.redis import RedisStreamStore
from nexus_actors.errors import ConfigError
from nexus_actors.service import Service

_WITHIN_S: Final = 5.0


async def check_redis(streams: RedisStreamStore, services: Sequence[Service], log: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Try it; log what is dangerous, and return that.

    Where Redis is away nothing can be told, and the loops wait for it.

    Raises:
        ConfigError: its account lacks permissions; all that were found are named.
    """
    used = [stream for service in services for stream in service.streams(0)]
    try:
        with anyio.fail_after(_WITHIN_S):
            found = await streams.audit(used)
    except NotPermitted as error:
        raise ConfigError(_forbidden(str(error))) from error
    except (BusUnavailable, TimeoutError) as error:
        log.warning("redis_not_checked", error=str(error) or "It did not answer in time.")
        return ()
    if found.forbidden:
        raise ConfigError(*map(_forbidden, found.forbidden))
    for danger in found.dangers:
        log.warning("redis_may_lose", danger=danger.text, loses_messages=danger.loses_messages)
    return tuple(danger.text for danger in found.dangers)


def _forbidden(said: str) -> str:
    return f"NEXUS_REDIS_URL: its account may not do all that is needed: {said}. docs/servers.md names the permissions."
