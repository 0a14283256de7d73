from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from modules.puabo_nexus.fleet.contract import DeliveryAssigned, DeliveryCancelled, DeliveryCompleted, Place
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached, GeofenceEntered
from nexus_actors.testing import TestPlatform
from tests.modules.puabo_nexus.location.journey import START, client, everything, fix, report

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


async def assign(platform: TestPlatform, event: DeliveryAssigned) -> DeliveryAssigned:
    await platform.publish(event)
    await platform.settle()
    return event


async def test_a_vehicle_that_drives_from_place_to_place_reaches_and_leaves_them(platform: TestPlatform) -> None:
    van = uuid4()
    delivery = await assign(platform, assigned(van))
    drive = [fix(60, 45.0, 14.98), fix(120, 45.0, 15.0), fix(180, 45.0, 15.02), fix(300, 45.0, 15.0501)]
    await report(platform, van, *drive)
    reached, left = platform.events(DeliveryPlaceReached), platform.events(DeliveryPlaceLeft)
    assert [(event.place, event.delivery_id, event.vehicle_id) for event in reached] == [
        ("pickup", delivery.delivery_id, van),
        ("dropoff", delivery.delivery_id, van),
    ]
    assert [event.place for event in left] == ["pickup"]
    at = [reached[0].crossed_at, left[0].crossed_at, reached[1].crossed_at]
    assert at == sorted(at)
    # 100 m before the centre of 1,577 m in a minute.
    assert reached[0].crossed_at == pytest.approx(START + timedelta(seconds=116.2), abs=timedelta(seconds=0.1))
    history = await everything(client(platform), f"/v1/crossings?delivery_id={delivery.delivery_id}", 2)
    assert [(c["place"], c["name"], c["direction"], c["geofence_id"]) for c in history] == [
        ("pickup", "warehouse", "entered", None),
        ("pickup", "warehouse", "exited", None),
        ("dropoff", "shop", "entered", None),
    ]
    assert platform.events(GeofenceEntered) == []


async def test_places_are_watched_for_their_own_vehicle_only(platform: TestPlatform) -> None:
    await assign(platform, assigned(uuid4()))
    await report(platform, uuid4(), fix(60, 45.0, 15.0))
    assert platform.events(DeliveryPlaceReached) == []


async def test_a_vehicle_that_stands_at_the_pickup_has_reached_it_when_it_is_assigned(platform: TestPlatform) -> None:
    van = uuid4()
    await report(platform, van, fix(0, 45.0, 15.0003))
    await assign(platform, assigned(van, START + timedelta(minutes=20)))
    (reached,) = platform.events(DeliveryPlaceReached)
    assert (reached.place, reached.crossed_at) == ("pickup", START + timedelta(minutes=20))
    await report(platform, van, fix(1500, 45.0, 15.02))
    assert [event.place for event in platform.events(DeliveryPlaceLeft)] == ["pickup"]


async def test_where_a_silent_vehicle_was_long_ago_says_nothing(platform: TestPlatform) -> None:
    van = uuid4()
    await report(platform, van, fix(0, 45.0, 15.0003))
    await assign(platform, assigned(van, START + timedelta(hours=9)))
    assert platform.events(DeliveryPlaceReached) == []
    await report(platform, van, fix(33_000, 45.0, 15.0003))
    (reached,) = platform.events(DeliveryPlaceReached)
    assert reached.crossed_at == START + timedelta(seconds=33_000)


async def test_positions_that_came_before_the_assignment_count_from_its_instant(platform: TestPlatform) -> None:
    """Fleet and tracker speak on different streams, so an assignment may be heard after fixes that are younger than it."""
    van = uuid4()
    await report(platform, van, fix(0, 45.0, 14.98), fix(60, 45.0, 15.0))
    await assign(platform, assigned(van, START))
    (reached,) = platform.events(DeliveryPlaceReached)
    assert reached.crossed_at == START + timedelta(seconds=60)


@pytest.mark.parametrize("end", ["completed", "cancelled"])
async def test_places_go_when_the_delivery_ends(platform: TestPlatform, end: str) -> None:
    van = uuid4()
    delivery = await assign(platform, assigned(van))
    other = await assign(platform, assigned(van))
    probe = client(platform)
    places = await everything(probe, f"/v1/vehicles/{van}/places", 3)
    assert {(p["delivery_id"], p["place"], p["radius_m"]) for p in places} == {
        (str(event.delivery_id), place, radius_m)
        for event in (delivery, other)
        for place, radius_m in (("pickup", 100.0), ("dropoff", 150.0))
    }
    if end == "completed":
        await platform.publish(
            DeliveryCompleted(
                delivery_id=delivery.delivery_id, vehicle_id=van, driver_id=delivery.driver_id, delivered_at=START
            )
        )
    else:
        await platform.publish(DeliveryCancelled(delivery_id=delivery.delivery_id, vehicle_id=van, reason="weather"))
    await platform.settle()
    await report(platform, van, fix(60, 45.0, 15.0), fix(90, 45.0, 15.02))
    assert {event.delivery_id for event in platform.events(DeliveryPlaceReached)} == {other.delivery_id}
    assert len(await everything(probe, f"/v1/vehicles/{van}/places", 50)) == 2


async def test_a_delivery_that_was_never_assigned_ends_without_a_vehicle(platform: TestPlatform) -> None:
    await platform.publish(DeliveryCancelled(delivery_id=uuid4(), vehicle_id=None, reason="too late"))
    await platform.settle()


async def test_another_tenant_has_its_own_vehicle_watched_alone(platform: TestPlatform) -> None:
    van = uuid4()
    await report(platform, van, fix(0, 46.0, 15.0))
    await platform.publish(assigned(van), tenant="other")
    await platform.settle()
    await report(platform, van, fix(60, 45.999, 15.0))
    assert (await client(platform).get(f"/v1/vehicles/{van}/places")).json()["items"] == []
    assert len((await client(platform, tenant="other").get(f"/v1/vehicles/{van}/places")).json()["items"]) == 2
    assert platform.events(DeliveryPlaceReached) == []
