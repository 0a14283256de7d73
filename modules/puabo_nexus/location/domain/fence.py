"""What a vehicle is watched for: geofences of its tenant, and the places of its own deliveries."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from bus import Event
from modules.geography.region import Region
from modules.geography.spot import Spot
from modules.puabo_nexus.fleet.contract import Place
from modules.puabo_nexus.location.contract import (
    Circle,
    DeliveryPlace,
    DeliveryPlaceLeft,
    DeliveryPlaceReached,
    GeofenceEntered,
    GeofenceExited,
)
from modules.puabo_nexus.location.domain.crossings import Crossing
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.shapes import region_of

RECENT = timedelta(minutes=30)
"""How old a vehicle's last fix may be to say that it still stands there."""


class GeofenceTag(Struct, frozen=True, tag="geofence"):
    """A geofence, apart from its shape."""

    geofence_id: UUID
    version: int
    name: str

    @property
    def key(self) -> str:
        """What tells it from other fences."""
        return str(self.geofence_id)


class PlaceTag(Struct, frozen=True, tag="place"):
    """A place of a delivery, apart from its shape."""

    delivery_id: UUID
    place: DeliveryPlace
    name: str

    @property
    def key(self) -> str:
        """What tells it from other fences."""
        return f"{self.delivery_id}/{self.place}"


Tag = GeofenceTag | PlaceTag


class Fence(Struct, frozen=True):
    """A fence that a vehicle is judged by."""

    tag: Tag
    region: Region


class Errand(Struct, frozen=True):
    """The places of a delivery that a vehicle carries out."""

    pickup: Place
    dropoff: Place

    def tags(self, delivery_id: UUID) -> tuple[PlaceTag, PlaceTag]:
        """Its two places."""
        return PlaceTag(delivery_id, "pickup", self.pickup.name), PlaceTag(delivery_id, "dropoff", self.dropoff.name)


def fences_of(errands: Mapping[UUID, Errand]) -> list[Fence]:
    """The places of all of a vehicle's deliveries, as fences."""
    return [
        Fence(tag, region_of(Circle(place.lat, place.lon, place.radius_m)))
        for delivery_id, errand in errands.items()
        for tag, place in zip(errand.tags(delivery_id), (errand.pickup, errand.dropoff), strict=True)
    ]


def standing_in(last: Fix | None, since: datetime, fences: list[Fence]) -> list[tuple[Tag, Crossing]]:
    """The fences that a vehicle stands in already when they begin to be watched for it.

    A vehicle that stands may send nothing, so its last fix is taken for where it is, unless it is not recent. Then its next
    fix shows where it is.

    Args:
        since: from when they are watched; a crossing is not dated before it.
    """
    if last is None or last.fix_at < since - RECENT:
        return []
    spot = Spot(last.lat, last.lon)
    at = max(last.fix_at, since)
    return [
        (fence.tag, Crossing(fence.tag.key, "entered", "found", at, last.lat, last.lon, last.fix_at))
        for fence in fences
        if fence.region.covers(spot)
    ]


def event_of(vehicle_id: UUID, tag: Tag, crossing: Crossing) -> Event:
    """What is published of a crossing."""
    if isinstance(tag, PlaceTag):
        kind = DeliveryPlaceReached if crossing.direction == "entered" else DeliveryPlaceLeft
        return kind(delivery_id=tag.delivery_id, vehicle_id=vehicle_id, place=tag.place, crossed_at=crossing.crossed_at)
    made = GeofenceEntered if crossing.direction == "entered" else GeofenceExited
    return made(
        vehicle_id=vehicle_id,
        geofence_id=tag.geofence_id,
        geofence_version=tag.version,
        name=tag.name,
        crossed_at=crossing.crossed_at,
        lat=crossing.lat,
        lon=crossing.lon,
        fix_at=crossing.fix_at,
        cause=crossing.cause,
    )
