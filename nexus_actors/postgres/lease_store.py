"""Leases and workers in PostgreSQL; see `nexus_actors.runtime.leases`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.runtime.leases import Heartbeat, WorkerInfo
from nexus_actors.runtime.placement import check_partitions
from nexus_actors.runtime.releases import LIVES_S, REMEMBERED_S, Heard, events_mark

if TYPE_CHECKING:
    from asyncpg import Pool

_REGISTER: Final = """
INSERT INTO nexus.leases (service, partition) SELECT $1, generate_series(0, $2 - 1)
WHERE NOT EXISTS (SELECT FROM nexus.leases WHERE service = $1) ON CONFLICT DO NOTHING"""

_REGISTERED: Final = "SELECT service, count(*) AS partitions FROM nexus.leases WHERE service = ANY($1::text[]) GROUP BY service"

_SUBSCRIBE: Final = """
INSERT INTO nexus.checkpoints (service, stream, ms, seq) SELECT $1, unnest($2::text[]), 0, 0 ON CONFLICT DO NOTHING"""

# Leases are locked in order, as commits lock them, so that the two never wait for each other in a circle.
_BEAT: Final = """
WITH me AS (
    INSERT INTO nexus.workers (worker_id, host, pid, version, services, draining, started_at, seen_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
    ON CONFLICT (worker_id) DO UPDATE
    SET services = EXCLUDED.services, draining = EXCLUDED.draining, seen_at = EXCLUDED.seen_at
), mine AS MATERIALIZED (
    SELECT service, partition FROM nexus.leases WHERE owner = $1 ORDER BY service, partition FOR UPDATE
), renewed AS (
    UPDATE nexus.leases l SET expires_at = clock_timestamp() + make_interval(secs => $8)
    FROM mine WHERE l.service = mine.service AND l.partition = mine.partition
    RETURNING l.service, l.partition, l.generation
)
SELECT service, partition, generation, NULL AS worker_id, NULL AS awaited FROM renewed
UNION ALL
SELECT unnest(services), NULL, NULL, worker_id, NULL FROM nexus.workers
WHERE worker_id <> $1 AND NOT draining AND seen_at > clock_timestamp() - make_interval(secs => $8)
UNION
SELECT own.service, NULL, NULL, NULL, event FROM unnest($9::text[], $10::text[]) AS announced (service, mark)
JOIN nexus.releases own ON own.service = announced.service AND own.mark = announced.mark
JOIN nexus.releases newer ON newer.service = own.service AND newer.first_seen_at > own.first_seen_at
CROSS JOIN unnest(newer.events) AS event
WHERE newer.seen_at > clock_timestamp() - make_interval(secs => $11) AND event <> ALL (own.events)"""

_ACQUIRE: Final = """
WITH free AS MATERIALIZED (
    SELECT service, partition FROM nexus.leases
    WHERE service = $2 AND partition = ANY($3::integer[]) AND (owner IS NULL OR expires_at < clock_timestamp())
    ORDER BY partition FOR UPDATE SKIP LOCKED
)
UPDATE nexus.leases l
SET owner = $1, generation = l.generation + 1, expires_at = clock_timestamp() + make_interval(secs => $4)
FROM free WHERE l.service = free.service AND l.partition = free.partition
RETURNING l.partition, l.generation"""

_RELEASE: Final = """
UPDATE nexus.leases SET owner = NULL, expires_at = '-infinity'
WHERE owner = $1 AND service = $2 AND partition = ANY($3::integer[])"""

_LEAVE: Final = """
WITH gone AS (DELETE FROM nexus.workers WHERE worker_id = $1)
UPDATE nexus.leases SET owner = NULL, expires_at = '-infinity' WHERE owner = $1"""

_FORGET: Final = """
WITH gone AS (DELETE FROM nexus.workers WHERE seen_at < clock_timestamp() - make_interval(secs => $1)),
old AS (DELETE FROM nexus.releases WHERE seen_at < clock_timestamp() - make_interval(secs => $2))
DELETE FROM nexus.waiting w WHERE NOT EXISTS (SELECT FROM nexus.workers l WHERE l.worker_id = w.worker_id)"""

_ANNOUNCE: Final = """
INSERT INTO nexus.releases (service, mark, events) VALUES ($1, $2, $3)
ON CONFLICT (service, mark) DO UPDATE SET seen_at = clock_timestamp()
RETURNING CASE WHEN xmax = 0 THEN clock_timestamp() END"""

_HEARD: Final = """
SELECT clock_timestamp() AS now, min(seen_at) AS longest_ago FROM nexus.workers
WHERE $1 = ANY (services) AND NOT draining AND seen_at > clock_timestamp() - make_interval(secs => $2)"""


class PostgresLeaseStore:
    """Leases in the shared schema ``nexus``."""

    def __init__(self, pool: "Pool[Any]") -> None:
        self._database = PostgresDatabase(pool)
        self._announced: dict[str, str] = {}

    async def register(
        self, service: str, partitions: int, streams: Sequence[str], others: Mapping[str, int] | None = None
    ) -> None:
        """Make a service's partitions known, and that it reads these streams: nothing there is trimmed before it has.

        Args:
            others: the numbers of partitions of the topics that it is subscribed to, by service.

        Raises:
            ConfigError: a topic has been registered with another number. Where nothing was, the highest number wins.
        """
        wanted = {**(others or {}), service: partitions}
        await self._check(service, wanted)
        await self._database.fetchval(_REGISTER, service, partitions)
        # Somebody else may have done it just now.
        await self._check(service, wanted)
        await self._database.fetchval(_SUBSCRIBE, service, streams)

    async def announce(self, service: str, events: Sequence[str]) -> datetime | None:
        """See `ReleaseBook.announce`."""
        self._announced[service] = events_mark(events)
        new_at: datetime | None = await self._database.fetchval(_ANNOUNCE, service, self._announced[service], sorted(events))
        return new_at

    async def heard(self, service: str, lease_s: float) -> Heard:
        """See `ReleaseBook.heard`."""
        (row,) = await self._database.fetch(_HEARD, service, lease_s)
        return Heard(row["now"], row["longest_ago"])

    async def _check(self, service: str, wanted: Mapping[str, int]) -> None:
        rows = await self._database.fetch(_REGISTERED, list(wanted))
        check_partitions(service, wanted, {row["service"]: row["partitions"] for row in rows})

    async def beat(self, worker: WorkerInfo, lease_s: float) -> Heartbeat:
        """See `LeaseStore.beat`."""
        rows = await self._database.fetch(
            _BEAT,
            worker.worker_id,
            worker.host,
            worker.pid,
            worker.version,
            list(worker.services),
            worker.draining,
            worker.started_at,
            lease_s,
            list(self._announced),
            list(self._announced.values()),
            LIVES_S,
        )
        live: dict[str, list[str]] = {} if worker.draining else {service: [worker.worker_id] for service in worker.services}
        renewed: dict[tuple[str, int], int] = {}
        awaited: dict[str, set[str]] = {}
        for row in rows:
            if row["awaited"] is not None:
                awaited.setdefault(row["service"], set()).add(row["awaited"])
            elif row["worker_id"] is None:
                renewed[row["service"], row["partition"]] = row["generation"]
            else:
                live.setdefault(row["service"], []).append(row["worker_id"])
        return Heartbeat(live, renewed, awaited)

    async def acquire(self, worker_id: str, service: str, partitions: Sequence[int], lease_s: float) -> dict[int, int]:
        """See `LeaseStore.acquire`."""
        rows = await self._database.fetch(_ACQUIRE, worker_id, service, partitions, lease_s)
        return {row["partition"]: row["generation"] for row in rows}

    async def release(self, worker_id: str, service: str, partitions: Sequence[int]) -> None:
        """See `LeaseStore.release`."""
        await self._database.fetchval(_RELEASE, worker_id, service, partitions)

    async def leave(self, worker_id: str) -> None:
        """See `LeaseStore.leave`."""
        await self._database.fetchval(_LEAVE, worker_id)

    async def forget(self, after_s: float) -> None:
        """Take workers off the books that have not been seen for so long, and releases for `REMEMBERED_S`."""
        await self._database.fetchval(_FORGET, after_s, REMEMBERED_S)
