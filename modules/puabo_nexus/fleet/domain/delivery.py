"""A delivery as it stands, and what happened to it."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bus import Instant
from nexus_actors.rules import rule
from nexus_actors.typed_line import one_line

DEFAULT_RADIUS_M = 100
MIN_RADIUS_M = 10
DEFAULT_DWELL_S = 60

Reason = Annotated[str, rule(one_line, max_length=200)]
PlaceName = Annotated[str, rule(one_line, max_length=100)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
RadiusM = Annotated[int, Meta(ge=MIN_RADIUS_M, le=5_000)]
DwellS = Annotated[int, Meta(ge=0, le=3_600)]
Seq = Annotated[int, Meta(ge=1, le=2**31 - 1)]

DeliveryStatus = Literal["requested", "assigned", "at_pickup", "picked_up", "delivered", "cancelled"]
TimelineKind = Literal[
    "requested", "assigned", "at_pickup", "picked_up", "delivered", "cancelled", "unassigned", "taken_back", "ignored"
]


class Place(Struct, frozen=True, kw_only=True):
    """A circle on the ground where goods change hands, in WGS 84 degrees and metres.

    Attributes:
        name: what people call it.
        radius_m: how near a vehicle must come to be there.
    """

    name: PlaceName
    lat: Latitude
    lon: Longitude
    radius_m: RadiusM = DEFAULT_RADIUS_M


class Delivery(Struct, frozen=True, kw_only=True):
    """A delivery as it stands.

    Attributes:
        vehicle_id: what carries it, once it is assigned. It stays when the delivery has ended.
        assigned_at: from when crossings of its places count.
        dwell_s: seconds at a place that make a visit of it; see `RequestDelivery`.
        version: grows with every change of what is shown here.
    """

    delivery_id: UUID
    status: DeliveryStatus
    pickup: Place
    dropoff: Place
    requested_at: Instant
    vehicle_id: UUID | None = None
    driver_id: UUID | None = None
    assigned_at: Instant | None = None
    arrived_at: Instant | None = None
    picked_up_at: Instant | None = None
    delivered_at: Instant | None = None
    cancelled_at: Instant | None = None
    cancel_reason: str | None = None
    dwell_s: DwellS = DEFAULT_DWELL_S
    version: int = 1


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """One thing that happened to a delivery, or that was seen and not followed (``ignored``).

    Attributes:
        seq: counts from 1 within the delivery, in the order of recording.
        happened_at: when it happened, by the clock of whoever saw it.
        recorded_at: when the fleet service wrote it down.
        caused_by: subject of the caller whose request led to it, where there was one; a step that a crossing led to has none.
        detail: the reason that was given, or why something was ignored or taken back.
    """

    seq: Seq
    kind: TimelineKind
    happened_at: Instant
    recorded_at: Instant
    caused_by: str | None
    detail: str | None
