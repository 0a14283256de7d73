"""What the services say, held against what was driven: everything that disagrees is found."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from bus import Envelope, Event, new_id
from bus.envelope import seal
from modules.puabo_nexus.demo.findings import Crossing, Outcome, findings
from modules.puabo_nexus.demo.journey import Journey, plan_journey
from modules.puabo_nexus.fleet.contract import (
    Delivery,
    DeliveryArrivedAtPickup,
    DeliveryAssigned,
    DeliveryCompleted,
    DeliveryPickedUp,
    DeliveryRequested,
    TimelineEntry,
    TimelineKind,
    VehicleRegistered,
)
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached
from modules.puabo_nexus.tracker.contract import PositionsReceipt, PositionsRecorded, Trip, TripEnded, TripStarted
from tests.modules.puabo_nexus.demo.recording import DRIVE, START, fix

VEHICLE, DRIVER, DELIVERY, TRIP = (UUID(int=number) for number in range(1, 5))
JOURNEY = plan_journey("drive", DRIVE)
CARRIED: dict[str, Any] = {"delivery_id": DELIVERY, "vehicle_id": VEHICLE, "driver_id": DRIVER}
DRIVEN: dict[str, Any] = {
    "vehicle_id": VEHICLE,
    "trip_id": TRIP,
    "started_at": DRIVE[0].fix_at,
    "ended_at": DRIVE[-1].fix_at,
    "distance_m": JOURNEY.length_m,
    "duration_s": 100.0,
    "max_speed_mps": 10.0,
    "average_speed_mps": 10.0,
}
STEPS: tuple[TimelineKind, ...] = ("requested", "assigned", "at_pickup", "picked_up", "delivered")
TRIP_ENDED = TripEnded(**DRIVEN, lat=0.0, lon=0.0)
REACHED = DeliveryPlaceReached(delivery_id=DELIVERY, vehicle_id=VEHICLE, place="pickup", crossed_at=START)
EVENTS: list[Event] = [
    VehicleRegistered(vehicle_id=VEHICLE, plate="X", device_id=None),
    DeliveryRequested(delivery_id=DELIVERY, pickup=JOURNEY.pickup, dropoff=JOURNEY.dropoff),
    DeliveryAssigned(**CARRIED, pickup=JOURNEY.pickup, dropoff=JOURNEY.dropoff),
    PositionsRecorded(vehicle_id=VEHICLE, fixes=tuple(DRIVE[:6])),
    TripStarted(vehicle_id=VEHICLE, trip_id=TRIP, started_at=START, lat=0.0, lon=0.0),
    PositionsRecorded(vehicle_id=VEHICLE, fixes=tuple(DRIVE[6:])),
    REACHED,
    DeliveryPlaceLeft(delivery_id=DELIVERY, vehicle_id=VEHICLE, place="pickup", crossed_at=START),
    DeliveryArrivedAtPickup(**CARRIED, arrived_at=START),
    DeliveryPickedUp(**CARRIED, picked_up_at=START),
    DeliveryCompleted(**CARRIED, delivered_at=START),
    TRIP_ENDED,
]


def sealed(events: Sequence[Event]) -> list[Envelope]:
    return [seal(event, message_id=new_id(), source=event.topic.service, now=START) for event in events]


def crossed(*steps: tuple[str, str]) -> list[Crossing]:
    return [
        Crossing(place=place, direction=direction, crossed_at=START + timedelta(seconds=number))
        for number, (place, direction) in enumerate(steps)
    ]


TRIP_ROW = Trip(**DRIVEN, start_lat=0.0, start_lon=0.0, end_lat=0.0, end_lon=0.0, end_reason="request", version=2)
GOOD = Outcome(
    receipts=[
        PositionsReceipt(accepted=6, duplicate=0, late=0),
        PositionsReceipt(accepted=5, duplicate=0, late=0),
    ],
    trips=[TRIP_ROW],
    crossings=crossed(("pickup", "entered"), ("pickup", "exited"), ("dropoff", "entered"), ("dropoff", "exited")),
    delivery=Delivery(
        delivery_id=DELIVERY, status="delivered", pickup=JOURNEY.pickup, dropoff=JOURNEY.dropoff, requested_at=START
    ),
    timeline=[
        TimelineEntry(seq=seq, kind=kind, happened_at=START, recorded_at=START, caused_by=None, detail=None)
        for seq, kind in enumerate(STEPS, 1)
    ],
    events=sealed(EVENTS),
)


def disagreements(outcome: Outcome, journey: Journey = JOURNEY) -> list[str]:
    return [finding.text for finding in findings(journey, outcome) if not finding.agrees]


def test_what_came_out_as_it_must_agrees() -> None:
    assert disagreements(GOOD) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"receipts": GOOD.receipts[:1]}, "Fixes accepted: 6 of 11"),
        ({"trips": [replace(TRIP_ROW, distance_m=JOURNEY.length_m * 1.011)]}, "1.10% apart"),
        ({"trips": [replace(TRIP_ROW, ended_at=None)]}, "Trip distance"),
        ({"trips": []}, "Distance of 0 trips"),
        ({"crossings": []}, "Crossings: none"),
        ({"crossings": crossed(("pickup", "entered"), ("dropoff", "entered"), ("pickup", "exited"))}, "Crossings"),
        ({"crossings": crossed(("dropoff", "entered"), ("pickup", "entered"), ("pickup", "exited"))}, "Crossings"),
        ({"crossings": GOOD.crossings[::-1]}, "Crossings"),
        ({"delivery": replace(GOOD.delivery, status="picked_up")}, "Delivery status: picked_up"),
        ({"timeline": GOOD.timeline[:-1]}, "Steps of the delivery"),
        ({"events": sealed(EVENTS[1:])}, "missing are VehicleRegistered"),
        ({"events": [*GOOD.events, GOOD.events[0]]}, "Events seen"),
        ({"events": sealed([event for event in EVENTS if event is not EVENTS[3]])}, "The events carry 5 fixes"),
        ({"events": sealed([*EVENTS[:-1], replace(TRIP_ENDED, distance_m=1.0)])}, "the services say"),
    ],
)
def test_what_disagrees_is_found(change: dict[str, Any], told: str) -> None:
    [*found] = disagreements(replace(GOOD, **change))
    assert any(told in text for text in found), found


def test_several_trips_count_for_their_own_parts() -> None:
    first = replace(TRIP_ROW, ended_at=DRIVE[4].fix_at, distance_m=JOURNEY.length_m * 0.4)
    second = replace(TRIP_ROW, trip_id=UUID(int=9), started_at=DRIVE[6].fix_at, distance_m=JOURNEY.length_m * 0.4)
    ended = [replace(TRIP_ENDED, trip_id=trip.trip_id, distance_m=trip.distance_m) for trip in (first, second)]
    outcome = replace(GOOD, trips=[first, second], events=sealed([*EVENTS[:-1], *ended]))
    assert disagreements(outcome) == []


def test_a_track_that_is_no_trip_by_the_rules_is_not_expected_to_be_one() -> None:
    """It leads 53 m away within 40 s: far enough to deliver something, and not for a trip."""
    short = plan_journey("walk", [fix(0, 0.0), fix(2, 30.0), fix(4, 53.0)])
    recorded = PositionsRecorded(vehicle_id=VEHICLE, fixes=short.fixes)
    others = [event for event in EVENTS if not isinstance(event, PositionsRecorded | TripStarted | TripEnded)]
    receipts = [PositionsReceipt(accepted=3, duplicate=0, late=0)]
    outcome = replace(GOOD, receipts=receipts, trips=[], events=sealed([*others, recorded]))
    assert disagreements(outcome, short) == []
    [told, *_] = disagreements(replace(outcome, trips=[TRIP_ROW]), short)
    assert told == "Trips: 1; the track is none, for a trip leads 100 m away"


def test_crossings_after_the_delivery_do_no_harm() -> None:
    more = crossed(*((c.place or "", c.direction) for c in GOOD.crossings), ("pickup", "entered"))
    assert disagreements(replace(GOOD, crossings=more)) == []
