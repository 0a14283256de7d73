"""Workers, leases and dead letters, as the runtime keeps them in the shared schema."""

from modules.puabo_os.domain.standing import Holding, Worker
from nexus_actors import Database

_WORKERS = """
SELECT w.worker_id, w.host, w.pid, w.version, w.services, w.draining, w.started_at, w.seen_at,
    extract(epoch FROM clock_timestamp() - w.seen_at)::float8 AS silent_s,
    (
        SELECT count(*)::integer FROM nexus.leases l WHERE l.owner = w.worker_id AND l.expires_at > clock_timestamp()
    ) AS partitions
FROM nexus.workers w ORDER BY w.started_at, w.worker_id"""

_HOLDINGS = """
SELECT service, partition, CASE WHEN expires_at > clock_timestamp() THEN owner END AS owner, generation,
    CASE WHEN expires_at > clock_timestamp() THEN expires_at END AS expires_at
FROM nexus.leases WHERE $1::text IS NULL OR service = $1 ORDER BY service, partition"""

_DEAD_LETTERS = "SELECT service, count(*)::integer AS letters FROM nexus.dead_letters GROUP BY service"


async def workers(db: Database) -> list[Worker]:
    """All workers that have been heard of lately, the oldest first."""
    rows = await db.fetch(_WORKERS)
    return [Worker(**{**dict(row), "services": tuple(row["services"])}) for row in rows]


async def holdings(db: Database, service: str | None = None) -> list[Holding]:
    """Who owns which partition, of one service or of all."""
    return [Holding(**dict(row)) for row in await db.fetch(_HOLDINGS, service)]


async def dead_letter_counts(db: Database) -> dict[str, int]:
    """How many dead letters each service has; those without any are left out."""
    return {row["service"]: row["letters"] for row in await db.fetch(_DEAD_LETTERS)}
