"""The Redis adapter of the bus: the only place that imports redis."""

from bus.redis import unobserved

unobserved.load()  # before anything else imports redis

from bus.redis.audit import Audit  # noqa: E402
from bus.redis.connection import RedisSettings, connect  # noqa: E402
from bus.redis.policies import Danger  # noqa: E402
from bus.redis.store import RedisStreamStore  # noqa: E402

__all__ = ["Audit", "Danger", "RedisSettings", "RedisStreamStore", "connect"]
