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
assigned       arrive           at_pickup
assigned       pick_up          at_pickup, picked_up
at_pickup      pick_up          picked_up
under way      complete         what is left up to delivered
assigned       assign           assigned, by others
at_pickup      assign           assigned, by others
picked_up      assign           picked_up: it is handed over
assigned ..    unassign         requested
=============  ===============  =======================================

Every other pair leaves the delivery as it is. Who leaves the pick-up place has been there: a vehicle that stood in it when it
was assigned never reaches it, and a crossing may have been missed. Who reaches the drop-off place before the pick-up place
drives by. Who leaves the pick-up place sooner than a visit takes has passed by: that it was reached is taken back. The drop-off
place was reached, at the instant when it was, once the vehicle has stayed for a visit. On a round trip it counts once the
pick-up place was left.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from msgspec import Struct

from modules.geography.geodesy import distance_m
from modules.puabo_nexus.fleet.contract import Delivery, DeliveryStatus

Crossing = Literal["reached_pickup", "left_pickup", "reached_dropoff", "left_dropoff"]
ByHand = Literal["arrive", "pick_up", "complete"]
Trigger = Literal["assign", "unassign", "cancel"] | ByHand | Crossing

ORDER: tuple[DeliveryStatus, ...] = ("requested", "assigned", "at_pickup", "picked_up", "delivered")
"""The steps, one after the other."""
WALKING_PACE_MPS = 10 / 3.6
"""Who goes through a place at less than this speed, 10 km/h, visits it."""

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
        ("assigned", "arrive"): ("at_pickup",),
        ("assigned", "pick_up"): ("at_pickup", "picked_up"),
        ("at_pickup", "pick_up"): ("picked_up",),
        ("assigned", "complete"): ("at_pickup", "picked_up", "delivered"),
        ("at_pickup", "complete"): ("picked_up", "delivered"),
        ("picked_up", "complete"): ("delivered",),
        ("assigned", "assign"): ("assigned",),
        ("at_pickup", "assign"): ("assigned",),
        ("picked_up", "assign"): ("picked_up",),
        ("assigned", "unassign"): ("requested",),
        ("at_pickup", "unassign"): ("requested",),
        ("picked_up", "unassign"): ("requested",),
        ("delivered", "unassign"): ("requested",),
    }
)


class Progress(Struct, frozen=True, kw_only=True):
    """How far a delivery has come.

    Attributes:
        assigned_at: from when crossings count.
        crossed_at: the instant of the last crossing that was followed.
        arrived_at: when it came to the pick-up place, as far as a crossing says so; None where somebody said it.
        visit_s: how long a vehicle must stay at the pick-up place for having been there.
        dropoff_at: when it came to the drop-off place, where it is not decided yet whether it stays.
        dropoff_visit_s: as `visit_s`, at the drop-off place.
        round_trip: its places touch.
    """

    status: DeliveryStatus
    vehicle_id: UUID | None = None
    assigned_at: datetime | None = None
    crossed_at: datetime | None = None
    arrived_at: datetime | None = None
    visit_s: float = 0
    dropoff_at: datetime | None = None
    dropoff_visit_s: float = 0
    round_trip: bool = False


class Sighting(Struct, frozen=True, kw_only=True):
    """A vehicle was seen to cross the edge of one of a delivery's places."""

    crossing: Crossing
    vehicle_id: UUID
    crossed_at: datetime


class Advance(Struct, frozen=True):
    """What follows from a sighting: the statuses that the delivery passes through, the last of which it keeps.

    Attributes:
        at: when it did, where that is not the instant of the sighting.
    """

    statuses: tuple[DeliveryStatus, ...]
    at: datetime | None = None


class Waits(Struct, frozen=True):
    """The vehicle came to the drop-off place. It delivers when it has not left it after so many seconds."""

    visit_s: float


class PassedBy(Struct, frozen=True):
    """The vehicle left the pick-up place too soon for having been there, and why that is so: it is assigned, as before."""

    why: str


class Ignored(Struct, frozen=True):
    """A sighting from which nothing follows, and why.

    Attributes:
        drove_on: it says that the vehicle does not stay at the drop-off place.
    """

    why: str
    drove_on: bool = False


def steps(status: DeliveryStatus, trigger: Trigger) -> tuple[DeliveryStatus, ...]:
    """The statuses that a delivery passes through; none where the trigger does not fit."""
    return TRANSITIONS.get((status, trigger), ())


def visit_s(dwell_s: float, radius_m: float) -> float:
    """How long a vehicle must stay in a place to have visited it: less where a walking pace leads through it in less."""
    return min(dwell_s, 2 * radius_m / WALKING_PACE_MPS)


def progress_of(
    delivery: Delivery, crossed_at: datetime | None, by_hand_at: datetime | None, dropoff_at: datetime | None
) -> Progress:
    """How far a delivery has come.

    Args:
        crossed_at: the instant of the last crossing that was followed.
        by_hand_at: up to when people have said how far it is.
        dropoff_at: when its vehicle came to the drop-off place last. What was followed since then has decided about it.
    """
    pickup, dropoff, arrived_at = delivery.pickup, delivery.dropoff, delivery.arrived_at
    is_said = arrived_at is not None and by_hand_at is not None and arrived_at <= by_hand_at
    return Progress(
        status=delivery.status,
        vehicle_id=delivery.vehicle_id,
        assigned_at=delivery.assigned_at,
        crossed_at=crossed_at,
        arrived_at=None if is_said else arrived_at,
        visit_s=visit_s(delivery.dwell_s, pickup.radius_m),
        dropoff_at=dropoff_at if dropoff_at == crossed_at else None,
        dropoff_visit_s=visit_s(delivery.dwell_s, dropoff.radius_m),
        round_trip=distance_m(pickup.lat, pickup.lon, dropoff.lat, dropoff.lon) <= pickup.radius_m + dropoff.radius_m,
    )


def judge(progress: Progress, sighting: Sighting) -> Advance | Waits | PassedBy | Ignored:
    """What follows from a sighting, which may come late, twice, out of order, or for a vehicle that is not meant."""
    if progress.vehicle_id is None or progress.assigned_at is None:
        return Ignored("It is not assigned to a vehicle.")
    if sighting.vehicle_id != progress.vehicle_id:
        return Ignored(f"Vehicle {sighting.vehicle_id} does not carry it.")
    if sighting.crossed_at < progress.assigned_at:
        return Ignored("The crossing is older than the assignment.")
    if progress.crossed_at is not None and sighting.crossed_at < progress.crossed_at:
        return Ignored("The crossing is older than the last one that was followed.")
    if progress.dropoff_at is not None and sighting.crossing == "left_dropoff":
        return _leave_dropoff(progress, progress.dropoff_at, sighting.crossed_at)
    statuses = steps(progress.status, sighting.crossing)
    if not statuses:
        return Ignored(_why_not(progress.status, sighting.crossing))
    return _doubt(progress, sighting) or Advance(statuses)


def _leave_dropoff(progress: Progress, came_at: datetime, left_at: datetime) -> Advance | Ignored:
    """What follows when a vehicle leaves the drop-off place that waited there for a visit."""
    stay_s = (left_at - came_at).total_seconds()
    if stay_s < progress.dropoff_visit_s:
        return Ignored(f"The vehicle left the drop-off place after {stay_s:.1f} s: it passed by.", drove_on=True)
    return Advance(steps(progress.status, "reached_dropoff"), at=came_at)


def _doubt(progress: Progress, sighting: Sighting) -> Waits | PassedBy | Ignored | None:
    """Why a crossing that fits is not followed, or not yet."""
    state = (progress.status, sighting.crossing)
    if state == ("at_pickup", "reached_dropoff") and progress.round_trip:
        return Ignored("The places touch: it must leave the pick-up place before it can bring the goods.")
    if sighting.crossing == "reached_dropoff" and progress.dropoff_visit_s > 0:
        return Waits(progress.dropoff_visit_s)
    if state == ("assigned", "left_pickup") and sighting.crossed_at == progress.crossed_at:
        return Ignored("This departure was seen already.")
    arrived_at = progress.arrived_at
    # Who stood there when it was assigned did not pass by, and who was said to be there was there.
    if state == ("at_pickup", "left_pickup") and arrived_at is not None and arrived_at != progress.assigned_at:
        stay_s = (sighting.crossed_at - arrived_at).total_seconds()
        if stay_s < progress.visit_s:
            return PassedBy(f"The vehicle left the pick-up place after {stay_s:.1f} s: it passed by.")
    return None


def _why_not(status: DeliveryStatus, crossing: Crossing) -> str:
    what = crossing.replace("_", " the ").replace("pickup", "pick-up place").replace("dropoff", "drop-off place")
    if status == "assigned" and crossing == "reached_dropoff":
        return "The vehicle reached the drop-off place without having been at the pick-up place: it drives by."
    return f"The vehicle {what}, which changes nothing while the delivery is {status.replace('_', ' ')}."
