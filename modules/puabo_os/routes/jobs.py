"""Jobs: long work of all services, and how it stands.

They are those of every tenant, so they are a matter of the platform, as dead letters are.
"""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bus import Refusal
from modules.puabo_os.contract import READ
from modules.puabo_os.desk import Desk
from modules.puabo_os.queries import jobs
from modules.puabo_os.queries.jobs import JobLine, Standing
from nexus_actors.http import Page, PageQuery, Request, Routes, encode_cursor
from nexus_actors.identity import DEFAULT_TENANT

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
    if request.tenant != DEFAULT_TENANT:
        raise Refusal.forbidden(
            "platform_only", f"These are the jobs of every tenant. They are a matter of the tenant {DEFAULT_TENANT} alone."
        )
    desk: Desk = request.deps
    place = request.cursor(query, _Place)
    before = place.job_id if place else None
    found = await jobs.page(desk.platform, query.service, query.status, before, query.limit + 1)
    items = found[: query.limit]
    return Page(items=items, next=encode_cursor(_Place(items[-1].job_id)) if len(found) > query.limit else None)
