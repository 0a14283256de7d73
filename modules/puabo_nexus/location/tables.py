"""What location-ms keeps."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from bus import Instant
from modules.puabo_nexus.location.contract import Cause, DeliveryPlace, Geofence
from modules.puabo_nexus.location.domain.shapes import region_of
from nexus_actors.tables import Listing, Table


class Whereabouts(Struct, frozen=True, kw_only=True):
    """Where a vehicle was when it was last heard of."""

    vehicle_id: UUID
    lat: float
    lon: float
    altitude_m: float | None
    speed_mps: float | None
    heading_deg: float | None
    accuracy_m: float | None
    fix_at: Instant
    received_at: Instant


class Occupant(Struct, frozen=True, kw_only=True):
    """A vehicle inside a geofence, as of its last fix.

    Attributes:
        geofence_version: the version of the fence by which it was judged.
        since: when it came in.
    """

    vehicle_id: UUID
    geofence_version: int
    since: Instant


class WatchedPlace(Struct, frozen=True, kw_only=True):
    """The pick-up or drop-off place of a delivery under way, as a circle that its vehicle is watched for."""

    delivery_id: UUID
    place: DeliveryPlace
    name: str
    lat: float
    lon: float
    radius_m: float


class CrossingRecord(Struct, frozen=True, kw_only=True):
    """A vehicle came into a geofence or a place of a delivery, or left it.

    Attributes:
        seq: grows in the order of recording; orders crossings of one instant.
        geofence_id: what was crossed, with its version then; null where it was a place of a delivery.
        name: of the fence or place then.
        crossed_at: interpolated between two fixes where ``cause`` is ``crossed``.
        fix_at: the fix that showed it.
    """

    seq: int
    vehicle_id: UUID
    geofence_id: UUID | None
    geofence_version: int | None
    delivery_id: UUID | None
    place: DeliveryPlace | None
    name: str
    direction: Literal["entered", "exited"]
    cause: Cause
    crossed_at: Instant
    lat: float
    lon: float
    fix_at: Instant


def _bounds(fence: Geofence) -> tuple[tuple[float, float], tuple[float, float]]:
    box = region_of(fence.shape).box
    return (box.east, box.north), (box.west, box.south)


GEOFENCES = Table(Geofence, "geofences", key="geofence_id", order=("geofence_id",), json=("shape",), derived={"area": _bounds})
POSITIONS = Listing(Whereabouts, "live_positions", order=("vehicle_id",))
OCCUPANTS = Listing(Occupant, "occupancy", within="geofence_id", order=("vehicle_id",))
PLACES = Listing(WatchedPlace, "delivery_places", within="vehicle_id", order=("delivery_id", "place"))
CROSSINGS = Listing(CrossingRecord, "crossings", order=("crossed_at", "seq"))
