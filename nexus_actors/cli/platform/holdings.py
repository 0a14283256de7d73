"""Which worker owns which partitions, as the database has it."""

import socket
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.pool import open_pool

_QUERY: Final = """
SELECT l.service, l.partition, w.host, w.pid FROM nexus.leases l
LEFT JOIN nexus.workers w ON w.worker_id = l.owner AND l.expires_at > clock_timestamp()
ORDER BY l.service, l.partition"""


class Holding(Struct, frozen=True):
    """A partition, and the process that owns it; None where nobody does."""

    service: str
    partition: int
    host: str | None
    pid: int | None


class Holdings:
    """The owners of all partitions."""

    def __init__(self, holdings: list[Holding]) -> None:
        self._holdings = holdings

    def by_service(self) -> Mapping[str, str]:
        """How many partitions of each service are owned, such as ``8/8``."""
        total: Counter[str] = Counter()
        owned: defaultdict[str, int] = defaultdict(int)
        for holding in self._holdings:
            total[holding.service] += 1
            owned[holding.service] += holding.pid is not None
        return {service: f"{owned[service]}/{count}" for service, count in total.items()}

    def by_host(self, service: str) -> Mapping[str, int]:
        """How many partitions of a service each host owns, such as each container."""
        return Counter(held.host for held in self._holdings if held.service == service and held.host is not None)

    def of_process(self, pid: int, host: str | None = None) -> int:
        """How many partitions a process of this machine owns."""
        here = host or socket.gethostname()
        return sum(1 for holding in self._holdings if holding.pid == pid and holding.host == here)


async def read_holdings(database_url: str) -> Holdings:
    """Ask the database.

    Raises:
        DatabaseUnavailable, ConfigError: see `open_pool`.
    """
    opened = open_pool(
        database_url, schema="nexus", application_name="nexus/status", max_size=1, read_only=True, connect_within_s=2
    )
    async with opened as pool:
        rows = await PostgresDatabase(pool, read_only=True).fetch(_QUERY)
    return Holdings([Holding(row["service"], row["partition"], row["host"], row["pid"]) for row in rows])
