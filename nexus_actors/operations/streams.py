"""The streams that an address names."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bus.redis import RedisSettings, RedisStreamStore, connect
from nexus_actors.errors import ConfigError
from nexus_actors.failures.redaction import redact_text


@asynccontextmanager
async def open_streams(redis_url: str, prefix: str) -> AsyncIterator[RedisStreamStore]:
    """Open a stream store; it connects when it is first used.

    Args:
        redis_url: where Redis is; see `bus.address.RedisAddress.parse`.
        prefix: stands before every key.

    Raises:
        ConfigError: the address cannot be used, or a certificate's file that it names.
    """
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(connect(RedisSettings(url=redis_url, prefix=prefix)))
        except ValueError as error:
            said = redact_text(str(error)).rstrip(".")
            raise ConfigError(f"NEXUS_REDIS_URL ({redact_text(redis_url)}) {said}.") from None
        yield store
