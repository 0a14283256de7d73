"""How the platform stands."""

from msgspec import Struct

from bus.topic import stream_parts
from modules.puabo_os.contract import READ
from modules.puabo_os.desk import Desk
from modules.puabo_os.domain.standing import ServiceStatus, SystemStatus, Worker
from modules.puabo_os.queries import standing
from nexus_actors.http import Page, Request, Routes, found

routes = Routes(tag="system")


class PartitionStatus(Struct, frozen=True, kw_only=True):
    """Who owns a partition, and how far it is behind.

    Attributes:
        owner: worker that owns it; null while nobody does.
        generation: how often it has changed hands.
        lag_s: age of the oldest message that waits there, in seconds; 0 where none waits, null where it is not known.
    """

    service: str
    partition: int
    owner: str | None
    generation: int
    lag_s: float | None


class PartitionQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which service; of all when left out."""

    service: str | None = None


@routes.get("/api/system/status", scope=READ)
async def system_status(request: Request) -> SystemStatus:
    """Show how all 25 services stand."""
    desk: Desk = request.deps
    return await desk.status()


@routes.get("/v1/services/{service}", scope=READ)
async def service_status(request: Request, service: str) -> ServiceStatus:
    """Show how one service stands."""
    desk: Desk = request.deps
    status = await desk.status()
    return found(next((s for s in status.services if s.service == service), None), "service")


@routes.get("/v1/workers", scope=READ)
async def list_workers(request: Request) -> Page[Worker]:
    """List the worker processes that have been heard of in the last ten minutes."""
    desk: Desk = request.deps
    return Page(items=await standing.workers(desk.platform), next=None)


@routes.get("/v1/partitions", scope=READ)
async def list_partitions(request: Request, query: PartitionQuery) -> Page[PartitionStatus]:
    """List the partitions with their owners and lags."""
    desk: Desk = request.deps
    lag = await desk.lag()
    by_partition: dict[tuple[str, int], float] = {}
    counts: dict[str, int] = {}
    holdings = await standing.holdings(desk.platform, query.service)
    for holding in holdings:
        counts[holding.service] = counts.get(holding.service, 0) + 1
    for (service, stream), seconds in (lag or {}).items():
        if service in counts:
            number = stream_parts(stream).partition % counts[service]
            by_partition[service, number] = max(seconds, by_partition.get((service, number), 0.0))
    items = [
        PartitionStatus(
            service=holding.service,
            partition=holding.partition,
            owner=holding.owner,
            generation=holding.generation,
            lag_s=None if lag is None else by_partition.get((holding.service, holding.partition), 0.0),
        )
        for holding in holdings
    ]
    return Page(items=items, next=None)
