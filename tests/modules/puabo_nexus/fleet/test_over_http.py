"""The fleet service as a whole: its HTTP face, its actors on the bus, and the events of its neighbours."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import anyio
import pytest

from bus import new_id
from modules.puabo_nexus.fleet.contract import (
    READ,
    READ_ANY,
    WRITE,
    ChangeVehicle,
    DeliveryArrivedAtPickup,
    DeliveryAssigned,
    DeliveryCancelled,
    DeliveryCompleted,
    DeliveryPickedUp,
    RegisterVehicle,
    VehicleRegistered,
)
from modules.puabo_nexus.fleet.service import service
from modules.puabo_nexus.location.contract import DeliveryPlaceLeft, DeliveryPlaceReached
from modules.puabo_nexus.tracker.contract import TripEnded, TripStarted
from nexus_actors.http import encode_cursor
from nexus_actors.testing import HttpAnswer, HttpProbe, TestPlatform
from nexus_actors.testing.fixtures import platform_fixture
from nexus_actors.worker.worker import utc_now

pytestmark = pytest.mark.anyio

See = Callable[[Any, str, Literal["pickup", "dropoff"], float], Awaitable[None]]
DEPOT = {"name": "Depot", "lat": 45.80, "lon": 15.97}
SHOP = {"name": "Shop", "lat": 45.85, "lon": 15.97, "radius_m": 250}


platform = platform_fixture(service, shared=True)


@pytest.fixture
def tenant() -> str:
    """Whose all is in a test: nobody else's."""
    return f"tenant-{new_id().hex}"


@pytest.fixture
def desk(platform: TestPlatform, tenant: str) -> HttpProbe:
    return platform.http("fleet-service", READ, READ_ANY, WRITE, tenant=tenant, subject="dispatcher")


async def made(probe: HttpProbe, path: str, body: object) -> Any:
    answer = await probe.post(path, body)
    assert answer.status == 201, answer.body
    return answer.json()


async def shown(probe: HttpProbe, path: str) -> Any:
    answer = await probe.get(path)
    assert answer.status == 200, answer.body
    return answer.json()


def refused(answer: HttpAnswer, status: int, code: str) -> Any:
    assert (answer.status, answer.code) == (status, code), answer.body
    return answer.json()


async def under_way(desk: HttpProbe, plate: str = "zg 1") -> Any:
    """A delivery that was just assigned."""
    van = await made(desk, "/v1/vehicles", {"plate": plate})
    ana = await made(desk, "/v1/drivers", {"name": "Ana"})
    delivery = await made(desk, "/v1/deliveries", {"pickup": DEPOT, "dropoff": SHOP, "dwell_s": 0})
    body = {"vehicle_id": van["vehicle_id"], "driver_id": ana["driver_id"]}
    answer = await desk.post(f"/v1/deliveries/{delivery['delivery_id']}:assign", body)
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.fixture
def see(platform: TestPlatform, tenant: str) -> See:
    """Publishes what a vehicle does at a place so many minutes after its assignment."""

    async def see(delivery: Any, what: str, place: Literal["pickup", "dropoff"], minutes: float) -> None:
        kind = DeliveryPlaceReached if what == "reached" else DeliveryPlaceLeft
        crossing = kind(
            delivery_id=UUID(delivery["delivery_id"]),
            vehicle_id=UUID(delivery["vehicle_id"]),
            place=place,
            crossed_at=datetime.fromisoformat(delivery["assigned_at"]) + timedelta(minutes=minutes),
        )
        await platform.publish(crossing, tenant=tenant)

    return see


async def test_a_delivery_goes_its_way_by_what_is_seen_of_its_vehicle(
    platform: TestPlatform, tenant: str, desk: HttpProbe, see: See
) -> None:
    delivery = await under_way(desk)
    path = f"/v1/deliveries/{delivery['delivery_id']}"

    await see(delivery, "reached", "dropoff", 0.5)
    await see(delivery, "reached", "pickup", 1)
    await see(delivery, "reached", "pickup", 1)
    await see(delivery, "left", "pickup", 5)
    await see(delivery, "reached", "dropoff", 20)
    await platform.settle()

    after = await shown(desk, path)
    assert (after["status"], after["version"]) == ("delivered", 5)
    assert after["delivered_at"] > after["picked_up_at"] > after["arrived_at"] > after["assigned_at"]
    entries = (await shown(desk, f"{path}/timeline"))["items"]
    assert [entry["kind"] for entry in entries] == [
        "requested",
        "assigned",
        "ignored",
        "at_pickup",
        "ignored",
        "picked_up",
        "delivered",
    ]
    assert [entry["caused_by"] for entry in entries] == ["dispatcher", "dispatcher", *[None] * 5]
    for kind in (DeliveryAssigned, DeliveryArrivedAtPickup, DeliveryPickedUp, DeliveryCompleted):
        assert [event.key_of() for event in platform.events(kind, tenant=tenant)] == [delivery["delivery_id"]]


async def test_an_event_that_does_not_fit_holds_nothing_up(
    platform: TestPlatform, tenant: str, desk: HttpProbe, see: See
) -> None:
    delivery = await under_way(desk)
    stranger = {**delivery, "delivery_id": str(new_id())}
    other_van = {**delivery, "vehicle_id": str(new_id())}

    await see(stranger, "reached", "pickup", 1)
    await see(other_van, "reached", "pickup", 1)
    await see(delivery, "left", "dropoff", -60)
    answer = await desk.post(f"/v1/deliveries/{delivery['delivery_id']}:cancel", {"reason": "customer moved"})
    await platform.settle()

    assert (answer.status, answer.json()["status"]) == (200, "cancelled")
    assert [event.reason for event in platform.events(DeliveryCancelled, tenant=tenant)] == ["customer moved"]
    assert answer.headers["ETag"] == '"3"'


async def test_trips_move_a_vehicle_and_its_odometer(platform: TestPlatform, tenant: str, desk: HttpProbe) -> None:
    van = await made(desk, "/v1/vehicles", {"plate": "zg 1"})
    path = f"/v1/vehicles/{van['vehicle_id']}"
    known = (await desk.get(path)).headers["ETag"]
    trip: dict[str, Any] = {"vehicle_id": UUID(van["vehicle_id"]), "trip_id": new_id(), "started_at": utc_now()}

    await platform.publish(TripStarted(lat=45.8, lon=15.97, **trip), tenant=tenant)
    await platform.settle()
    moving = await shown(desk, path)
    ended = TripEnded(
        ended_at=utc_now(),
        distance_m=2735.96,
        duration_s=60.0,
        max_speed_mps=20.0,
        average_speed_mps=10.0,
        lat=45.8,
        lon=15.97,
        **trip,
    )
    await platform.publish(ended, tenant=tenant)
    await platform.publish(ended, tenant=tenant)
    await platform.settle()

    assert (moving["motion"], moving["odometer_m"]) == ("moving", 0)
    answer = await desk.get(path, headers={"If-None-Match": known})
    assert (answer.status, answer.json()["motion"], answer.json()["odometer_m"]) == (200, "idle", 2736)


async def test_nobody_gets_in_without_a_token_and_its_scope(platform: TestPlatform, desk: HttpProbe) -> None:
    nobody, reader = platform.bearer("fleet-service", None), platform.http("fleet-service", READ)
    clerk = platform.http("fleet-service", "auth:read", "tracker:write")
    routes = [route for group in service.routes for route in group.all]
    assert len(routes) == 22

    for route in routes:
        path = re.sub(r"\{\w+\}", str(new_id()), route.path)
        refused(await nobody.send(route.method, path, {}), 401, "token_missing")
        assert (await clerk.send(route.method, path, {})).status == 403
        if not route.is_read:
            assert (await reader.send(route.method, path, {})).status == 403


async def test_another_tenants_things_are_not_there(platform: TestPlatform, desk: HttpProbe) -> None:
    delivery = await under_way(desk)
    other = platform.http("fleet-service", READ, WRITE, tenant=f"other-{new_id().hex}")
    van, ana = delivery["vehicle_id"], delivery["driver_id"]

    for path in (f"vehicles/{van}", f"drivers/{ana}", f"deliveries/{delivery['delivery_id']}"):
        noun = path.split("/")[0].removesuffix("s").replace("deliverie", "delivery")
        refused(await other.get(f"/v1/{path}"), 404, f"{noun}_not_found")
    refused(await other.get(f"/v1/deliveries/{delivery['delivery_id']}/timeline"), 404, "delivery_not_found")
    refused(await other.post(f"/v1/vehicles/{van}:retire"), 404, "vehicle_not_found")
    refused(await other.send("PATCH", f"/v1/drivers/{ana}", {"name": "Eva"}), 404, "driver_not_found")
    refused(await other.post(f"/v1/deliveries/{delivery['delivery_id']}:cancel", {"reason": "x"}), 404, "delivery_not_found")
    for path in ("vehicles", "drivers", "deliveries"):
        assert (await shown(other, f"/v1/{path}")) == {"items": [], "next": None}


BAD_DELIVERIES: list[tuple[object, str]] = [
    ({"pickup": {**DEPOT, "lat": 91}, "dropoff": SHOP}, "$.pickup.lat"),
    ({"pickup": DEPOT, "dropoff": {**SHOP, "lon": "15.97"}}, "$.dropoff.lon"),
    ({"pickup": DEPOT, "dropoff": {**SHOP, "lon": True}}, "$.dropoff.lon"),
    ({"pickup": DEPOT, "dropoff": {**SHOP, "radius_m": 9}}, "$.dropoff.radius_m"),
    ({"pickup": DEPOT, "dropoff": {**SHOP, "radius_m": 99.5}}, "$.dropoff.radius_m"),
    ({"pickup": DEPOT, "dropoff": {**SHOP, "floor": 3}}, "$.dropoff.floor"),
    ({"pickup": DEPOT, "dropoff": {**SHOP, "name": ""}}, "$.dropoff.name"),
    ({"pickup": DEPOT, "dropoff": {**SHOP, "name": "\u202e"}}, "$.dropoff.name"),
    ({"pickup": DEPOT}, "$.dropoff"),
    ({"pickup": DEPOT, "dropoff": SHOP, "dwell_s": 3601}, "$.dwell_s"),
]


async def test_bad_input_names_the_field_and_leaves_nothing(platform: TestPlatform, tenant: str, desk: HttpProbe) -> None:
    for body, field in BAD_DELIVERIES:
        problem = (await desk.post("/v1/deliveries", body)).json()
        assert (problem["status"], problem["errors"][0]["field"]) == (422, field), problem
    for body, field in [
        ({"plate": "x" * 16}, "$.plate"),
        ({"plate": "x" * 100_000}, "$.plate"),
        ({"plate": "_"}, "$.plate"),
        ({"plate": 1}, "$.plate"),
        ({"plate": "A 1", "vin": "1M8GDM9A1KP042788"}, "$.vin"),
        ({"plate": "A 1", "color": "red"}, "$.color"),
    ]:
        problem = (await desk.post("/v1/vehicles", body)).json()
        assert (problem["status"], problem["errors"][0]["field"]) == (422, field), problem
    for raw in (b"{", b'{"plate": NaN}', b"\xff", b""):
        assert (await desk.post("/v1/vehicles", body=raw, headers={"Content-Type": "application/json"})).status == 400
    refused(await desk.get("/v1/vehicles/zg-1"), 422, "invalid")
    refused(await desk.get("/v1/deliveries?status=lost"), 422, "invalid")
    await platform.settle()

    for path in ("vehicles", "deliveries"):
        assert (await shown(desk, f"/v1/{path}"))["items"] == []
    assert not [seen for seen in platform.seen if ":events" in seen.stream and seen.envelope.tenant == tenant]


async def test_a_repeated_request_makes_one_vehicle(platform: TestPlatform, tenant: str, desk: HttpProbe) -> None:
    headers = {"Idempotency-Key": "first-van"}

    first = await desk.post("/v1/vehicles", {"plate": "zg 1"}, headers=headers)
    again = await desk.post("/v1/vehicles", {"plate": "zg 1"}, headers=headers)
    other = await desk.post("/v1/vehicles", {"plate": "zg 2"}, headers=headers)

    assert (first.status, again.status) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert other.status == 422
    assert len(platform.events(VehicleRegistered, tenant=tenant)) == 1


async def test_a_change_goes_to_the_version_that_was_read(desk: HttpProbe) -> None:
    van = await made(desk, "/v1/vehicles", {"plate": "zg 1", "device_id": "one"})
    path = f"/v1/vehicles/{van['vehicle_id']}"
    tag = (await desk.get(path)).headers["ETag"]

    unchanged = await desk.get(path, headers={"If-None-Match": tag})
    changed = await desk.send("PATCH", path, {"device_id": None}, headers={"If-Match": tag})
    stale = await desk.send("PATCH", path, {"plate": "zg 2"}, headers={"If-Match": tag})

    assert unchanged.status == 304
    assert (changed.status, changed.json()["device_id"], changed.json()["plate"]) == (200, None, "ZG 1")
    assert changed.headers["ETag"] != tag
    refused(stale, 412, "version_mismatch")
    refused(await desk.post(f"{path}:retire", headers={"If-Match": tag}), 412, "version_mismatch")


async def test_who_carries_something_stays_until_it_has_ended(platform: TestPlatform, desk: HttpProbe, see: See) -> None:
    delivery = await under_way(desk)
    van, ana = f"/v1/vehicles/{delivery['vehicle_id']}", f"/v1/drivers/{delivery['driver_id']}"

    refused(await desk.post(f"{van}:retire"), 409, "vehicle_in_use")
    refused(await desk.post(f"{ana}:retire"), 409, "driver_in_use")
    await see(delivery, "left", "pickup", 1)
    await see(delivery, "reached", "dropoff", 2)
    await platform.settle()

    assert (await desk.post(f"{van}:retire")).json()["status"] == "retired"
    assert (await desk.post(f"{ana}:retire")).json()["status"] == "retired"
    refused(await desk.send("PATCH", ana, {"name": "Eva"}), 409, "driver_retired")
    assert (await shown(desk, "/v1/drivers?status=active"))["items"] == []


async def test_lists_come_in_pages_and_by_filter(desk: HttpProbe) -> None:
    delivery = await under_way(desk)
    for _ in range(4):
        await made(desk, "/v1/deliveries", {"pickup": DEPOT, "dropoff": SHOP})

    seen, cursor = [], ""
    while True:
        page = await shown(desk, f"/v1/deliveries?limit=2{cursor}")
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    by_driver = await shown(desk, f"/v1/deliveries?driver_id={delivery['driver_id']}&status=assigned")

    assert len(seen) == len({item["delivery_id"] for item in seen}) == 5
    assert [item["requested_at"] for item in seen] == sorted((item["requested_at"] for item in seen), reverse=True)
    assert [item["delivery_id"] for item in by_driver["items"]] == [delivery["delivery_id"]]
    assert (await shown(desk, f"/v1/deliveries?vehicle_id={new_id()}"))["items"] == []
    refused(await desk.get("/v1/vehicles?cursor=AAAA"), 422, "invalid_cursor")
    path = f"/v1/deliveries/{delivery['delivery_id']}/timeline"
    timeline = (await shown(desk, f"{path}?limit=1"))["next"]
    refused(await desk.get(f"/v1/vehicles?cursor={timeline}"), 422, "invalid_cursor")
    assert [entry["seq"] for entry in (await shown(desk, f"{path}?cursor={timeline}"))["items"]] == [2]
    refused(await desk.get(f"{path}?cursor={encode_cursor([2**40])}"), 422, "invalid_cursor")


async def test_a_driver_has_the_account_that_they_are_given(desk: HttpProbe) -> None:
    user_id = str(new_id())
    ana = await made(desk, "/v1/drivers", {"name": "Ana", "user_id": user_id})
    assert ana["user_id"] == user_id
    assert (await desk.post("/v1/drivers", {"name": "Eva", "user_id": user_id})).code == "account_taken"
    assert (await desk.post("/v1/drivers", {"name": "Eva", "user_id": "eva"})).code == "invalid"
    path = f"/v1/drivers/{ana['driver_id']}"
    assert (await desk.send("PATCH", path, {"user_id": None})).json()["user_id"] is None
    assert (await made(desk, "/v1/drivers", {"name": "Eva", "user_id": user_id}))["user_id"] == user_id


async def test_of_many_at_once_one_gets_the_plate_and_one_the_driver(desk: HttpProbe) -> None:
    ana = await made(desk, "/v1/drivers", {"name": "Ana"})
    vans = [await made(desk, "/v1/vehicles", {"plate": f"A {number}"}) for number in range(8)]
    deliveries = [await made(desk, "/v1/deliveries", {"pickup": DEPOT, "dropoff": SHOP}) for _ in vans]
    codes: list[str | None] = []

    async def post(path: str, body: object) -> None:
        codes.append((await desk.post(path, body)).code)

    async with anyio.create_task_group() as tasks:
        for van, delivery in zip(vans, deliveries, strict=True):
            body = {"vehicle_id": van["vehicle_id"], "driver_id": ana["driver_id"]}
            tasks.start_soon(post, f"/v1/deliveries/{delivery['delivery_id']}:assign", body)
            tasks.start_soon(post, "/v1/vehicles", {"plate": "ZG 1"})

    assert Counter(codes) == {None: 2, "driver_engaged": 7, "plate_taken": 7}


async def test_commands_come_over_the_bus_too(platform: TestPlatform, tenant: str, desk: HttpProbe) -> None:
    registered = await platform.ask(RegisterVehicle(vehicle_id=new_id(), plate="zg 1", device_id="one"), tenant=tenant)

    changed = await platform.ask(ChangeVehicle(vehicle_id=registered.vehicle_id, plate="zg 2"), tenant=tenant)

    assert (changed.plate, changed.device_id, changed.version) == ("ZG 2", "one", 2)
    assert (await shown(desk, f"/v1/vehicles/{registered.vehicle_id}"))["plate"] == "ZG 2"


async def test_an_assignment_may_be_entered_for_a_drive_of_the_past(platform: TestPlatform, desk: HttpProbe, see: See) -> None:
    van = await made(desk, "/v1/vehicles", {"plate": "zg 1"})
    ana = await made(desk, "/v1/drivers", {"name": "Ana"})
    delivery = await made(desk, "/v1/deliveries", {"pickup": DEPOT, "dropoff": SHOP, "dwell_s": 0})
    path = f"/v1/deliveries/{delivery['delivery_id']}"
    body = {"vehicle_id": van["vehicle_id"], "driver_id": ana["driver_id"]}

    future = (utc_now() + timedelta(minutes=5)).isoformat()
    refused(await desk.post(f"{path}:assign", {**body, "assigned_at": future}), 422, "assigned_in_future")
    naive = await desk.post(f"{path}:assign", {**body, "assigned_at": "2020-12-18T06:15:50"})
    assert naive.status == 422
    assigned = (await desk.post(f"{path}:assign", {**body, "assigned_at": "2020-12-18T06:15:50Z"})).json()
    await see(assigned, "left", "pickup", 1)
    await see(assigned, "reached", "dropoff", 5)
    await platform.settle()

    after = await shown(desk, path)
    assert (after["status"], after["delivered_at"]) == ("delivered", "2020-12-18T06:20:50Z")
