"""The Redis adapter of the bus: the only place that imports redis."""

from bus.redis.audit import Audit
from bus.redis.connection import RedisSettings, connect
from bus.redis.policies import Danger
from bus.redis.store import RedisStreamStore

__all__ = ["Audit", "Danger", "RedisSettings", "RedisStreamStore", "connect"]
