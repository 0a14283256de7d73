"""A location service under test: vehicles that drive, fences that are drawn, and what comes of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bus import new_id
from modules.puabo_nexus.location.contract import CreateGeofence, Geofence, Polygon, Shape
from modules.puabo_nexus.location.service import service as location
from modules.puabo_nexus.tracker.contract import Fix, PositionsRecorded
from nexus_actors.testing import HttpProbe, TestPlatform

LOCATION = location
NAME = location.name
READ = "location:read"
WRITE = "location:write"
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def fix(seconds: float, lat: float, lon: float, **more: float) -> Fix:
    """A fix some seconds after the start of all drives."""
    return Fix(fix_at=START + timedelta(seconds=seconds), lat=lat, lon=lon, **more)


def square(west: float, south: float, east: float, north: float) -> Polygon:
    return Polygon((((west, south), (east, south), (east, north), (west, north), (west, south)),))


async def report(platform: TestPlatform, vehicle_id: UUID, *fixes: Fix, tenant: str = "main") -> None:
    """Have the tracker say where a vehicle was, and wait until all is settled."""
    await platform.publish(PositionsRecorded(vehicle_id=vehicle_id, fixes=tuple(fixes)), tenant=tenant)
    await platform.settle()


async def draw(platform: TestPlatform, shape: Shape, name: str = "depot", *, tenant: str = "main") -> Geofence:
    """Draw a geofence."""
    return await platform.ask(CreateGeofence(geofence_id=new_id(), name=name, shape=shape), tenant=tenant)


def client(platform: TestPlatform, *scopes: str, tenant: str = "main") -> HttpProbe:
    """A client of the service; one that may do all when no scopes are named."""
    return platform.http(NAME, *(scopes or (READ, WRITE)), tenant=tenant)


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
