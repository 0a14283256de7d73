from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from bus import new_id
from modules.puabo_nexus.fleet.contract import (
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryUnassigned,
    Place,
)
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached, GeofenceEntered
from modules.puabo_nexus.location.service import service
from modules.puabo_nexus.location.tables import CROSSINGS, PLACES
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.location.journey import START, fix, report

pytestmark = pytest.mark.anyio

PICKUP = Place(name="warehouse", lat=45.0, lon=15.0, radius_m=100)
DROPOFF = Place(name="shop", lat=45.0, lon=15.05, radius_m=150)


def assigned(vehicle_id: UUID, assigned_at: datetime | None = START) -> DeliveryAssigned:
    return DeliveryAssigned(
        delivery_id=uuid4(),
        vehicle_id=vehicle_id,
        driver_id=uuid4(),
        pickup=PICKUP,
        dropoff=DROPOFF,
        assigned_at=assigned_at,
    )


async def assign(desk: Desk, event: DeliveryAssigned) -> DeliveryAssigned:
    await desk.publish(event)
    return event


async def test_a_vehicle_that_drives_from_place_to_place_reaches_and_leaves_them(desk: Desk) -> None:
    van = uuid4()
    delivery = await assign(desk, assigned(van))
    drive = [fix(60, 45.0, 14.98), fix(120, 45.0, 15.0), fix(180, 45.0, 15.02), fix(300, 45.0, 15.0501)]
    await report(desk, van, *drive)
    reached, left = desk.events(DeliveryPlaceReached), desk.events(DeliveryPlaceLeft)
    assert [(event.place, event.delivery_id, event.vehicle_id) for event in reached] == [
        ("pickup", delivery.delivery_id, van),
        ("dropoff", delivery.delivery_id, van),
    ]
    assert [event.place for event in left] == ["pickup"]
    at = [reached[0].crossed_at, left[0].crossed_at, reached[1].crossed_at]
    assert at == sorted(at)
    # 100 m before the centre of 1,577 m in a minute.
    assert reached[0].crossed_at == pytest.approx(START + timedelta(seconds=116.2), abs=timedelta(seconds=0.1))
    history = await CROSSINGS.page(desk, {"delivery_id": delivery.delivery_id}, limit=9)
    assert [(c.place, c.name, c.direction, c.geofence_id) for c in history] == [
        ("pickup", "warehouse", "entered", None),
        ("pickup", "warehouse", "exited", None),
        ("dropoff", "shop", "entered", None),
    ]
    assert desk.events(GeofenceEntered) == []


async def test_places_are_watched_for_their_own_vehicle_only(desk: Desk) -> None:
    await assign(desk, assigned(uuid4()))
    await report(desk, uuid4(), fix(60, 45.0, 15.0))
    assert desk.events(DeliveryPlaceReached) == []


async def test_a_vehicle_that_stands_at_the_pickup_has_reached_it_when_it_is_assigned(desk: Desk) -> None:
    van = uuid4()
    await report(desk, van, fix(0, 45.0, 15.0003))
    await assign(desk, assigned(van, START + timedelta(minutes=20)))
    (reached,) = desk.events(DeliveryPlaceReached)
    assert (reached.place, reached.crossed_at) == ("pickup", START + timedelta(minutes=20))
    await report(desk, van, fix(1500, 45.0, 15.02))
    assert [event.place for event in desk.events(DeliveryPlaceLeft)] == ["pickup"]


async def test_where_a_silent_vehicle_was_long_ago_says_nothing(desk: Desk) -> None:
    van = uuid4()
    await report(desk, van, fix(0, 45.0, 15.0003))
    await assign(desk, assigned(van, START + timedelta(hours=9)))
    assert desk.events(DeliveryPlaceReached) == []
    await report(desk, van, fix(33_000, 45.0, 15.0003))
    (reached,) = desk.events(DeliveryPlaceReached)
    assert reached.crossed_at == START + timedelta(seconds=33_000)


async def test_positions_that_came_before_the_assignment_count_from_its_instant(desk: Desk) -> None:
    """Fleet and tracker speak on different streams, so an assignment may be heard after fixes that are younger than it."""
    van = uuid4()
    await report(desk, van, fix(0, 45.0, 14.98), fix(60, 45.0, 15.0))
    await assign(desk, assigned(van, START))
    (reached,) = desk.events(DeliveryPlaceReached)
    assert reached.crossed_at == START + timedelta(seconds=60)


@pytest.mark.parametrize("end", ["completed", "cancelled", "unassigned"])
async def test_places_go_when_the_delivery_ends(desk: Desk, end: str) -> None:
    van = uuid4()
    delivery = await assign(desk, assigned(van))
    other = await assign(desk, assigned(van))
    places = await PLACES.page(desk, {"vehicle_id": van}, limit=9)
    assert {(p.delivery_id, p.place, p.radius_m) for p in places} == {
        (event.delivery_id, place, radius_m)
        for event in (delivery, other)
        for place, radius_m in (("pickup", 100.0), ("dropoff", 150.0))
    }
    if end == "completed":
        await desk.publish(
            DeliveryCompleted(
                delivery_id=delivery.delivery_id, vehicle_id=van, driver_id=delivery.driver_id, delivered_at=START
            )
        )
    elif end == "unassigned":
        await desk.publish(
            DeliveryUnassigned(
                delivery_id=delivery.delivery_id, vehicle_id=van, driver_id=delivery.driver_id, reason="broke down"
            )
        )
    else:
        await desk.publish(DeliveryCancelled(delivery_id=delivery.delivery_id, vehicle_id=van, reason="weather"))
    await report(desk, van, fix(60, 45.0, 15.0), fix(90, 45.0, 15.02))
    assert {event.delivery_id for event in desk.events(DeliveryPlaceReached)} == {other.delivery_id}
    assert len(await PLACES.page(desk, {"vehicle_id": van}, limit=9)) == 2


async def test_a_delivery_that_was_never_assigned_ends_without_a_vehicle(desk: Desk) -> None:
    await desk.publish(DeliveryCancelled(delivery_id=uuid4(), vehicle_id=None, reason="too late"))
    assert not desk.database.service(service.name).letters, "It was handled, and nobody failed."


async def test_another_tenant_has_its_own_vehicle_watched_alone(desk: Desk) -> None:
    van = uuid4()
    other = f"other-{new_id()}"
    await report(desk, van, fix(0, 46.0, 15.0))
    await desk.publish(assigned(van), tenant=other)
    await report(desk, van, fix(60, 45.999, 15.0))
    assert await PLACES.page(desk, {"vehicle_id": van}, limit=9) == []
    theirs = "SELECT count(*) FROM delivery_places WHERE tenant = $1 AND vehicle_id = $2"
    assert await desk.db.fetchval(theirs, other, van) == 2
    assert desk.events(DeliveryPlaceReached) == []
