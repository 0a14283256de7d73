from typing import Any
from uuid import UUID, uuid4

import pytest
from openapi_spec_validator import validate

from modules.puabo_nexus.location.contract import (
    READ,
    WRITE,
    Circle,
    GeofenceChanged,
    GeofenceCreated,
    GeofenceDeleted,
    MultiPolygon,
)
from nexus_actors.testing import HttpAnswer, HttpProbe
from tests.modules.puabo_nexus.location.journey import Town, everything, fix, square

pytestmark = pytest.mark.anyio

CIRCLE = {"type": "Circle", "lat": 45.0, "lon": 15.0, "radius_m": 200.0}
CLOCKWISE = {"type": "Polygon", "coordinates": [[[0, 0, 9], [0, 1, 9], [1, 1, 9], [1, 0, 9], [0, 0, 9]]], "crs": "ignored"}
KEPT = {"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]]]}


async def post(probe: HttpProbe, shape: Any, name: str = "depot") -> HttpAnswer:
    return await probe.post("/v1/geofences", {"name": name, "shape": shape})


async def test_a_geofence_is_made_read_changed_and_removed(town: Town) -> None:
    probe = town.client()
    made = await post(probe, CLOCKWISE)
    assert made.status == 201
    fence = made.json()
    assert (fence["name"], fence["version"], fence["shape"]) == ("depot", 1, KEPT)
    path = f"/v1/geofences/{fence['geofence_id']}"
    read = await probe.get(path)
    assert (read.json(), read.headers["ETag"]) == (fence, '"1"')

    body = {"name": " yard ", "shape": CIRCLE}
    changed = await probe.send("PUT", path, body, headers={"If-Match": '"1"'})
    assert changed.status == 200
    assert (changed.json()["name"], changed.json()["version"], changed.json()["shape"]) == ("yard", 2, CIRCLE)
    assert (await probe.send("PUT", path, body, headers={"If-Match": '"1"'})).code == "version_mismatch"
    assert (await probe.send("PUT", path, body)).json()["version"] == 2, "what is as it was asked to be does not change"

    stale = await probe.send("DELETE", path, headers={"If-Match": '"1"'})
    assert (stale.status, stale.code) == (412, "version_mismatch")
    assert (await probe.send("DELETE", path, headers={"If-Match": '"2"'})).status == 204
    for answer in (await probe.get(path), await probe.send("DELETE", path), await probe.get(f"{path}/vehicles")):
        assert (answer.status, answer.code) == (404, "geofence_not_found")

    (created,) = town.events(GeofenceCreated)
    (change,) = town.events(GeofenceChanged)
    (deleted,) = town.events(GeofenceDeleted)
    geofence_id = UUID(fence["geofence_id"])
    assert (created.geofence_id, created.geofence_version, created.shape) == (geofence_id, 1, square(0, 0, 1, 1))
    assert (change.geofence_version, change.shape) == (2, Circle(45.0, 15.0, 200.0))
    assert (deleted.geofence_id, deleted.geofence_version) == (geofence_id, 2)


WRONG_SHAPES: list[tuple[Any, str, str | None]] = [
    ({"type": "Point", "coordinates": [1, 2]}, "not_an_area", "$.shape"),
    ({"type": "Circle", "lat": 1.0, "lon": 1.0}, "invalid_geojson", "$.shape"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [True, 1], [0, 0]]]}, "invalid_geojson", None),
    ({"type": "Polygon", "coordinates": [[["0", 0], [1, 0], [1, 1], [0, 0]]]}, "invalid_geojson", None),
    ({"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}, "self_intersection", None),
    ({"type": "Polygon", "coordinates": [[[0, 91], [2, 2], [2, 0], [0, 91]]]}, "out_of_range", None),
    ({"type": "Circle", "lat": 0, "lon": 0, "radius_m": -1}, "invalid_geojson", "$.shape.radius_m"),
    ({"type": "Polygon", "coordinates": [[[i / 1e5, i * i / 1e8] for i in range(1002)]]}, "too_many_vertices", None),
    ([1, 2], "invalid_geojson", "$.shape"),
    ("POLYGON((0 0))", "invalid_geojson", "$.shape"),
    (None, "invalid_geojson", "$.shape"),
]


async def test_a_shape_that_is_none_is_refused_and_leaves_nothing(town: Town) -> None:
    probe = town.client()
    for shape, code, field in WRONG_SHAPES:
        answer = await post(probe, shape)
        assert (answer.status, answer.code) == (422, code), answer.body
        assert answer.json()["errors"][0]["field"].startswith(field or "$.shape.coordinates"), answer.body
    assert (await probe.get("/v1/geofences")).json()["items"] == []
    assert town.events(GeofenceCreated) == []


async def test_a_feature_with_one_area_is_taken(town: Town) -> None:
    feature = {"type": "Feature", "properties": {"name": "x"}, "geometry": CLOCKWISE}
    collection = {"type": "FeatureCollection", "features": [feature]}
    for shape in (feature, collection):
        answer = await post(town.client(), shape)
        assert answer.json()["shape"] == KEPT, answer.body
    twice = await post(town.client(), {"type": "FeatureCollection", "features": [feature, feature]})
    assert (twice.status, twice.code) == (422, "several_areas")


async def test_names_and_bodies_are_checked(town: Town) -> None:
    probe = town.client()
    for name in ("   ", "Yard\x1b[2J", "Yard\u202e7", "Yard\ufffe"):
        assert (await post(probe, CIRCLE, name)).code == "invalid_geofence"
    assert (await post(probe, CIRCLE, " Yard\n 7 ")).json()["name"] == "Yard 7"
    assert (await post(probe, CIRCLE, "")).status == 422
    assert (await post(probe, CIRCLE, "x" * 201)).code == "invalid_geofence"
    assert (await post(probe, CIRCLE, "x" * 200)).status == 201
    assert (await probe.post("/v1/geofences", {"name": "a", "shape": CIRCLE, "colour": 1})).status == 422
    assert (await probe.send("POST", "/v1/geofences", body=b"{", headers={"Content-Type": "application/json"})).status == 400


async def test_lists_go_through_pages_and_bounds(town: Town) -> None:
    fences = [await town.draw(square(lon, 45.0, lon + 0.5, 45.5), f"fence {lon}") for lon in range(7)]
    cut = MultiPolygon((square(179.5, -1, 180, 1).coordinates, square(-180, -1, -179.5, 1).coordinates))
    pacific = await town.draw(cut, "pacific")
    fiji = await town.draw(Circle(-17.0, 179.99, 20_000.0), "fiji")
    await town.other().draw(CIRCLE_OF_ANOTHER)
    probe = town.client()
    everywhere = [item["geofence_id"] for item in await everything(probe, "/v1/geofences", 4)]
    assert everywhere == sorted(str(fence.geofence_id) for fence in (*fences, pacific, fiji))

    async def within(bbox: str) -> list[str]:
        return sorted(str(item["name"]) for item in await everything(probe, f"/v1/geofences?bbox={bbox}", 1))

    assert await within("1.6,45.2,3.1,45.3") == ["fence 2", "fence 3"]
    assert await within("179.9,-1,-179.9,1") == ["pacific"]
    assert await within("-179.9,-18,-179,0") == ["fiji", "pacific"]
    assert await within("179.0,-18,179.7,0") == ["pacific"]
    assert await within("-180,-90,180,90") == sorted(["fiji", "pacific", *(f"fence {lon}" for lon in range(7))])
    for wrong in ("1,2,3", "1,2,3,x", "1,50,2,40", "-181,0,0,0", "0,0,NaN,1", "0,0,1_0,1"):
        answer = await probe.get(f"/v1/geofences?bbox={wrong}")
        assert (answer.status, answer.code) == (422, "invalid_bbox"), wrong


CIRCLE_OF_ANOTHER = Circle(45.2, 2.2, 5_000.0)


async def test_who_is_inside_is_listed_in_pages(town: Town) -> None:
    depot = await town.draw(square(15.0, 45.0, 15.01, 45.01))
    vans = sorted(uuid4() for _ in range(3))
    for van in vans:
        await town.report(van, fix(0, 45.005, 15.005))
    path = f"/v1/geofences/{depot.geofence_id}/vehicles"
    assert await everything(town.client(), path, 2) == [
        {"vehicle_id": str(van), "geofence_version": 1, "since": "2026-03-01T08:00:00Z"} for van in vans
    ]


async def test_points_are_tested_against_all_fences(town: Town) -> None:
    depot = await town.draw(square(15.0, 45.0, 15.01, 45.01))
    ring = await town.draw(Circle(45.005, 15.01, 500.0))
    cut = MultiPolygon((square(179.5, -1, 180, 1).coordinates, square(-180, -1, -179.5, 1).coordinates))
    pacific = await town.draw(cut)
    await town.other().draw(Circle(45.005, 15.005, 500.0))
    points = [(45.005, 15.009), (45.005, 15.001), (45.005, 15.013), (0.0, 180.0), (0.0, -180.0), (0.0, -179.7), (0.0, 0.0)]
    answer = await town.client().post("/v1/geofences:test", {"points": [{"lat": a, "lon": b} for a, b in points]})
    assert answer.status == 200
    found = [item["geofence_ids"] for item in answer.json()["items"]]
    both = sorted([str(depot.geofence_id), str(ring.geofence_id)])
    only = [str(pacific.geofence_id)]
    assert found == [
        both,
        both[:1] if both[0] == str(depot.geofence_id) else both[1:],
        [str(ring.geofence_id)],
        *[only] * 3,
        [],
    ]
    for wrong in ([], [{"lat": 91, "lon": 0}], [{"lat": 0, "lon": 0}] * 201):
        assert (await town.client().post("/v1/geofences:test", {"points": wrong})).status == 422


async def test_scopes_and_tenants_are_kept_apart(town: Town) -> None:
    fence = await town.draw(Circle(45.0, 15.0, 100.0))
    path = f"/v1/geofences/{fence.geofence_id}"
    body = {"name": "mine now", "shape": CIRCLE}
    assert (await town.stranger().get(path)).status == 401
    assert (await town.client(WRITE).get(path)).status == 403
    assert (await town.client(READ).send("PUT", path, body)).status == 403
    stranger = town.other().client()
    for answer in (
        await stranger.get(path),
        await stranger.get(f"{path}/vehicles"),
        await stranger.send("PUT", path, body),
        await stranger.send("DELETE", path),
    ):
        assert (answer.status, answer.code) == (404, "geofence_not_found")
    assert (await stranger.get("/v1/geofences")).json()["items"] == []
    assert (await town.client().get(path)).json()["version"] == 1


async def test_the_documentation_is_valid_and_shows_what_an_area_may_be(town: Town) -> None:
    answer = await town.stranger().get("/openapi.json")
    document = answer.json()
    validate(document)
    shape = document["components"]["schemas"]["GeofenceDraft"]["properties"]["shape"]
    assert {"Circle", "Polygon", "MultiPolygon", "Feature"} <= set(shape["properties"]["type"]["enum"])
