"""PostgreSQL and Valkey as child processes, from wheels: what `nexus up` runs on where no servers are configured."""

from nexus_actors.embedded.errors import EmbeddedServerError
from nexus_actors.embedded.postgres import EmbeddedPostgres
from nexus_actors.embedded.redis import EmbeddedRedis

__all__ = ["EmbeddedPostgres", "EmbeddedRedis", "EmbeddedServerError"]
