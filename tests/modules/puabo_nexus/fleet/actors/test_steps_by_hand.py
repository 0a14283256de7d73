"""Steps of a delivery that people make, correct and take back."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import pytest
from msgspec.structs import replace

from bus import Command, Message, new_id
from modules.puabo_nexus.fleet.contract import (
    ArriveForDelivery,
    AssignDelivery,
    CancelDelivery,
    CompleteDelivery,
    Delivery,
    DeliveryArrivedAtPickup,
    DeliveryAssigned,
    DeliveryCompleted,
    DeliveryPickedUp,
    DeliveryTakenBack,
    DeliveryUnassigned,
    PickUpDelivery,
    RequestDelivery,
    RetireVehicle,
    TakeBackDelivery,
    TimelineEntry,
    UnassignDelivery,
)
from modules.puabo_nexus.fleet.tables import DELIVERIES, TIMELINE
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.fleet.yard import NOON, PICKUP, a_delivery, a_driver, a_vehicle, assign

pytestmark = pytest.mark.anyio

STEPS: dict[str, type[ArriveForDelivery | PickUpDelivery | CompleteDelivery]] = {
    "at_pickup": ArriveForDelivery,
    "picked_up": PickUpDelivery,
    "delivered": CompleteDelivery,
}


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


async def under_way(fleet: Desk, *, dwell_s: int = 0) -> Delivery:
    """A delivery that was assigned at noon, at one o'clock."""
    vehicle, driver = await a_vehicle(fleet), await a_driver(fleet)
    delivery = await assign(fleet, await a_delivery(fleet, dwell_s=dwell_s), vehicle.vehicle_id, driver.driver_id)
    await fleet.advance(3_600)
    fleet.take()
    return delivery


async def see(fleet: Desk, delivery: Delivery, what: str, place: Literal["pickup", "dropoff"], at: float) -> Delivery:
    kind = DeliveryPlaceReached if what == "reached" else DeliveryPlaceLeft
    assert delivery.vehicle_id is not None
    await fleet.publish(
        kind(delivery_id=delivery.delivery_id, vehicle_id=delivery.vehicle_id, place=place, crossed_at=minute(at))
    )
    return await DELIVERIES.found(fleet, delivery.delivery_id)


async def last(fleet: Desk, delivery: Delivery) -> TimelineEntry:
    return (await TIMELINE.page(fleet, {"delivery_id": delivery.delivery_id}, limit=50))[-1]


async def pairs(fleet: Desk) -> set[tuple[UUID, UUID]]:
    rows = await fleet.db.fetch("SELECT vehicle_id, driver_id FROM engagements WHERE tenant = $1", fleet.tenant)
    return {(row["vehicle_id"], row["driver_id"]) for row in rows}


def unassign(delivery: Delivery) -> UnassignDelivery:
    return UnassignDelivery(delivery_id=delivery.delivery_id, reason="wrong van")


def back(delivery: Delivery, to: Literal["assigned", "at_pickup", "picked_up"]) -> TakeBackDelivery:
    return TakeBackDelivery(delivery_id=delivery.delivery_id, to=to, reason="wrong door")


async def test_every_step_can_be_made_by_hand_and_says_by_whom_and_why(fleet: Desk) -> None:
    delivery = await under_way(fleet)

    for number, (status, step) in enumerate(STEPS.items(), start=1):
        shown = await fleet.ask(step(delivery_id=delivery.delivery_id, at=minute(number), reason="no signal"))
        entry = await last(fleet, delivery)
        assert (shown.status, shown.version) == (status, 2 + number)
        assert (entry.kind, entry.happened_at, entry.recorded_at) == (status, minute(number), minute(60))
        assert (entry.caused_by, entry.detail) == ("tester", "no signal")
    shown = await DELIVERIES.found(fleet, delivery.delivery_id)
    assert (shown.arrived_at, shown.picked_up_at, shown.delivered_at) == (minute(1), minute(2), minute(3))
    kinds: list[type[Message]] = [DeliveryArrivedAtPickup, DeliveryPickedUp, DeliveryCompleted]
    assert [type(event) for event in fleet.take()] == kinds
    assert await pairs(fleet) == set()


async def test_a_delivery_can_be_completed_from_any_step_under_way(fleet: Desk) -> None:
    delivery = await under_way(fleet)

    shown = await fleet.ask(CompleteDelivery(delivery_id=delivery.delivery_id))

    assert (shown.status, shown.arrived_at, shown.delivered_at) == ("delivered", minute(60), minute(60))
    assert len(fleet.take()) == 3


@pytest.mark.parametrize("at", [-1, 61])
async def test_a_step_is_made_after_the_one_before_and_not_in_the_future(fleet: Desk, at: float) -> None:
    delivery = await under_way(fleet)

    refusal = await fleet.refusal_of(PickUpDelivery(delivery_id=delivery.delivery_id, at=minute(at)))

    assert (refusal.code, refusal.errors[0].field) == ("step_out_of_order", "$.at")


async def test_steps_that_do_not_fit_are_refused(fleet: Desk) -> None:
    requested, delivery = await a_delivery(fleet), await under_way(fleet)
    ended = await fleet.ask(CancelDelivery(delivery_id=requested.delivery_id, reason="rain"))
    await fleet.ask(PickUpDelivery(delivery_id=delivery.delivery_id))
    wrong: list[Command[Any]] = [
        CompleteDelivery(delivery_id=ended.delivery_id),
        unassign(ended),
        back(ended, "assigned"),
        back(delivery, "picked_up"),
        ArriveForDelivery(delivery_id=delivery.delivery_id),
    ]

    assert {(await fleet.refusal_of(command)).code for command in wrong} == {"step_impossible"}
    assert (await fleet.refusal_of(replace(back(delivery, "assigned"), expected_version=1))).code == "version_mismatch"
    assert (await fleet.refusal_of(back(delivery, "assigned"), tenant="other")).code == "delivery_not_found"


async def test_what_wrongly_counts_as_delivered_is_under_way_again_and_binds_its_vehicle(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    pair = await pairs(fleet)
    await see(fleet, delivery, "reached", "pickup", 1)
    delivered = await see(fleet, delivery, "reached", "dropoff", 20)
    fleet.take()

    shown = await fleet.ask(back(delivery, "picked_up"))

    assert delivered.status == "delivered"
    assert (shown.status, shown.picked_up_at, shown.delivered_at) == ("picked_up", minute(20), None)
    assert [type(event) for event in fleet.take()] == [DeliveryAssigned, DeliveryTakenBack]
    assert await pairs(fleet) == pair
    entry = await last(fleet, delivery)
    assert (entry.kind, entry.caused_by, entry.detail) == ("taken_back", "tester", "wrong door")


async def test_what_was_seen_before_a_step_was_taken_back_does_not_make_it_again(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    await fleet.ask(PickUpDelivery(delivery_id=delivery.delivery_id))
    await fleet.ask(CompleteDelivery(delivery_id=delivery.delivery_id))
    await fleet.ask(back(delivery, "picked_up"))

    assert (await see(fleet, delivery, "reached", "dropoff", 59)).status == "picked_up"
    assert (await see(fleet, delivery, "reached", "dropoff", 61)).status == "delivered"


async def test_a_delivery_whose_driver_has_another_vehicle_by_now_is_not_taken_back_but_unassigned(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    truck, next_one = await a_vehicle(fleet, "B 2"), await a_delivery(fleet)
    assert delivery.driver_id is not None
    await fleet.ask(CompleteDelivery(delivery_id=delivery.delivery_id))
    await assign(fleet, next_one, truck.vehicle_id, delivery.driver_id)
    pair = await pairs(fleet)

    assert (await fleet.refusal_of(back(delivery, "picked_up"))).code == "driver_engaged"
    shown = await fleet.ask(unassign(delivery))

    assert (shown.status, shown.vehicle_id, shown.delivered_at) == ("requested", None, None)
    assert await pairs(fleet) == pair == {(truck.vehicle_id, delivery.driver_id)}


@pytest.mark.parametrize("step", [None, ArriveForDelivery, PickUpDelivery])
async def test_what_is_under_way_can_be_unassigned_and_assigned_to_others(
    fleet: Desk, step: type[ArriveForDelivery | PickUpDelivery] | None
) -> None:
    delivery = await under_way(fleet)
    if step is not None:
        await fleet.ask(step(delivery_id=delivery.delivery_id))
    fleet.take()

    free = await fleet.ask(unassign(delivery))

    assert free == replace(await a_request_like(delivery), version=free.version)
    assert [type(event) for event in fleet.take()] == [DeliveryUnassigned]
    entry = await last(fleet, delivery)
    assert (entry.kind, entry.caused_by, entry.detail) == ("unassigned", "tester", "wrong van")
    assert await pairs(fleet) == set()
    assert delivery.vehicle_id is not None
    await fleet.ask(RetireVehicle(vehicle_id=delivery.vehicle_id))
    van, eva = await a_vehicle(fleet, "B 2"), await a_driver(fleet, "Eva")
    assert (await assign(fleet, free, van.vehicle_id, eva.driver_id)).status == "assigned"


async def a_request_like(delivery: Delivery) -> Delivery:
    return replace(delivery, status="requested", vehicle_id=None, driver_id=None, assigned_at=None)


@pytest.mark.parametrize(("step", "then"), [(ArriveForDelivery, "assigned"), (PickUpDelivery, "picked_up")])
async def test_a_delivery_passes_on_to_another_vehicle(
    fleet: Desk, step: type[ArriveForDelivery | PickUpDelivery], then: str
) -> None:
    delivery = await under_way(fleet)
    await fleet.ask(step(delivery_id=delivery.delivery_id))
    van, eva = await a_vehicle(fleet, "B 2"), await a_driver(fleet, "Eva")
    fleet.take()

    shown = await assign(fleet, delivery, van.vehicle_id, eva.driver_id)

    unassigned, assigned = fleet.take()
    assert isinstance(unassigned, DeliveryUnassigned)
    assert isinstance(assigned, DeliveryAssigned)
    assert (unassigned.vehicle_id, assigned.vehicle_id) == (delivery.vehicle_id, van.vehicle_id)
    assert (shown.status, shown.vehicle_id, shown.arrived_at is None) == (then, van.vehicle_id, then == "assigned")
    assert await pairs(fleet) == {(van.vehicle_id, eva.driver_id)}
    assert (await see(fleet, delivery, "left", "pickup", 61)).status == then, "The vehicle that had it moves it on no more."


async def test_a_driver_swap_on_one_vehicle_and_what_forbids_it(fleet: Desk) -> None:
    delivery, eva = await under_way(fleet), await a_driver(fleet, "Eva")
    assert delivery.vehicle_id is not None
    assert delivery.driver_id is not None

    swapped = await assign(fleet, delivery, delivery.vehicle_id, eva.driver_id)
    await assign(fleet, await a_delivery(fleet), delivery.vehicle_id, eva.driver_id)
    back_again = AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=delivery.vehicle_id, driver_id=delivery.driver_id)
    fleet.take()

    assert swapped.driver_id == eva.driver_id
    assert (await fleet.refusal_of(back_again)).code == "vehicle_engaged"
    assert await pairs(fleet) == {(delivery.vehicle_id, eva.driver_id)}
    assert fleet.take() == []


async def test_driving_past_the_pickup_fetches_nothing_and_does_not_keep_it_from_being_reached(fleet: Desk) -> None:
    """In and out again within 5.6 s, at 100 km/h."""
    delivery = await under_way(fleet, dwell_s=60)

    arrived = await see(fleet, delivery, "reached", "pickup", 1)
    passed = await see(fleet, delivery, "left", "pickup", 1 + 5.6 / 60)
    by = await see(fleet, delivery, "reached", "dropoff", 2)
    await see(fleet, delivery, "reached", "pickup", 10)
    fetched = await see(fleet, delivery, "left", "pickup", 12)

    assert (arrived.status, passed.status, passed.arrived_at, by.status) == ("at_pickup", "assigned", None, "assigned")
    assert (fetched.status, fetched.arrived_at, fetched.picked_up_at) == ("picked_up", minute(10), minute(12))
    kinds = [entry.kind for entry in await TIMELINE.page(fleet, {"delivery_id": delivery.delivery_id}, limit=50)]
    assert kinds[2:] == ["at_pickup", "taken_back", "ignored", "at_pickup", "picked_up"]


async def test_who_was_said_to_be_at_the_pickup_has_not_passed_by(fleet: Desk) -> None:
    delivery = await under_way(fleet, dwell_s=60)
    await fleet.ask(ArriveForDelivery(delivery_id=delivery.delivery_id, at=minute(1)))

    assert (await see(fleet, delivery, "left", "pickup", 1.1)).status == "picked_up"


async def test_a_round_trip_leaves_and_comes_back(fleet: Desk) -> None:
    van, ana = await a_vehicle(fleet), await a_driver(fleet)
    asked = RequestDelivery(delivery_id=new_id(), pickup=PICKUP, dropoff=replace(PICKUP, name="Depot again"), dwell_s=30)
    delivery = await assign(fleet, await fleet.ask(asked), van.vehicle_id, ana.driver_id)

    async def both(what: str, at: float) -> str:
        await see(fleet, delivery, what, "dropoff", at)
        return (await see(fleet, delivery, what, "pickup", at)).status

    assert await both("reached", 1) == "at_pickup"
    assert await both("left", 1.5) == "picked_up"
    assert await both("reached", 90) == "picked_up"
    assert await both("left", 91) == "delivered"


async def loaded(fleet: Desk) -> Delivery:
    """A delivery that was picked up at minute 1 and whose places are visited for a minute."""
    delivery = await under_way(fleet, dwell_s=60)
    await fleet.ask(PickUpDelivery(delivery_id=delivery.delivery_id, at=minute(1)))
    fleet.take()
    return delivery


async def test_driving_past_the_dropoff_delivers_nothing_and_does_not_keep_it_from_being_reached(fleet: Desk) -> None:
    delivery = await loaded(fleet)

    await see(fleet, delivery, "reached", "dropoff", 60)
    await see(fleet, delivery, "left", "dropoff", 60.1)
    entry = await last(fleet, delivery)
    await fleet.advance(600)
    passed = await DELIVERIES.found(fleet, delivery.delivery_id)
    came = await see(fleet, delivery, "reached", "dropoff", 70)
    left = await see(fleet, delivery, "left", "dropoff", 71)

    assert (entry.kind, entry.detail) == ("ignored", "The vehicle left the drop-off place after 6.0 s: it passed by.")
    assert (passed.status, came.status, left.status) == ("picked_up", "picked_up", "delivered")
    assert (passed.version, left.version, left.delivered_at) == (3, 4, minute(70))
    assert [type(event) for event in fleet.take()] == [DeliveryCompleted]


async def test_who_stays_at_the_dropoff_has_delivered_when_it_came(fleet: Desk) -> None:
    delivery = await loaded(fleet)

    await see(fleet, delivery, "reached", "dropoff", 59)
    await fleet.advance(59)
    early = await DELIVERIES.found(fleet, delivery.delivery_id)
    await fleet.advance(1)
    shown = await DELIVERIES.found(fleet, delivery.delivery_id)

    assert (early.status, shown.status, shown.delivered_at) == ("picked_up", "delivered", minute(59))
    assert (await last(fleet, delivery)).caused_by is None
    assert await pairs(fleet) == set()


@pytest.mark.parametrize("said", [TakeBackDelivery, UnassignDelivery, CancelDelivery])
async def test_who_waits_at_the_dropoff_delivers_nothing_once_somebody_has_said_otherwise(
    fleet: Desk, said: type[TakeBackDelivery | UnassignDelivery | CancelDelivery]
) -> None:
    delivery = await loaded(fleet)
    await see(fleet, delivery, "reached", "dropoff", 59)
    where: dict[str, Any] = {"to": "at_pickup"} if said is TakeBackDelivery else {}

    shown = await fleet.ask(said(delivery_id=delivery.delivery_id, reason="refused at the door", **where))
    await fleet.advance(600)

    assert await DELIVERIES.found(fleet, delivery.delivery_id) == shown
