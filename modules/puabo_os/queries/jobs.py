"""Jobs of all services, as the runtime keeps them in the shared schema."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from nexus_actors import Database

Standing = Literal["queued", "running", "done", "failed", "cancelled"]

_PAGE = """
SELECT job_id, service, kind AS type, key, tenant, status, owner AS worker_id, generation AS attempts, failures, losses,
    fraction, note, error, cancel_requested, reported AS told, created_at, started_at, ended_at
FROM nexus.jobs
WHERE ($1::text IS NULL OR service = $1) AND ($2::text IS NULL OR status = $2) AND ($3::uuid IS NULL OR job_id < $3)
ORDER BY job_id DESC LIMIT $4"""


class JobLine(Struct, frozen=True, kw_only=True):
    """A job, without what it is about.

    Attributes:
        worker_id: the worker that does it; empty where none does.
        attempts: how often a worker has taken it; `failures` of them failed, and `losses` ended with their workers.
        fraction: how far it is, from 0 to 1.
        error: why the last attempt failed.
        told: its actor certainly knows of its end.
    """

    job_id: UUID
    service: str
    type: str
    key: str
    tenant: str
    status: Standing
    worker_id: str | None
    attempts: int
    failures: int
    losses: int
    fraction: float
    note: str
    error: str
    cancel_requested: bool
    told: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


async def page(db: Database, service: str | None, status: Standing | None, before: UUID | None, limit: int) -> list[JobLine]:
    """Jobs, the newest first: those before one of them, where that is given."""
    return [JobLine(**dict(row)) for row in await db.fetch(_PAGE, service, status, before, limit)]
