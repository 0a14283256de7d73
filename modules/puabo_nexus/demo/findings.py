"""What the services say at the end of the demonstration, held against what was driven."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from msgspec import Struct

from bus import Envelope, Event
from bus.codec import Contracts
from modules.puabo_nexus.demo.journey import Journey, distance_m, length_m
from modules.puabo_nexus.fleet.contract import (
    Delivery,
    DeliveryArrivedAtPickup,
    DeliveryAssigned,
    DeliveryCompleted,
    DeliveryPickedUp,
    DeliveryRequested,
    TimelineEntry,
    VehicleRegistered,
)
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached
from modules.puabo_nexus.tracker.contract import (
    MIN_TRIP_M,
    PositionsReceipt,
    PositionsRecorded,
    Trip,
    TripEnded,
    TripStarted,
)

E = TypeVar("E", bound=Event)

TOLERANCE = 0.01
"""How far the length of the trips may lie from that of the track."""

_EVENTS_OF_TRIPS = (TripStarted, TripEnded)
_EVENTS = (
    VehicleRegistered,
    DeliveryRequested,
    DeliveryAssigned,
    PositionsRecorded,
    DeliveryPlaceReached,
    DeliveryPlaceLeft,
    DeliveryArrivedAtPickup,
    DeliveryPickedUp,
    DeliveryCompleted,
)
_STEPS = ("requested", "assigned", "at_pickup", "picked_up", "delivered")


class Crossing(Struct, frozen=True, kw_only=True):
    """The part of a crossing, as location-ms shows it, that is looked at."""

    place: str | None
    direction: str
    crossed_at: datetime


class Outcome(Struct, frozen=True, kw_only=True):
    """What the services say, each of its own.

    Attributes:
        receipts: tracker-ms's answers to the batches.
        events: what was published meanwhile about the vehicle and the delivery.
    """

    receipts: Sequence[PositionsReceipt]
    trips: Sequence[Trip]
    crossings: Sequence[Crossing]
    delivery: Delivery
    timeline: Sequence[TimelineEntry]
    events: Sequence[Envelope]


class Finding(Struct, frozen=True):
    """One comparison, and whether it came out as it must."""

    text: str
    agrees: bool


def findings(journey: Journey, outcome: Outcome) -> Iterator[Finding]:
    """Everything that is compared."""
    yield _fixes(journey, outcome)
    is_trip = any(distance_m(journey.fixes[0], fix) >= MIN_TRIP_M for fix in journey.fixes)
    yield _distance(journey, outcome.trips) if is_trip else _no_trip(outcome.trips)
    yield _crossings(outcome.crossings)
    yield Finding(f"Delivery status: {outcome.delivery.status}", outcome.delivery.status == "delivered")
    steps = [entry.kind for entry in outcome.timeline if entry.kind != "ignored"]
    yield Finding(f"Steps of the delivery: {', '.join(steps)}", tuple(steps) == _STEPS)
    yield _kinds_of_events(outcome.events, (*_EVENTS, *_EVENTS_OF_TRIPS) if is_trip else _EVENTS)
    yield _fixes_in_events(outcome)


def _fixes(journey: Journey, outcome: Outcome) -> Finding:
    accepted = sum(receipt.accepted for receipt in outcome.receipts)
    sent = len(journey.fixes)
    return Finding(f"Fixes accepted: {accepted} of {sent}", accepted == sent)


def _no_trip(trips: Sequence[Trip]) -> Finding:
    text = f"Trips: {len(trips)}; the track is none, for a trip leads {MIN_TRIP_M:.0f} m away"
    return Finding(text, not trips)


def _distance(journey: Journey, trips: Sequence[Trip]) -> Finding:
    """One trip is held against the whole track; where stops cut it into several, each counts for its own part."""
    driven_m = sum(trip.distance_m for trip in trips)
    named, track_m = "Trip distance", journey.length_m
    if len(trips) != 1:
        named, track_m = f"Distance of {len(trips)} trips", sum(_length_of_part(journey, trip) for trip in trips)
    apart = abs(driven_m - track_m) / track_m if track_m else 1.0
    text = f"{named}: {driven_m:.1f} m; the track is {track_m:.1f} m long there ({apart:.2%} apart)"
    return Finding(text, apart <= TOLERANCE and all(trip.ended_at is not None for trip in trips))


def _length_of_part(journey: Journey, trip: Trip) -> float:
    ended_at = trip.ended_at or journey.fixes[-1].fix_at
    return length_m([fix for fix in journey.fixes if trip.started_at <= fix.fix_at <= ended_at])


def _crossings(crossings: Sequence[Crossing]) -> Finding:
    steps = [(crossing.place, crossing.direction) for crossing in crossings]
    instants = [crossing.crossed_at for crossing in crossings]
    text = "Crossings: " + (
        "; ".join(f"{c.direction} {c.place} {c.crossed_at:%H:%M:%S}" for c in crossings) if crossings else "none"
    )
    wanted = [("pickup", "entered"), ("pickup", "exited"), ("dropoff", "entered")]
    places = [steps.index(step) for step in wanted if step in steps]
    in_order = instants == sorted(instants) and len(places) == len(wanted) and places == sorted(places) and places[0] == 0
    return Finding(text, in_order)


def _kinds_of_events(events: Sequence[Envelope], expected: Sequence[type[Event]]) -> Finding:
    seen = {envelope.type for envelope in events}
    missing = [kind.__name__ for kind in expected if kind.wire_type() not in seen]
    text = f"Events seen: {len(events)}" + (f"; missing are {', '.join(missing)}" if missing else ", of every kind expected")
    return Finding(text, not missing and len({envelope.id for envelope in events}) == len(events))


def _fixes_in_events(outcome: Outcome) -> Finding:
    fixes = sum(message.item_count() for message in _decoded(outcome.events, PositionsRecorded))
    accepted = sum(receipt.accepted for receipt in outcome.receipts)
    ended, trips = trips_ended(outcome.events), distances(outcome.trips)
    text = f"The events carry {fixes} fixes and {len(ended)} ended trip{'' if len(ended) == 1 else 's'}"
    agree = fixes == accepted and ended == trips
    return Finding(f"{text}, as the services say" if agree else f"{text}; the services say {accepted} and {len(trips)}", agree)


def trips_ended(events: Sequence[Envelope]) -> dict[UUID, float]:
    """The distances of the trips that ended, by the events."""
    return {message.trip_id: message.distance_m for message in _decoded(events, TripEnded)}


def distances(trips: Sequence[Trip]) -> dict[UUID, float]:
    """The distances of trips."""
    return {trip.trip_id: trip.distance_m for trip in trips}


def _decoded(events: Sequence[Envelope], kind: type[E]) -> list[E]:
    contracts = Contracts([kind])
    decoded = [contracts.decode(envelope) for envelope in events if envelope.type == kind.wire_type()]
    return [message for message in decoded if isinstance(message, kind)]
