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
from modules.puabo_nexus.fleet.queries import deliveries as queries
from modules.puabo_nexus.fleet.queries.cursor import AgeCursor, SeqCursor
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached
from tests.modules.puabo_nexus.fleet.desk import DROPOFF, NOON, PICKUP, Desk

pytestmark = pytest.mark.anyio

Seen = tuple[Literal["reached", "left"], Literal["pickup", "dropoff"], float]


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


async def under_way(desk: Desk) -> Delivery:
    """A delivery that was assigned at noon."""
    vehicle, driver = await desk.vehicle(), await desk.driver()
    delivery = await desk.assign(await desk.delivery(), vehicle.vehicle_id, driver.driver_id)
    desk.take()
    return delivery


async def see(desk: Desk, delivery: Delivery, *seen: Seen, vehicle_id: UUID | None = None, tenant: str = "main") -> None:
    """Tell of crossings: what the vehicle did, where, and in which minute after noon."""
    vehicle_id = vehicle_id or delivery.vehicle_id
    assert vehicle_id is not None
    for what, place, at in seen:
        kind = DeliveryPlaceReached if what == "reached" else DeliveryPlaceLeft
        event = kind(delivery_id=delivery.delivery_id, vehicle_id=vehicle_id, place=place, crossed_at=minute(at))
        await desk.hear(event, tenant)


async def now(desk: Desk, delivery: Delivery) -> Delivery:
    found = await queries.delivery(desk.db, "main", delivery.delivery_id)
    assert found is not None
    return found


async def timeline(desk: Desk, delivery: Delivery) -> list[TimelineEntry]:
    return list(await queries.timeline(desk.db, "main", delivery.delivery_id, after=None, limit=50))


async def refusal_of(desk: Desk, command: RequestDelivery | AssignDelivery | CancelDelivery, tenant: str = "main") -> Refusal:
    desk.take()
    with pytest.raises(Refusal) as caught:
        await desk.ask(command, tenant)
    assert desk.take() == []
    return caught.value


async def test_a_request_is_taken_down(desk: Desk) -> None:
    delivery = await desk.delivery()

    assert delivery == Delivery(
        delivery_id=delivery.delivery_id, status="requested", pickup=PICKUP, dropoff=DROPOFF, requested_at=NOON
    )
    assert await now(desk, delivery) == delivery
    assert desk.take() == [DeliveryRequested(delivery_id=delivery.delivery_id, pickup=PICKUP, dropoff=DROPOFF)]
    (entry,) = await timeline(desk, delivery)
    assert (entry.seq, entry.kind, entry.happened_at, entry.caused_by) == (1, "requested", NOON, "dispatcher")


async def test_a_request_that_cannot_be_is_refused(desk: Desk) -> None:
    delivery = await desk.delivery()

    here = await refusal_of(desk, RequestDelivery(delivery_id=new_id(), pickup=PICKUP, dropoff=PICKUP))
    nowhere = await refusal_of(desk, RequestDelivery(delivery_id=new_id(), pickup=replace(PICKUP, name=" "), dropoff=DROPOFF))
    again = await refusal_of(desk, RequestDelivery(delivery_id=delivery.delivery_id, pickup=PICKUP, dropoff=DROPOFF))

    assert (here.code, [error.field for error in here.errors]) == ("invalid_delivery", ["$.dropoff"])
    assert (nowhere.code, [error.field for error in nowhere.errors]) == ("invalid_delivery", ["$.pickup.name"])
    assert (again.kind, again.code) == ("conflict", "delivery_exists")


async def test_an_assignment_names_who_carries_it_and_from_when(desk: Desk) -> None:
    vehicle, driver, delivery = await desk.vehicle(), await desk.driver(), await desk.delivery()
    desk.take()
    desk.pass_time(3)

    assigned = await desk.assign(delivery, vehicle.vehicle_id, driver.driver_id)

    assert assigned == replace(
        delivery,
        status="assigned",
        vehicle_id=vehicle.vehicle_id,
        driver_id=driver.driver_id,
        assigned_at=minute(3),
        version=2,
    )
    assert await now(desk, delivery) == assigned
    assert desk.take() == [
        DeliveryAssigned(
            delivery_id=delivery.delivery_id,
            vehicle_id=vehicle.vehicle_id,
            driver_id=driver.driver_id,
            pickup=PICKUP,
            dropoff=DROPOFF,
            assigned_at=minute(3),
        )
    ]


async def test_an_assignment_may_be_entered_later_and_not_in_advance(desk: Desk) -> None:
    vehicle, driver, delivery = await desk.vehicle(), await desk.driver(), await desk.delivery()
    early = minute(-3 * 365 * 24 * 60)

    with pytest.raises(Refusal, match="assigned_in_future"):
        await desk.assign(delivery, vehicle.vehicle_id, driver.driver_id, minute(0.01))
    assigned = await desk.assign(delivery, vehicle.vehicle_id, driver.driver_id, early)
    await see(desk, assigned, ("reached", "pickup", -60))

    assert assigned.assigned_at == early
    assert (await now(desk, delivery)).status == "at_pickup"


async def test_only_what_is_requested_can_be_assigned(desk: Desk) -> None:
    delivery = await under_way(desk)
    assert delivery.vehicle_id is not None
    assert delivery.driver_id is not None
    again = AssignDelivery(delivery_id=delivery.delivery_id, vehicle_id=delivery.vehicle_id, driver_id=delivery.driver_id)

    assert (await refusal_of(desk, again)).code == "delivery_not_assignable"
    assert (await refusal_of(desk, replace(again, expected_version=1))).code == "version_mismatch"
    assert (await refusal_of(desk, replace(again, delivery_id=new_id()))).code == "delivery_not_found"
    assert (await refusal_of(desk, again, "other")).code == "delivery_not_found"


async def test_a_drive_delivers_and_every_step_is_told(desk: Desk) -> None:
    delivery = await under_way(desk)
    assert delivery.vehicle_id is not None
    assert delivery.driver_id is not None
    ids = {"delivery_id": delivery.delivery_id, "vehicle_id": delivery.vehicle_id, "driver_id": delivery.driver_id}
    desk.pass_time(60)

    await see(desk, delivery, ("reached", "pickup", 1), ("left", "pickup", 5), ("reached", "dropoff", 20))

    assert await now(desk, delivery) == replace(
        delivery,
        status="delivered",
        arrived_at=minute(1),
        picked_up_at=minute(5),
        delivered_at=minute(20),
        version=5,
    )
    assert desk.take() == [
        DeliveryArrivedAtPickup(arrived_at=minute(1), **ids),
        DeliveryPickedUp(picked_up_at=minute(5), **ids),
        DeliveryCompleted(delivered_at=minute(20), **ids),
    ]
    assert [(entry.seq, entry.kind, entry.happened_at) for entry in await timeline(desk, delivery)] == [
        (1, "requested", NOON),
        (2, "assigned", NOON),
        (3, "at_pickup", minute(1)),
        (4, "picked_up", minute(5)),
        (5, "delivered", minute(20)),
    ]
    assert all(entry.recorded_at == desk.now for entry in (await timeline(desk, delivery))[2:])


async def test_two_steps_at_once_are_one_change_and_two_events(desk: Desk) -> None:
    delivery = await under_way(desk)

    await see(desk, delivery, ("reached", "pickup", 1), ("reached", "dropoff", 9))

    assert (await now(desk, delivery)).version == 4
    kinds: list[type[Message]] = [DeliveryArrivedAtPickup, DeliveryPickedUp, DeliveryCompleted]
    assert [type(event) for event in desk.take()] == kinds


async def test_what_does_not_fit_is_written_down_and_changes_nothing(desk: Desk) -> None:
    delivery = await under_way(desk)
    stranger = new_id()

    await see(desk, delivery, ("reached", "dropoff", 1), ("reached", "pickup", -1))
    await see(desk, delivery, ("reached", "pickup", 2), vehicle_id=stranger)

    assert await now(desk, delivery) == delivery
    assert desk.take() == []
    ignored = (await timeline(desk, delivery))[2:]
    assert {entry.kind for entry in ignored} == {"ignored"}
    assert ["drives by" in (entry.detail or "") for entry in ignored] == [True, False, False]
    assert "older than the assignment" in (ignored[1].detail or "")
    assert str(stranger) in (ignored[2].detail or "")


async def test_crossings_that_come_twice_and_late_change_nothing(desk: Desk) -> None:
    delivery = await under_way(desk)
    drive: list[Seen] = [("reached", "pickup", 1), ("left", "pickup", 5), ("reached", "dropoff", 20)]
    await see(desk, delivery, *drive)
    delivered = await now(desk, delivery)
    desk.take()

    await see(desk, delivery, *drive, ("left", "dropoff", 25), *reversed(drive))

    assert await now(desk, delivery) == delivered
    assert desk.take() == []
    assert [entry.seq for entry in await timeline(desk, delivery)] == list(range(1, 13))


async def test_crossings_of_what_is_unknown_or_anothers_are_left_alone(desk: Desk) -> None:
    delivery = await under_way(desk)

    await see(desk, replace(delivery, delivery_id=new_id()), ("reached", "pickup", 1))
    await see(desk, delivery, ("reached", "pickup", 1), tenant="other")

    assert await now(desk, delivery) == delivery
    assert desk.take() == []


async def test_a_delivery_that_nobody_carries_ignores_what_is_seen(desk: Desk) -> None:
    delivery = await desk.delivery()

    await see(desk, delivery, ("reached", "pickup", 1), vehicle_id=new_id())

    assert await now(desk, delivery) == delivery
    assert (await timeline(desk, delivery))[-1].detail == "It is not assigned to a vehicle."


@pytest.mark.parametrize("seen", [0, 1, 2])
async def test_what_is_open_can_be_cancelled(desk: Desk, seen: int) -> None:
    delivery = await under_way(desk)
    drive: list[Seen] = [("reached", "pickup", 1), ("left", "pickup", 2)]
    await see(desk, delivery, *drive[:seen])
    desk.take()

    cancelled = await desk.ask(CancelDelivery(delivery_id=delivery.delivery_id, reason=" customer\nmoved "))

    assert (cancelled.status, cancelled.cancel_reason, cancelled.cancelled_at) == ("cancelled", "customer moved", NOON)
    assert await now(desk, delivery) == cancelled
    assert desk.take() == [
        DeliveryCancelled(delivery_id=delivery.delivery_id, vehicle_id=delivery.vehicle_id, reason="customer moved")
    ]
    last = (await timeline(desk, delivery))[-1]
    assert (last.kind, last.detail, last.caused_by) == ("cancelled", "customer moved", "dispatcher")


async def test_a_request_can_be_cancelled_before_anybody_carries_it(desk: Desk) -> None:
    delivery = await desk.delivery()
    desk.take()

    await desk.ask(CancelDelivery(delivery_id=delivery.delivery_id, reason="wrong address"))

    assert desk.take() == [DeliveryCancelled(delivery_id=delivery.delivery_id, vehicle_id=None, reason="wrong address")]


async def test_what_has_ended_cannot_be_cancelled(desk: Desk) -> None:
    delivery = await under_way(desk)
    cancel = CancelDelivery(delivery_id=delivery.delivery_id, reason="late")
    await see(desk, delivery, ("reached", "pickup", 1), ("reached", "dropoff", 9))

    ended = await refusal_of(desk, cancel)
    blank = await refusal_of(desk, replace(cancel, reason="\t"))

    assert (ended.kind, ended.code) == ("conflict", "delivery_ended")
    assert (blank.code, blank.errors[0].field) == ("invalid_cancellation", "$.reason")
    assert (await refusal_of(desk, replace(cancel, expected_version=2))).code == "version_mismatch"
    assert (await refusal_of(desk, cancel, "other")).code == "delivery_not_found"


async def test_pages_show_the_latest_first_and_keep_to_filters(desk: Desk) -> None:
    van, ana = await desk.vehicle("A 1"), await desk.driver("Ana")
    truck, eva = await desk.vehicle("B 2"), await desk.driver("Eva")
    made = []
    for number in range(6):
        made.append(await desk.delivery())
        desk.pass_time(number % 2)
    await desk.delivery(tenant="other")
    by_van = await desk.assign(made[1], van.vehicle_id, ana.driver_id)
    by_truck = await desk.assign(made[4], truck.vehicle_id, eva.driver_id)

    async def listed(after: Delivery | None = None, limit: int = 9, **where: object) -> list[UUID]:
        cursor = AgeCursor(after.requested_at, after.delivery_id) if after else None
        found = await queries.deliveries(desk.db, "main", where, after=cursor, limit=limit)
        return [delivery.delivery_id for delivery in found]

    in_order = sorted(made, key=lambda delivery: (delivery.requested_at, delivery.delivery_id), reverse=True)
    ids = [delivery.delivery_id for delivery in in_order]
    assert await listed() == ids
    assert [*await listed(limit=2), *await listed(after=in_order[1])] == ids
    assert await listed(status="assigned") == [by_truck.delivery_id, by_van.delivery_id]
    assert await listed(vehicle_id=van.vehicle_id, driver_id=None) == [by_van.delivery_id]
    assert await listed(driver_id=eva.driver_id, status="assigned") == [by_truck.delivery_id]
    assert await listed(driver_id=eva.driver_id, vehicle_id=van.vehicle_id) == []


async def test_a_timeline_has_pages(desk: Desk) -> None:
    delivery = await under_way(desk)
    await see(desk, delivery, ("reached", "pickup", 1))

    page = await queries.timeline(desk.db, "main", delivery.delivery_id, after=SeqCursor(1), limit=1)

    assert [entry.kind for entry in page] == ["assigned"]
    assert await queries.timeline(desk.db, "other", delivery.delivery_id, after=None, limit=9) == []
