"""How a job stands, for the HTTP face of its service."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

from nexus_actors.database import Reader

# The database of a service is known by its schema, which is named after it.
_STATUS: Final = """
SELECT job_id, status, fraction, note, generation AS attempts, error, cancel_requested, created_at, started_at, ended_at
FROM nexus.jobs WHERE job_id = $1 AND tenant = $2 AND replace(service, '-', '_') = current_schema()"""


class JobStatus(Struct, frozen=True, kw_only=True):
    """How a job stands.

    Attributes:
        fraction: from 0 to 1, of the attempt under way or the last one.
        attempts: how often a worker has taken it.
        error: why the last attempt failed; empty where none has.
        cancel_requested: it has been cancelled, and may have ended otherwise before it noticed.
        created_at, started_at, ended_at: UTC; when the turn that started it was committed, when it was first begun, and when it
            ended.
    """

    job_id: UUID
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    fraction: float
    note: str
    attempts: int
    error: str
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


async def job_status(db: Reader, tenant: str, job_id: UUID) -> JobStatus | None:
    """A job of the service whose database ``db`` is; None where it, or this tenant, has none of that id.

    Jobs of actors of the platform itself are those of the tenant `nexus_actors.identity.PLATFORM`.

    Jobs are forgotten some days after their end (`NEXUS_INBOX_DAYS`).

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    row = await db.fetchrow(_STATUS, job_id, tenant)
    return None if row is None else JobStatus(**{name: row[name] for name in JobStatus.__struct_fields__})
