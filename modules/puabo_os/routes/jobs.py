"""Jobs: long work of all services, and how it stands.

They are those of every tenant, so they are a matter of the platform, as dead letters are.
"""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from modules.puabo_os.contract import READ
from modules.puabo_os.queries import jobs
from modules.puabo_os.queries.jobs import JobLine, Standing
from modules.puabo_os.routes.operator import operators_desk
from nexus_actors.http import Page, PageQuery, Request, Routes, page_from

routes = Routes(tag="jobs")


class JobQuery(PageQuery, frozen=True, kw_only=True):
    """Which jobs are wanted: of a service, and how they stand."""

    service: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    status: Standing | None = None


class _Place(Struct, frozen=True, array_like=True):
    """Where a page starts: behind this job."""

    job_id: UUID


@routes.get("/v1/jobs", scope=READ)
async def list_jobs(request: Request, query: JobQuery) -> Page[JobLine]:
    """List the jobs, the newest first. Ended ones are forgotten after some days."""
    desk = operators_desk(request, "Jobs")
    place = request.cursor(query, _Place)
    before = place.job_id if place else None
    found = await jobs.page(desk.platform, query.service, query.status, before, query.limit + 1)
    return page_from(found, query.limit, lambda job: _Place(job.job_id))
