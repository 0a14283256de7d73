"""What location-ms accepts and publishes: geofences, who crossed them, and arrivals at the places of a delivery."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bus import Event, Instant, Topic
from nexus_actors.changes import Change, Create
from nexus_actors.rules import rule
from nexus_actors.typed_line import one_line

LOCATION = Topic("location-ms", partitions=8)

READ = "location:read"
WRITE = "location:write"

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Name = Annotated[str, rule(one_line, max_length=200)]

Position = Annotated[tuple[float, ...], Meta(min_length=2, max_length=3)]
"""Longitude, latitude and, optionally, altitude, which is dropped (RFC 7946, 3.1.1)."""
LinearRing = Annotated[tuple[Position, ...], Meta(min_length=4)]
"""A closed line: the last position repeats the first (RFC 7946, 3.1.6)."""

Cause = Literal["crossed", "found", "fence_changed", "fence_deleted", "retired"]
"""Why a vehicle is inside or outside a fence from now on.

``crossed``: its path met the fence's edge. ``found``: it was seen there without a known path, at its first fix or after a jump.
``fence_changed``, ``fence_deleted``: the fence moved, not the vehicle; noticed at the vehicle's next fix. ``retired``: the
vehicle left the fleet.
"""
DeliveryPlace = Literal["pickup", "dropoff"]


class Circle(Struct, frozen=True, tag_field="type", tag="Circle"):
    """All points at most ``radius_m`` metres from a centre, along the WGS 84 ellipsoid."""

    lat: Latitude
    lon: Longitude
    radius_m: Annotated[float, Meta(ge=1, le=100_000)]


class Polygon(Struct, frozen=True, tag_field="type", tag="Polygon"):
    """A GeoJSON polygon: a shell and the holes in it. Edges are straight in longitude and latitude (RFC 7946, 3.1.1)."""

    coordinates: tuple[LinearRing, ...]


class MultiPolygon(Struct, frozen=True, tag_field="type", tag="MultiPolygon"):
    """Several polygons that are one area, such as one cut at the antimeridian (RFC 7946, 3.1.7 and 3.1.9)."""

    coordinates: tuple[tuple[LinearRing, ...], ...]


Shape = Circle | Polygon | MultiPolygon


class Geofence(Struct, frozen=True, kw_only=True):
    """An area with a name, watched for vehicles that enter and leave it.

    Attributes:
        shape: as it is kept: two coordinates a position, shells counter-clockwise and holes clockwise.
        version: counts from 1 and grows with every change.
    """

    geofence_id: UUID
    name: str
    shape: Shape
    version: int
    created_at: Instant
    changed_at: Instant


class CreateGeofence(Create[Geofence], topic=LOCATION, key="geofence_id", scope=WRITE):
    """Draw a geofence. Vehicles that stand in it already enter it with their next fix."""

    geofence_id: UUID
    name: Name
    shape: Shape


class ChangeGeofence(Change[Geofence], topic=LOCATION, key="geofence_id", scope=WRITE):
    """Replace name and shape of a geofence. Vehicles are judged by the new shape from their next fix on."""

    geofence_id: UUID
    name: Name
    shape: Shape


class DeleteGeofence(Change[Geofence], topic=LOCATION, key="geofence_id", scope=WRITE):
    """Remove a geofence; answers with what it was. Vehicles inside exit with their next fix."""

    geofence_id: UUID


class GeofenceCreated(Event, topic=LOCATION, key="geofence_id"):
    """A geofence is watched from now on."""

    geofence_id: UUID
    geofence_version: int
    name: str
    shape: Shape


class GeofenceChanged(Event, topic=LOCATION, key="geofence_id"):
    """A geofence has a new name or shape."""

    geofence_id: UUID
    geofence_version: int
    name: str
    shape: Shape


class GeofenceDeleted(Event, topic=LOCATION, key="geofence_id"):
    """A geofence is no longer watched. ``geofence_version`` is the last one it had."""

    geofence_id: UUID
    geofence_version: int


class GeofenceEntered(Event, topic=LOCATION, key="vehicle_id"):
    """A vehicle is inside a geofence. Between two of these lies one `GeofenceExited` of the same vehicle and fence.

    Attributes:
        crossed_at: when it came in, interpolated between two fixes; the time of ``fix_at`` unless ``cause`` is ``crossed``.
        lat: where it came in, with ``lon``.
        fix_at: the fix that showed it.
    """

    vehicle_id: UUID
    geofence_id: UUID
    geofence_version: int
    name: str
    crossed_at: Instant
    lat: float
    lon: float
    fix_at: Instant
    cause: Cause = "crossed"


class GeofenceExited(Event, topic=LOCATION, key="vehicle_id"):
    """A vehicle is no longer inside a geofence. The fields mean what they mean in `GeofenceEntered`."""

    vehicle_id: UUID
    geofence_id: UUID
    geofence_version: int
    name: str
    crossed_at: Instant
    lat: float
    lon: float
    fix_at: Instant
    cause: Cause = "crossed"


class DeliveryPlaceReached(Event, topic=LOCATION, key="delivery_id"):
    """The vehicle of a delivery came to its pick-up or drop-off place."""

    delivery_id: UUID
    vehicle_id: UUID
    place: DeliveryPlace
    crossed_at: Instant


class DeliveryPlaceLeft(Event, topic=LOCATION, key="delivery_id"):
    """The vehicle of a delivery went away from its pick-up or drop-off place."""

    delivery_id: UUID
    vehicle_id: UUID
    place: DeliveryPlace
    crossed_at: Instant
