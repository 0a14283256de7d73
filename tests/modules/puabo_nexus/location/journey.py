"""A location service under test: vehicles that drive, fences that are drawn, and what comes of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from bus import Command, Event, new_id
from modules.puabo_nexus.location.contract import READ, WRITE, CreateGeofence, Geofence, Polygon, Shape
from modules.puabo_nexus.location.service import service
from modules.puabo_nexus.tracker.contract import Fix, PositionsRecorded
from nexus_actors.testing import Desk, HttpProbe, TestPlatform

R = TypeVar("R")
E = TypeVar("E", bound=Event)

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def fix(seconds: float, lat: float, lon: float, **more: Any) -> Fix:
    """A fix some seconds after the start of all drives."""
    return Fix(fix_at=START + timedelta(seconds=seconds), lat=lat, lon=lon, **more)


def square(west: float, south: float, east: float, north: float) -> Polygon:
    return Polygon((((west, south), (east, south), (east, north), (west, north), (west, south)),))


def fence(shape: Shape, name: str = "depot") -> CreateGeofence:
    return CreateGeofence(geofence_id=new_id(), name=name, shape=shape)


async def report(desk: Desk, vehicle_id: UUID, *fixes: Fix, tenant: str = "") -> None:
    """Have the tracker say where a vehicle was."""
    await desk.publish(PositionsRecorded(vehicle_id=vehicle_id, fixes=tuple(fixes)), tenant=tenant)


class Town:
    """A tenant of services that run, which nobody else is."""

    def __init__(self, platform: TestPlatform, tenant: str = "") -> None:
        self.tenant = tenant or f"town-{new_id().hex}"
        self._platform = platform

    def other(self) -> "Town":
        """Another tenant of the same services."""
        return Town(self._platform)

    async def publish(self, *events: Event) -> None:
        """Have other services say something, and wait until all is settled."""
        for event in events:
            await self._platform.publish(event, tenant=self.tenant)
        await self._platform.settle()

    async def report(self, vehicle_id: UUID, *fixes: Fix) -> None:
        """Have the tracker say where a vehicle was."""
        await self.publish(PositionsRecorded(vehicle_id=vehicle_id, fixes=tuple(fixes)))

    async def ask(self, command: Command[R]) -> R:
        return await self._platform.ask(command, tenant=self.tenant)

    async def draw(self, shape: Shape, name: str = "depot") -> Geofence:
        return await self.ask(fence(shape, name))

    def events(self, kind: type[E]) -> list[E]:
        return self._platform.events(kind, tenant=self.tenant)

    def client(self, *scopes: str, of: str = service.name) -> HttpProbe:
        """A client of a service; one that may do all of this one when no scopes are named."""
        return self._platform.http(of, *(scopes or (READ, WRITE)), tenant=self.tenant)

    def stranger(self) -> HttpProbe:
        """A client without a token."""
        return self._platform.bearer(service.name, None)


async def everything(probe: HttpProbe, path: str, limit: int) -> Sequence[dict[str, object]]:
    """The items of all pages of a list."""
    items: list[dict[str, object]] = []
    cursor = ""
    while True:
        joiner = "&" if "?" in path else "?"
        answer = await probe.get(f"{path}{joiner}limit={limit}{cursor}")
        assert answer.status == 200, answer.body
        page = answer.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"
