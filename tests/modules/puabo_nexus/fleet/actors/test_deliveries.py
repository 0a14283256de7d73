"""Deliveries, from the request to the end."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import pytest
from msgspec.structs import replace

from bus import Message, Refusal, new_id
from modules.puabo_nexus.fleet.contract import (
    AssignDelivery,
    CancelDelivery,
    Delivery,
    DeliveryArrivedAtPickup,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryPickedUp,
    DeliveryRequested,
    RequestDelivery,
    TimelineEntry,
)
from modules.puabo_nexus.fleet.tables import DELIVERIES, TIMELINE
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.fleet.yard import DROPOFF, NOON, PICKUP, At, a_delivery, a_driver, a_vehicle, assign

pytestmark = pytest.mark.anyio

Seen = tuple[Literal["reached", "left"], Literal["pickup", "dropoff"], float]


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


async def under_way(fleet: Desk) -> Delivery:
    """A delivery that was assigned at noon."""
    vehicle, driver = await a_vehicle(fleet), await a_driver(fleet)
    delivery = await assign(fleet, await a_delivery(fleet), vehicle.vehicle_id, driver.driver_id)
    fleet.take()
    return delivery


async def see(fleet: Desk, delivery: Delivery, *seen: Seen, vehicle_id: UUID | None = None, tenant: str = "") -> None:
    """Tell of crossings: what the vehicle did, where, and in which minute after noon."""
    vehicle_id = vehicle_id or delivery.vehicle_id
    assert vehicle_id is not None
    for what, place, at in seen:
        kind = DeliveryPlaceReached if what == "reached" else DeliveryPlaceLeft
        event = kind(delivery_id=delivery.delivery_id, vehicle_id=vehicle_id, place=place, crossed_at=minute(at))
        await fleet.publish(event, tenant=tenant)


async def now(fleet: Desk, delivery: Delivery) -> Delivery:
    return await DELIVERIES.found(fleet, delivery.delivery_id)


async def timeline(fleet: Desk, delivery: Delivery) -> list[TimelineEntry]:
    return list(await TIMELINE.page(fleet, {"delivery_id": delivery.delivery_id}, limit=50))


async def test_a_request_is_taken_down(fleet: Desk) -> None:
    delivery = await a_delivery(fleet)

    assert delivery == Delivery(
        delivery_id=delivery.delivery_id, status="requested", pickup=PICKUP, dropoff=DROPOFF, requested_at=NOON, dwell_s=0
    )
    assert await now(fleet, delivery) == delivery
    assert fleet.take() == [DeliveryRequested(delivery_id=delivery.delivery_id, pickup=PICKUP, dropoff=DROPOFF)]
    (entry,) = await timeline(fleet, delivery)
    assert (entry.seq, entry.kind, entry.happened_at, entry.caused_by) == (1, "requested", NOON, "tester")


async def test_a_request_that_cannot_be_is_refused(fleet: Desk) -> None:
    delivery = await a_delivery(fleet)

    nowhere = await fleet.refusal_of(RequestDelivery(delivery_id=new_id(), pickup=replace(PICKUP, name=" "), dropoff=DROPOFF))
    again = await fleet.refusal_of(RequestDelivery(delivery_id=delivery.delivery_id, pickup=PICKUP, dropoff=DROPOFF))

    assert (nowhere.code, [error.field for error in nowhere.errors]) == ("invalid_delivery", ["$.pickup.name"])
    assert (again.kind, again.code) == ("conflict", "delivery_exists")


async def test_an_assignment_names_who_carries_it_and_from_when(fleet: Desk) -> None:
    vehicle, driver, delivery = await a_vehicle(fleet), await a_driver(fleet), await a_delivery(fleet)
    fleet.take()
    await fleet.advance(180)

    assigned = await assign(fleet, delivery, vehicle.vehicle_id, driver.driver_id)

    assert assigned == replace(
        delivery,
        status="assigned",
        vehicle_id=vehicle.vehicle_id,
        driver_id=driver.driver_id,
        assigned_at=minute(3),
        version=2,
    )
    assert await now(fleet, delivery) == assigned
    assert fleet.take() == [
        DeliveryAssigned(
            delivery_id=delivery.delivery_id,
            vehicle_id=vehicle.vehicle_id,
            driver_id=driver.driver_id,
            pickup=PICKUP,
            dropoff=DROPOFF,
            assigned_at=minute(3),
        )
    ]


async def test_an_assignment_may_be_entered_later_and_not_in_advance(fleet: Desk) -> None:
    vehicle, driver, delivery = await a_vehicle(fleet), await a_driver(fleet), await a_delivery(fleet)
    early = minute(-3 * 365 * 24 * 60)

    with pytest.raises(Refusal, match="assigned_in_future"):
        await assign(fleet, delivery, vehicle.vehicle_id, driver.driver_id, minute(0.01))
    assigned = await assign(fleet, delivery, vehicle.vehicle_id, driver.driver_id, early)
    await see(fleet, assigned, ("reached", "pickup", -60))

    assert assigned.assigned_at == early
    assert (await now(fleet, delivery)).status == "at_pickup"


async def test_who_has_a_delivery_cannot_be_given_it_again(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    assert delivery.vehicle_id is not None
    assert delivery.driver_id is not None
    again = AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=delivery.vehicle_id, driver_id=delivery.driver_id)

    assert (await fleet.refusal_of(again)).code == "delivery_not_assignable"
    assert (await fleet.refusal_of(replace(again, expected_version=1))).code == "version_mismatch"
    assert (await fleet.refusal_of(replace(again, delivery_id=new_id()))).code == "delivery_not_found"
    assert (await fleet.refusal_of(again, tenant="other")).code == "delivery_not_found"


async def test_what_a_later_release_wrote_down_is_listed_as_it_stands(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    later = "UPDATE delivery_timeline SET kind = 'weighed' WHERE tenant = $1 AND delivery_id = $2 AND seq = 2 RETURNING seq"
    assert len(await fleet.db.fetch(later, fleet.tenant, delivery.delivery_id)) == 1

    assert [str(entry.kind) for entry in await timeline(fleet, delivery)] == ["requested", "weighed"]


async def test_a_drive_delivers_and_every_step_is_told(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    assert delivery.vehicle_id is not None
    assert delivery.driver_id is not None
    ids = {"delivery_id": delivery.delivery_id, "vehicle_id": delivery.vehicle_id, "driver_id": delivery.driver_id}
    await fleet.advance(3_600)

    await see(fleet, delivery, ("reached", "pickup", 1), ("left", "pickup", 5), ("reached", "dropoff", 20))

    assert await now(fleet, delivery) == replace(
        delivery,
        status="delivered",
        arrived_at=minute(1),
        picked_up_at=minute(5),
        delivered_at=minute(20),
        version=5,
    )
    assert fleet.take() == [
        DeliveryArrivedAtPickup(arrived_at=minute(1), **ids),
        DeliveryPickedUp(picked_up_at=minute(5), **ids),
        DeliveryCompleted(delivered_at=minute(20), **ids),
    ]
    assert [(entry.seq, entry.kind, entry.happened_at) for entry in await timeline(fleet, delivery)] == [
        (1, "requested", NOON),
        (2, "assigned", NOON),
        (3, "at_pickup", minute(1)),
        (4, "picked_up", minute(5)),
        (5, "delivered", minute(20)),
    ]
    assert all(entry.recorded_at == fleet.clock() for entry in (await timeline(fleet, delivery))[2:])


async def test_two_steps_at_once_are_one_change_and_two_events(fleet: Desk) -> None:
    delivery = await under_way(fleet)

    await see(fleet, delivery, ("reached", "pickup", 1), ("reached", "dropoff", 9))

    assert (await now(fleet, delivery)).version == 4
    kinds: list[type[Message]] = [DeliveryArrivedAtPickup, DeliveryPickedUp, DeliveryCompleted]
    assert [type(event) for event in fleet.take()] == kinds


async def test_what_does_not_fit_is_written_down_and_changes_nothing(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    stranger = new_id()

    await see(fleet, delivery, ("reached", "dropoff", 1), ("reached", "pickup", -1))
    await see(fleet, delivery, ("reached", "pickup", 2), vehicle_id=stranger)

    assert await now(fleet, delivery) == delivery
    assert fleet.take() == []
    ignored = (await timeline(fleet, delivery))[2:]
    assert {entry.kind for entry in ignored} == {"ignored"}
    assert ["drives by" in (entry.detail or "") for entry in ignored] == [True, False, False]
    assert "older than the assignment" in (ignored[1].detail or "")
    assert str(stranger) in (ignored[2].detail or "")


async def test_crossings_that_come_twice_and_late_change_nothing(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    drive: list[Seen] = [("reached", "pickup", 1), ("left", "pickup", 5), ("reached", "dropoff", 20)]
    await see(fleet, delivery, *drive)
    delivered = await now(fleet, delivery)
    fleet.take()

    await see(fleet, delivery, *drive, ("left", "dropoff", 25), *reversed(drive))

    assert await now(fleet, delivery) == delivered
    assert fleet.take() == []
    assert [entry.seq for entry in await timeline(fleet, delivery)] == list(range(1, 13))


async def test_a_departure_older_than_the_last_arrival_is_not_followed(fleet: Desk) -> None:
    delivery = await under_way(fleet)

    await see(fleet, delivery, ("reached", "pickup", 5), ("left", "pickup", 3))

    assert (await now(fleet, delivery)).status == "at_pickup"
    assert (await timeline(fleet, delivery))[-1].detail == "The crossing is older than the last one that was followed."


async def test_crossings_of_what_is_unknown_or_anothers_are_left_alone(fleet: Desk) -> None:
    delivery = await under_way(fleet)

    await see(fleet, replace(delivery, delivery_id=new_id()), ("reached", "pickup", 1))
    await see(fleet, delivery, ("reached", "pickup", 1), tenant="other")

    assert await now(fleet, delivery) == delivery
    assert fleet.take() == []


async def test_a_delivery_that_nobody_carries_ignores_what_is_seen(fleet: Desk) -> None:
    delivery = await a_delivery(fleet)

    await see(fleet, delivery, ("reached", "pickup", 1), vehicle_id=new_id())

    assert await now(fleet, delivery) == delivery
    assert (await timeline(fleet, delivery))[-1].detail == "It is not assigned to a vehicle."


@pytest.mark.parametrize("seen", [0, 1, 2])
async def test_what_is_open_can_be_cancelled(fleet: Desk, seen: int) -> None:
    delivery = await under_way(fleet)
    drive: list[Seen] = [("reached", "pickup", 1), ("left", "pickup", 2)]
    await see(fleet, delivery, *drive[:seen])
    fleet.take()

    cancelled = await fleet.ask(CancelDelivery(delivery_id=delivery.delivery_id, reason=" customer\nmoved "))

    assert (cancelled.status, cancelled.cancel_reason, cancelled.cancelled_at) == ("cancelled", "customer moved", NOON)
    assert await now(fleet, delivery) == cancelled
    assert fleet.take() == [
        DeliveryCancelled(delivery_id=delivery.delivery_id, vehicle_id=delivery.vehicle_id, reason="customer moved")
    ]
    last = (await timeline(fleet, delivery))[-1]
    assert (last.kind, last.detail, last.caused_by) == ("cancelled", "customer moved", "tester")


async def test_a_request_can_be_cancelled_before_anybody_carries_it(fleet: Desk) -> None:
    delivery = await a_delivery(fleet)
    fleet.take()

    await fleet.ask(CancelDelivery(delivery_id=delivery.delivery_id, reason="wrong address"))

    assert fleet.take() == [DeliveryCancelled(delivery_id=delivery.delivery_id, vehicle_id=None, reason="wrong address")]


async def test_what_has_ended_cannot_be_cancelled(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    cancel = CancelDelivery(delivery_id=delivery.delivery_id, reason="late")
    await see(fleet, delivery, ("reached", "pickup", 1), ("reached", "dropoff", 9))

    ended = await fleet.refusal_of(cancel)
    blank = await fleet.refusal_of(replace(cancel, reason="\t"))

    assert (ended.kind, ended.code) == ("conflict", "delivery_ended")
    assert (blank.code, blank.errors[0].field) == ("invalid_cancellation", "$.reason")
    assert (await fleet.refusal_of(replace(cancel, expected_version=2))).code == "version_mismatch"
    assert (await fleet.refusal_of(cancel, tenant="other")).code == "delivery_not_found"


async def test_pages_show_the_latest_first_and_keep_to_filters(fleet: Desk) -> None:
    van, ana = await a_vehicle(fleet, "A 1"), await a_driver(fleet, "Ana")
    truck, eva = await a_vehicle(fleet, "B 2"), await a_driver(fleet, "Eva")
    made = []
    for number in range(6):
        made.append(await a_delivery(fleet))
        await fleet.advance(60 * (number % 2))
    await a_delivery(fleet, tenant="other")
    by_van = await assign(fleet, made[1], van.vehicle_id, ana.driver_id)
    by_truck = await assign(fleet, made[4], truck.vehicle_id, eva.driver_id)

    async def listed(after: Delivery | None = None, limit: int = 9, **where: object) -> list[UUID]:
        cursor = DELIVERIES.cursor(after) if after else None
        found = await DELIVERIES.page(fleet, where, after=cursor, limit=limit)
        return [delivery.delivery_id for delivery in found]

    in_order = sorted(made, key=lambda delivery: (delivery.requested_at, delivery.delivery_id), reverse=True)
    ids = [delivery.delivery_id for delivery in in_order]
    assert await listed() == ids
    assert [*await listed(limit=2), *await listed(after=in_order[1])] == ids
    assert await listed(status="assigned") == [by_truck.delivery_id, by_van.delivery_id]
    assert await listed(vehicle_id=van.vehicle_id, driver_id=None) == [by_van.delivery_id]
    assert await listed(driver_id=eva.driver_id, status="assigned") == [by_truck.delivery_id]
    assert await listed(driver_id=eva.driver_id, vehicle_id=van.vehicle_id) == []


async def test_a_timeline_has_pages(fleet: Desk) -> None:
    delivery = await under_way(fleet)
    await see(fleet, delivery, ("reached", "pickup", 1))

    where = {"delivery_id": delivery.delivery_id}
    (first,) = await TIMELINE.page(fleet, where, limit=1)

    page = await TIMELINE.page(fleet, where, after=TIMELINE.cursor(first), limit=1)

    assert [entry.kind for entry in page] == ["assigned"]
    assert await TIMELINE.page(At(fleet.db, "other"), where, limit=9) == []
