"""The Redis adapter of the bus: the only place that imports redis."""

from bus.redis.connection import RedisSettings, connect
from bus.redis.store import RedisStreamStore

__all__ = ["RedisSettings", "RedisStreamStore", "connect"]
