"""The way of a delivery from its request to its end.

=============  ===============  =======================================
status         trigger          passes through
=============  ===============  =======================================
requested      assign           assigned
assigned       reached_pickup   at_pickup
assigned       left_pickup      at_pickup, picked_up
at_pickup      left_pickup      picked_up
at_pickup      reached_dropoff  picked_up, delivered
picked_up      reached_dropoff  delivered
not yet ended  cancel           cancelled
=============  ===============  =======================================

Every other pair leaves the delivery as it is. Who leaves the pick-up place has been there: a vehicle that stood in it when it
was assigned never reaches it, and a crossing may have been missed. Who reaches the drop-off place before the pick-up place
drives by.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from msgspec import Struct

from modules.puabo_nexus.fleet.contract import DeliveryStatus

Crossing = Literal["reached_pickup", "left_pickup", "reached_dropoff", "left_dropoff"]
Trigger = Literal["assign", "cancel"] | Crossing

OPEN: tuple[DeliveryStatus, ...] = ("requested", "assigned", "at_pickup", "picked_up")
"""What has not ended."""
UNDER_WAY: tuple[DeliveryStatus, ...] = ("assigned", "at_pickup", "picked_up")
"""What binds a vehicle and a driver."""

TRANSITIONS: Mapping[tuple[DeliveryStatus, Trigger], tuple[DeliveryStatus, ...]] = MappingProxyType(
    {
        ("requested", "assign"): ("assigned",),
        ("assigned", "reached_pickup"): ("at_pickup",),
        ("assigned", "left_pickup"): ("at_pickup", "picked_up"),
        ("at_pickup", "left_pickup"): ("picked_up",),
        ("at_pickup", "reached_dropoff"): ("picked_up", "delivered"),
        ("picked_up", "reached_dropoff"): ("delivered",),
        ("requested", "cancel"): ("cancelled",),
        ("assigned", "cancel"): ("cancelled",),
        ("at_pickup", "cancel"): ("cancelled",),
        ("picked_up", "cancel"): ("cancelled",),
    }
)


class Progress(Struct, frozen=True, kw_only=True):
    """How far a delivery has come.

    Attributes:
        assigned_at: from when crossings count.
        crossed_at: the instant of the last crossing that was followed.
    """

    status: DeliveryStatus
    vehicle_id: UUID | None = None
    assigned_at: datetime | None = None
    crossed_at: datetime | None = None


class Sighting(Struct, frozen=True, kw_only=True):
    """A vehicle was seen to cross the edge of one of a delivery's places."""

    crossing: Crossing
    vehicle_id: UUID
    crossed_at: datetime


class Advance(Struct, frozen=True):
    """What follows from a sighting: the statuses that the delivery passes through, the last of which it keeps."""

    statuses: tuple[DeliveryStatus, ...]


class Ignored(Struct, frozen=True):
    """A sighting from which nothing follows, and why."""

    why: str


def steps(status: DeliveryStatus, trigger: Trigger) -> tuple[DeliveryStatus, ...]:
    """The statuses that a delivery passes through; none where the trigger does not fit."""
    return TRANSITIONS.get((status, trigger), ())


def judge(progress: Progress, sighting: Sighting) -> Advance | Ignored:
    """What follows from a sighting, which may come late, twice, out of order, or for a vehicle that is not meant."""
    if progress.vehicle_id is None or progress.assigned_at is None:
        return Ignored("It is not assigned to a vehicle.")
    if sighting.vehicle_id != progress.vehicle_id:
        return Ignored(f"Vehicle {sighting.vehicle_id} does not carry it.")
    if sighting.crossed_at < progress.assigned_at:
        return Ignored("The crossing is older than the assignment.")
    if progress.crossed_at is not None and sighting.crossed_at < progress.crossed_at:
        return Ignored("The crossing is older than the last one that was followed.")
    statuses = steps(progress.status, sighting.crossing)
    if statuses:
        return Advance(statuses)
    return Ignored(_why_not(progress.status, sighting.crossing))


def _why_not(status: DeliveryStatus, crossing: Crossing) -> str:
    what = crossing.replace("_", " the ").replace("pickup", "pick-up place").replace("dropoff", "drop-off place")
    if status == "assigned" and crossing == "reached_dropoff":
        return "The vehicle reached the drop-off place without having been at the pick-up place: it drives by."
    return f"The vehicle {what}, which changes nothing while the delivery is {status.replace('_', ' ')}."
