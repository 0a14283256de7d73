import random
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import shapely

from modules.geography.geodesy import geodesic_distance_m
from modules.puabo_nexus.fleet.contract import DeliveryAssigned, Place, VehicleRetired
from modules.puabo_nexus.location.contract import READ, WRITE
from modules.puabo_nexus.tracker.contract import PositionsRecorded
from nexus_actors.worker.worker import utc_now
from tests.modules.puabo_nexus.location.journey import Town, everything, fix, square

pytestmark = pytest.mark.anyio

Fleet = dict[UUID, tuple[float, float]]


async def place(town: Town, fleet: Fleet) -> None:
    await town.publish(
        *(PositionsRecorded(vehicle_id=vehicle_id, fixes=(fix(0, lat, lon),)) for vehicle_id, (lat, lon) in fleet.items())
    )


def scattered(seed: int) -> Fleet:
    """Vehicles where it is difficult: at the antimeridian, at both poles, on one spot, and all over the globe."""
    chance = random.Random(seed)  # noqa: S311 - places, no secret
    spots = [
        *((chance.uniform(-1, 1), chance.choice([179.9, 179.99, 180.0, -180.0, -179.99, -179.9])) for _ in range(12)),
        *((chance.choice([89.9, 89.99, 90.0, -90.0, -89.9]), chance.uniform(-180, 180)) for _ in range(10)),
        *((45.0, 15.0) for _ in range(4)),
        *((chance.gauss(45, 0.05), chance.gauss(15, 0.05)) for _ in range(20)),
        *((chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(20)),
    ]
    return {UUID(int=chance.getrandbits(128)): spot for spot in spots}


async def test_a_position_has_what_the_device_said_and_its_age(town: Town) -> None:
    van = uuid4()
    probe = town.client()
    missing = await probe.get(f"/v1/vehicles/{van}/position")
    assert (missing.status, missing.code) == (404, "position_not_found")
    await town.report(van, fix(0, 45.0, 15.0, speed_mps=12.5, heading_deg=90.0, altitude_m=200.0, accuracy_m=4.0))
    first = (await probe.get(f"/v1/vehicles/{van}/position")).json()
    age_s = (utc_now() - fix(0, 0, 0).fix_at).total_seconds()
    assert first.pop("age_s") == pytest.approx(age_s, abs=5)
    received_at = first.pop("received_at")
    assert received_at.endswith("Z")
    assert first == {
        "vehicle_id": str(van),
        "lat": 45.0,
        "lon": 15.0,
        "altitude_m": 200.0,
        "speed_mps": 12.5,
        "heading_deg": 90.0,
        "accuracy_m": 4.0,
        "fix_at": "2026-03-01T08:00:00Z",
    }
    await town.report(van, fix(60, 45.1, 15.0))
    second = (await probe.get(f"/v1/vehicles/{van}/position")).json()
    assert (second["lat"], second["speed_mps"]) == (45.1, None)


async def test_a_retired_vehicle_is_nowhere(town: Town) -> None:
    van = uuid4()
    await town.report(van, fix(0, 45.0, 15.0))
    await town.publish(VehicleRetired(vehicle_id=van))
    gone = await town.client().get(f"/v1/vehicles/{van}/position")
    assert (gone.status, gone.code) == (404, "position_not_found")
    assert (await town.client().get("/v1/vehicles")).json()["items"] == []


async def test_the_places_that_a_vehicle_is_watched_for_are_listed_in_pages(town: Town) -> None:
    van, deliveries = uuid4(), sorted(uuid4() for _ in range(2))
    pickup, dropoff = Place(name="warehouse", lat=45.0, lon=15.0), Place(name="shop", lat=45.0, lon=15.05)
    for number in deliveries:
        await town.publish(
            DeliveryAssigned(delivery_id=number, vehicle_id=van, driver_id=uuid4(), pickup=pickup, dropoff=dropoff)
        )
    places = await everything(town.client(), f"/v1/vehicles/{van}/places", 3)
    assert [(item["delivery_id"], item["place"]) for item in places] == [
        (str(number), place) for number in deliveries for place in ("dropoff", "pickup")
    ]
    first = {"delivery_id": str(deliveries[0]), "place": "dropoff", "name": "shop", "lat": 45.0, "lon": 15.05}
    assert places[0] == first | {"radius_m": 100.0}
    assert (await town.other().client().get(f"/v1/vehicles/{van}/places")).json()["items"] == []
    await town.report(van, fix(60, 45.0, 15.0))
    crossings = await everything(town.client(), f"/v1/crossings?delivery_id={deliveries[1]}", 9)
    assert [(item["delivery_id"], item["place"]) for item in crossings] == [(str(deliveries[1]), "pickup")]


async def test_all_positions_are_listed_once(town: Town) -> None:
    fleet = scattered(1)
    await place(town, fleet)
    await town.other().report(uuid4(), fix(0, 45.0, 15.0))
    listed = [UUID(str(item["vehicle_id"])) for item in await everything(town.client(), "/v1/vehicles", 25)]
    assert listed == sorted(fleet)


async def test_nearest_is_brute_force(town: Town) -> None:
    fleet = scattered(2)
    points = [(0.0, 180.0), (0.5, -179.95), (90.0, 0.0), (-89.95, 120.0), (45.0, 15.0), (10.0, -60.0)]
    await place(town, fleet)
    await town.other().report(uuid4(), fix(0, 45.0, 15.0))
    probe = town.client()
    for at in points:
        distances = sorted((geodesic_distance_m(*at, *spot), vehicle_id) for vehicle_id, spot in fleet.items())
        for count, within_m in ((1, None), (7, None), (200, None), (5, 3_000.0), (50, 2_000_000.0)):
            limit = "" if within_m is None else f"&max_distance_m={within_m}"
            answer = await probe.get(f"/v1/nearest?lat={at[0]}&lon={at[1]}&k={count}{limit}")
            assert answer.status == 200, answer.body
            found = [(item["distance_m"], UUID(item["position"]["vehicle_id"])) for item in answer.json()["items"]]
            assert found == [pair for pair in distances if within_m is None or pair[0] <= within_m][:count]


async def test_within_a_circle_is_brute_force(town: Town) -> None:
    fleet = scattered(3)
    await place(town, fleet)
    probe = town.client()
    for at in ((0.0, 180.0), (89.95, 0.0), (45.0, 15.0)):
        for radius_m in (1.0, 7_000.0, 30_000.0, 12_000_000.0):
            expected = sorted(v for v, spot in fleet.items() if geodesic_distance_m(*at, *spot) <= radius_m)
            path = f"/v1/within?lat={at[0]}&lon={at[1]}&radius_m={radius_m}"
            assert [UUID(str(item["vehicle_id"])) for item in await everything(probe, path, 25)] == expected


async def test_within_an_area_is_what_shapely_covers(town: Town) -> None:
    fleet = scattered(4)
    area = {"type": "Polygon", "coordinates": [[[14.9, 44.95], [15.1, 44.97], [15.0, 45.1], [15.0, 45.0], [14.9, 44.95]]]}
    polygon = shapely.Polygon(area["coordinates"][0])
    expected = sorted(v for v, (lat, lon) in fleet.items() if polygon.covers(shapely.Point(lon, lat)))
    assert len(expected) > 4
    await place(town, fleet)
    probe = town.client()
    found, cursor = [], None
    while True:
        answer = await probe.post("/v1/within", {"area": area, "limit": 3, "cursor": cursor})
        assert answer.status == 200, answer.body
        found += [UUID(item["vehicle_id"]) for item in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert found == expected
    pacific = [
        [[[170, -9], [180, -9], [180, 9], [170, 9], [170, -9]]],
        [[[-180, -9], [-170, -9], [-170, 9], [-180, 9], [-180, -9]]],
    ]
    answer = await probe.post("/v1/within", {"area": {"type": "MultiPolygon", "coordinates": pacific}, "limit": 50})
    around = {str(v) for v, (lat, lon) in fleet.items() if abs(lat) <= 9 and abs(lon) >= 170}
    assert {item["vehicle_id"] for item in answer.json()["items"]} == around
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    refused = await probe.post("/v1/within", {"area": bow_tie})
    assert (refused.status, refused.code) == (422, "self_intersection")
    assert refused.json()["errors"][0]["field"] == "$.area.coordinates[0]"


NONSENSE = [
    "/v1/nearest?lat=45&lon=15&k=0",
    "/v1/nearest?lat=45&lon=15&k=1000000",
    "/v1/nearest?lat=91&lon=15",
    "/v1/nearest?lat=45",
    "/v1/nearest?lat=NaN&lon=15",
    "/v1/nearest?lat=45&lon=15&max_distance_m=NaN",
    "/v1/nearest?lat=45&lon=15&max_distance_m=0",
    "/v1/nearest?lat=45&lon=15&max_distance_m=1e400",
    "/v1/within?lat=45&lon=15",
    "/v1/within?lat=45&lon=15&radius_m=-1",
    "/v1/within?lat=45&lon=15&radius_m=5&cursor=abc",
    "/v1/vehicles?limit=0",
    "/v1/vehicles?colour=red",
    "/v1/crossings?from=yesterday",
    "/v1/crossings?from=2026-03-01T08:00:00",
    "/v1/crossings?from=2026-03-02T08:00:00Z&to=2026-03-01T08:00:00Z",
    "/v1/crossings?vehicle_id=7",
]


async def test_questions_that_make_no_sense_are_refused(town: Town) -> None:
    for path in NONSENSE:
        answer = await town.client().get(path)
        assert answer.status == 422, (path, answer.body)
        assert answer.json()["errors"], path


async def test_reading_needs_a_token_with_the_scope(town: Town) -> None:
    paths = [
        "/v1/vehicles",
        f"/v1/vehicles/{uuid4()}/position",
        f"/v1/vehicles/{uuid4()}/places",
        "/v1/nearest?lat=1&lon=1",
        "/v1/within?lat=1&lon=1&radius_m=1",
        "/v1/geofences",
        "/v1/crossings",
    ]
    for path in paths:
        assert (await town.stranger().get(path)).status == 401
        assert (await town.client(WRITE).get(path)).status == 403
        assert (await town.client(READ).get(path)).status in {200, 404}


async def test_the_history_is_cut_by_time_vehicle_and_page(town: Town) -> None:
    depot = await town.draw(square(15.0, 45.0, 15.01, 45.01))
    vans = [uuid4(), uuid4()]
    # From one side of the square to the other and back, in thirds of half a minute.
    drive = [fix(turn * 30, 45.005, 14.99 if turn % 2 else 15.02) for turn in range(12)]
    for van in vans:
        await town.report(van, *drive)
    await town.other().report(uuid4(), *drive)
    probe = town.client()
    history = await everything(probe, "/v1/crossings", 7)
    assert len(history) == 2 * 22
    keys = [(str(c["crossed_at"]), c["seq"]) for c in history]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert await everything(probe, f"/v1/crossings?geofence_id={depot.geofence_id}", 50) == history
    assert await everything(probe, f"/v1/crossings?geofence_id={uuid4()}", 50) == []
    own = await everything(probe, f"/v1/crossings?vehicle_id={vans[0]}", 5)
    assert [c["direction"] for c in own] == ["entered", "exited"] * 11
    start = fix(0, 0, 0).fix_at
    cut = f"from={(start + timedelta(seconds=10)):%Y-%m-%dT%H:%M:%SZ}&to={(start + timedelta(seconds=40)):%Y-%m-%dT%H:%M:%SZ}"
    some = await everything(probe, f"/v1/crossings?vehicle_id={vans[0]}&{cut}", 50)
    assert [c["crossed_at"] for c in some] == ["2026-03-01T08:00:10Z", "2026-03-01T08:00:20Z"]
