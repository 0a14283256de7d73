"""Positions in and out of the running service."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from bus import Event, Refusal, new_id
from modules.puabo_nexus.fleet.contract import VehicleRegistered, VehicleRetired
from modules.puabo_nexus.gpx import parse_gpx
from modules.puabo_nexus.tracker.contract import (
    Fix,
    LatePositionsRecorded,
    PositionsQuarantined,
    PositionsRecorded,
    RecordPositions,
    TripEnded,
    TripRevised,
    TripStarted,
)
from modules.puabo_nexus.tracker.queries import positions
from modules.puabo_nexus.tracker.tables import TRIPS
from nexus_actors.testing import Desk, HttpAnswer, HttpProbe, TestPlatform
from tests.modules.puabo_nexus.tracker.conftest import VAN
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, joined, length_m, stand

pytestmark = pytest.mark.anyio

THERE = drive(0, 0, 3000, 12)
DAY = joined(THERE, stand(250, 900, 3000), drive(1160, 3000, 0, 12))
EVENTS: tuple[type[Event], ...] = (
    PositionsRecorded, LatePositionsRecorded, PositionsQuarantined, TripStarted, TripEnded, TripRevised,
)  # fmt: skip


async def send(probe: HttpProbe, vehicle_id: UUID, fixes: object) -> HttpAnswer:
    return await probe.post(f"/v1/vehicles/{vehicle_id}/positions", {"fixes": fixes})


async def shown(probe: HttpProbe, path: str) -> Any:
    answer = await probe.get(path)
    assert answer.status == 200, answer.body
    return answer.json()


async def nothing_happened(platform: TestPlatform, probe: HttpProbe, tenant: str) -> None:
    await platform.settle()
    assert [event for kind in EVENTS for event in platform.events(kind, tenant=tenant)] == []
    assert (await shown(probe, "/v1/trips"))["items"] == []
    assert (await shown(probe, "/v1/quarantine"))["items"] == []


async def test_a_day_is_recorded_and_read_back(platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str) -> None:
    answer = await send(probe, vehicle_id, DAY)
    assert (answer.status, answer.json()) == (200, {"accepted": len(DAY), "duplicate": 0, "late": 0, "rejected": []})

    page = await shown(probe, f"/v1/vehicles/{vehicle_id}/positions?limit=1000")
    assert msgspec.convert(page["items"], list[Fix]) == DAY
    last = await shown(probe, f"/v1/vehicles/{vehicle_id}/last")
    second, first = (await shown(probe, f"/v1/trips?vehicle_id={vehicle_id}"))["items"]
    assert msgspec.convert(last["fix"], Fix) == DAY[-1]
    assert last["trip_id"] == second["trip_id"]
    assert last["odometer_m"] == pytest.approx(6000, rel=0.01)
    assert (first["end_reason"], second["ended_at"]) == ("stop", None)
    assert first["distance_m"] == pytest.approx(length_m(THERE), rel=0.01)

    await platform.settle()
    [recorded] = platform.events(PositionsRecorded, tenant=tenant)
    [ended] = platform.events(TripEnded, tenant=tenant)
    assert recorded.fixes == tuple(DAY)
    assert str(ended.trip_id) == first["trip_id"]
    assert [str(event.trip_id) for event in platform.events(TripStarted, tenant=tenant)] == [
        first["trip_id"],
        second["trip_id"],
    ]


async def test_pages_follow_each_other_without_a_seam(probe: HttpProbe, vehicle_id: UUID) -> None:
    await send(probe, vehicle_id, DAY)
    path = f"/v1/vehicles/{vehicle_id}/positions?limit=7"
    found: list[Any] = []
    cursor = ""
    while True:
        page = await shown(probe, path + cursor)
        found += page["items"]
        if page["next"] is None:
            break
        assert len(page["items"]) == 7
        cursor = f"&cursor={page['next']}"
    assert msgspec.convert(found, list[Fix]) == DAY


async def test_a_range_takes_its_first_instant_and_leaves_its_last(probe: HttpProbe, vehicle_id: UUID) -> None:
    await send(probe, vehicle_id, [fix(0), fix(10), fix(20)])
    path = f"/v1/vehicles/{vehicle_id}/positions?from=2026-03-02T07:00:10Z&to=2026-03-02T07:00:20Z"
    assert [item["fix_at"] for item in (await shown(probe, path))["items"]] == ["2026-03-02T07:00:10Z"]


@pytest.mark.parametrize("path", ["/v1/vehicles/{}/positions", "/v1/vehicles/{}/track", "/v1/trips"])
async def test_a_range_that_runs_backwards_is_refused(probe: HttpProbe, vehicle_id: UUID, path: str) -> None:
    answer = await probe.get(f"{path.format(vehicle_id)}?from=2026-03-02T07:00:20Z&to=2026-03-02T07:00:10Z")
    assert (answer.status, answer.code) == (422, "invalid_range")


async def test_trips_are_listed_by_vehicle_range_and_whether_they_go_on(probe: HttpProbe, vehicle_id: UUID) -> None:
    await send(probe, vehicle_id, DAY)
    second, first = (await shown(probe, "/v1/trips"))["items"]
    begun = second["started_at"]
    for query, trips in (
        (f"vehicle_id={vehicle_id}", [second, first]),
        (f"vehicle_id={new_id()}", []),
        ("open=true", [second]),
        ("open=false", [first]),
        (f"from={begun}", [second]),
        (f"to={begun}", [first]),
        (f"from={first['started_at']}&to={begun}&open=true", []),
    ):
        assert await shown(probe, f"/v1/trips?{query}") == {"items": trips, "next": None}, query
    page = await shown(probe, "/v1/trips?limit=1")
    assert page["items"] == [second]
    assert await shown(probe, f"/v1/trips?limit=1&cursor={page['next']}") == {"items": [first], "next": None}


async def test_fixes_in_any_order_twice_and_late(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    await send(probe, vehicle_id, [*DAY[::-2], DAY[-1]])
    answer = await send(probe, vehicle_id, DAY)
    receipt = answer.json()
    assert receipt["late"] == len(DAY) - len(DAY[::-2])
    assert receipt["duplicate"] == len(DAY[::-2])
    await platform.settle()
    [late] = platform.events(LatePositionsRecorded, tenant=tenant)
    assert len(late.fixes) == receipt["late"]
    assert platform.events(TripRevised, tenant=tenant)
    trips = (await shown(probe, "/v1/trips"))["items"]
    assert trips[1]["distance_m"] == pytest.approx(length_m(THERE), rel=0.01)


async def test_a_jump_is_put_aside_and_can_be_read(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    bad = fix(125, 800_000, accuracy_m=4.0)
    answer = await send(probe, vehicle_id, [*THERE, bad, fix(126, 1500, accuracy_m=5000.0)])
    rejected = answer.json()["rejected"]
    assert [(item["fix_at"], item["reasons"]) for item in rejected] == [
        ("2026-03-02T07:02:05Z", ["implausible_speed"]),
        ("2026-03-02T07:02:06Z", ["inaccurate"]),
    ]
    await send(probe, vehicle_id, [bad])
    items = (await shown(probe, f"/v1/quarantine?vehicle_id={vehicle_id}&reason=implausible_speed"))["items"]
    assert [msgspec.convert(item["fix"], Fix) for item in items] == [bad]
    assert [item["reasons"] for item in (await shown(probe, "/v1/quarantine?limit=1"))["items"]] == [["inaccurate"]]
    await platform.settle()
    assert [len(event.fixes) for event in platform.events(PositionsQuarantined, tenant=tenant)] == [2]


BAD = [
    (b"{", 400, "malformed"),
    (b'{"fixes": []}', 422, "invalid"),
    (b'{"fixes": {}}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00Z", "lat": 91, "lon": 13}]}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00Z", "lat": NaN, "lon": 13}]}', 400, "malformed"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00Z", "lat": 45, "lon": 1e999}]}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00Z", "lat": true, "lon": 13}]}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00Z", "lat": "45", "lon": 13}]}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00", "lat": 45, "lon": 13}]}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": 1772434800, "lat": 45, "lon": 13}]}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00Z", "lat": 45, "lon": 13, "speed_mps": -1}]}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00Z", "lat": 45, "lon": 13, "latitude": 45}]}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "2026-03-02T07:00:00Z", "lat": 45, "lon": 13}], "x": 1}', 422, "invalid"),
    (b'{"fixes": [{"fix_at": "0001-01-01T00:00:00+14:00", "lat": 45, "lon": 13}]}', 422, "invalid_instant"),
]


async def test_bad_input_is_refused_whole(platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str) -> None:
    path = f"/v1/vehicles/{vehicle_id}/positions"
    for body, status, code in BAD:
        answer = await probe.post(path, body=body, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.code) == (status, code), body
    await nothing_happened(platform, probe, tenant)


async def test_more_fixes_than_a_batch_takes_are_refused(probe: HttpProbe, vehicle_id: UUID) -> None:
    assert (await send(probe, vehicle_id, [fix(n / 10) for n in range(1001)])).code == "invalid"


async def test_an_unknown_a_foreign_and_a_retired_vehicle(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    await send(probe, vehicle_id, THERE)
    foreign = platform.http("tracker-ms", "tracker:*", tenant="other")
    for path in [f"/v1/vehicles/{vehicle_id}/{part}" for part in ("positions", "last", "track", "device", "limits")]:
        assert (await foreign.get(path)).status == 404
        assert (await probe.get(path.replace(str(vehicle_id), str(new_id())))).status == 404
    [trip] = (await shown(probe, "/v1/trips"))["items"]
    assert (await shown(foreign, "/v1/trips"))["items"] == []
    assert (await foreign.get(f"/v1/trips/{trip['trip_id']}")).code == "trip_not_found"
    assert (await foreign.get(f"/v1/trips/{trip['trip_id']}/track")).status == 404

    for client, vehicle in ((foreign, vehicle_id), (probe, new_id())):
        answer = await send(client, vehicle, THERE)
        assert (answer.status, answer.code) == (404, "vehicle_unknown")
    await platform.publish(VehicleRetired(vehicle_id=vehicle_id), tenant=tenant)
    await platform.settle()
    answer = await send(probe, vehicle_id, THERE)
    assert (answer.status, answer.code) == (410, "vehicle_retired")
    assert (await shown(probe, f"/v1/trips/{trip['trip_id']}"))["trip_id"] == trip["trip_id"]


WAYS_IN = [
    ("POST", "/v1/vehicles/{id}/positions", "tracker:write"),
    ("POST", "/v1/positions", "tracker:write"),
    ("POST", "/v1/vehicles/{id}/positions:import", "tracker:write:any"),
    ("POST", "/v1/vehicles/{id}/trip:end", "tracker:write"),
    ("POST", "/v1/vehicles/{id}/device-key", "tracker:admin"),
    ("PUT", "/v1/vehicles/{id}/limits", "tracker:admin"),
    ("GET", "/v1/vehicles/{id}/limits", "tracker:read"),
    ("GET", "/v1/vehicles/{id}/positions", "tracker:read"),
    ("GET", "/v1/vehicles/{id}/last", "tracker:read"),
    ("GET", "/v1/vehicles/{id}/device", "tracker:read"),
    ("GET", "/v1/vehicles/{id}/track", "tracker:read"),
    ("GET", "/v1/quarantine", "tracker:read"),
    ("GET", "/v1/trips", "tracker:read"),
    ("GET", "/v1/trips/{id}", "tracker:read"),
    ("GET", "/v1/trips/{id}/track", "tracker:read"),
]


async def test_every_way_in_is_closed_without_token_and_scope(platform: TestPlatform) -> None:
    for method, template, scope in WAYS_IN:
        path = template.format(id=new_id())
        assert (await platform.bearer("tracker-ms", None).send(method, path)).status == 401, path
        other = {"tracker:write", "tracker:admin", "tracker:read"} - {scope}
        assert (await platform.http("tracker-ms", *other).send(method, path)).status == 403, path


async def test_several_vehicles_at_once_are_answered_each(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    second, unknown = new_id(), new_id()
    await platform.publish(VehicleRegistered(vehicle_id=second, plate="ZG 2", device_id=None), tenant=tenant)
    await platform.settle()
    items = [
        {"vehicle_id": vehicle_id, "fixes": THERE},
        {"vehicle_id": unknown, "fixes": THERE},
        {"vehicle_id": second, "fixes": [*THERE, fix(4000)]},
    ]
    answer = await probe.post("/v1/positions", {"items": items})
    first, second_one, third = answer.json()["items"]
    assert first["receipt"]["accepted"] == len(THERE)
    assert (second_one["vehicle_id"], second_one["refusal"]["code"]) == (str(unknown), "vehicle_unknown")
    assert third["receipt"]["accepted"] == len(THERE)
    assert third["receipt"]["rejected"] == [{"fix_at": "2026-03-02T08:06:40Z", "reasons": ["in_future"]}]

    answer = await probe.post("/v1/positions", {"items": [items[0], items[0]]})
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "$.items[1].vehicle_id")


async def test_a_request_under_one_key_is_one_request(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    path, headers = f"/v1/vehicles/{vehicle_id}/positions", {"Idempotency-Key": "a"}
    first = await probe.post(path, {"fixes": THERE}, headers=headers)
    again = await probe.post(path, {"fixes": THERE}, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    other = await probe.post(path, {"fixes": THERE[:3]}, headers=headers)
    assert other.status == 422
    await platform.settle()
    assert len(platform.events(PositionsRecorded, tenant=tenant)) == 1


async def test_a_command_needs_no_route(platform: TestPlatform, vehicle_id: UUID, tenant: str) -> None:
    command = RecordPositions(vehicle_id=vehicle_id, fixes=tuple(THERE))
    receipt = await platform.ask(command, scopes=["tracker:*"], tenant=tenant)
    assert receipt.accepted == len(THERE)
    with pytest.raises(Refusal) as refused:
        await platform.ask(command, tenant="other")
    assert refused.value.code == "vehicle_unknown"


async def test_silence_ends_the_trip_by_the_timer(desk: Desk) -> None:
    await desk.ask(RecordPositions(vehicle_id=VAN.vehicle_id, fixes=tuple(THERE)), scopes=["tracker:*"])
    await desk.advance(3599)
    assert [type(event) for event in desk.take()] == [PositionsRecorded, TripStarted]
    await desk.advance(2)
    [ended] = desk.take()
    assert isinstance(ended, TripEnded)
    [trip] = await TRIPS.page(desk, {}, limit=9)
    assert (trip.end_reason, trip.ended_at) == ("silence", datetime(2026, 3, 2, 7, 4, 10, tzinfo=UTC))


@pytest.mark.reference
async def test_a_recorded_drive_comes_out_as_one_trip(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, shared_data: Path
) -> None:
    [recording] = parse_gpx((shared_data / "gps" / "around-visnjan-with-car.gpx").read_bytes()).tracks
    for start in range(0, len(recording.fixes), 10):
        answer = await send(probe, vehicle_id, recording.fixes[start : start + 10])
        assert answer.json()["accepted"] == len(recording.fixes[start : start + 10])
    answer = await probe.post(f"/v1/vehicles/{vehicle_id}/trip:end")
    trip = answer.json()
    assert trip["distance_m"] == pytest.approx(2736.0, abs=0.05)
    assert (trip["started_at"], trip["ended_at"]) == ("2020-12-18T06:15:50Z", "2020-12-18T06:24:24Z")
    assert trip["duration_s"] == 514
    again = await probe.post(f"/v1/vehicles/{vehicle_id}/trip:end")
    assert (again.status, again.code) == (409, "no_open_trip")

    answer = await probe.get(f"/v1/trips/{trip['trip_id']}/track?format=gpx")
    assert answer.headers["Content-Type"] == "application/gpx+xml"
    [exported] = parse_gpx(answer.body).tracks
    assert [item.fix_at for item in exported.fixes] == [item.fix_at for item in recording.fixes]
    assert length_m(exported.fixes) == pytest.approx(2736.0, abs=0.05)


async def test_tracks_are_exported_for_a_trip_and_for_a_range(probe: HttpProbe, vehicle_id: UUID) -> None:
    await send(probe, vehicle_id, DAY)
    _, first = (await shown(probe, "/v1/trips"))["items"]
    [feature] = (await shown(probe, f"/v1/trips/{first['trip_id']}/track"))["features"]
    assert feature["properties"]["trip_id"] == first["trip_id"]
    assert len(feature["geometry"]["coordinates"]) < len(DAY) / 2

    answer = await probe.get(f"/v1/vehicles/{vehicle_id}/track?format=gpx&to=2026-03-02T07:02:00Z")
    [track] = parse_gpx(answer.body).tracks
    assert track.name == "vehicle ZG 1234-AB"
    assert [item.fix_at for item in track.fixes] == [item.fix_at for item in DAY if item.fix_at < at(120)]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="vehicle-ZG-1234-AB.gpx"'
    answer = await probe.get(f"/v1/vehicles/{vehicle_id}/track?format=kml")
    assert answer.code == "invalid"
    empty = await shown(probe, f"/v1/vehicles/{vehicle_id}/track?from={datetime(2030, 1, 1, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}")
    assert empty == {"type": "FeatureCollection", "features": []}


@pytest.mark.parametrize("kind", ["gpx", "geojson"])
async def test_a_track_of_any_length_is_exported_slice_by_slice(
    probe: HttpProbe, vehicle_id: UUID, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    await send(probe, vehicle_id, DAY)
    reads: list[int] = []
    within = positions.within

    async def counted(*args: Any) -> list[Fix]:
        fixes = await within(*args)
        reads.append(len(fixes))
        return fixes

    whole = await probe_track(probe, vehicle_id, kind)
    monkeypatch.setattr(positions, "within", counted)
    monkeypatch.setattr(positions, "SLICE", 7)
    answer = await probe_track(probe, vehicle_id, kind)
    assert answer.body == whole.body
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert max(reads) == 7
    assert sum(reads) == len(DAY)


async def probe_track(probe: HttpProbe, vehicle_id: UUID, kind: str) -> HttpAnswer:
    answer = await probe.get(f"/v1/vehicles/{vehicle_id}/track?format={kind}")
    assert answer.status == 200
    return answer


async def test_a_drive_over_midnight_is_in_the_lists_of_both_days(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    second = new_id()
    await platform.publish(replace(VAN, vehicle_id=second, device_id=None), tenant=tenant)
    await platform.settle()
    late = [fix(item_s - 10 * 3600, 12.0 * item_s) for item_s in range(0, 1200, 10)]  # 21:00 to 21:20 of the day before
    midnight = at(600 - 10 * 3600)
    await send(probe, vehicle_id, late)
    await send(probe, vehicle_id, [fix(1200 - 10 * 3600 + n * 60, 12.0 * 1190) for n in range(20)])
    await send(probe, second, [fix(n - 30 * 3600, 12.0 * n) for n in range(0, 300, 10)])
    before, after = f"from={_day(midnight, -86_400)}&to={_day(midnight)}", f"from={_day(midnight)}&to={_day(midnight, 86_400)}"

    async def listed(query: str) -> list[str]:
        return [trip["vehicle_id"] for trip in (await shown(probe, f"/v1/trips?{query}"))["items"]]

    van, other = str(vehicle_id), str(second)
    assert (await listed(before), await listed(after)) == ([van, other], [])
    assert await listed(f"{before}&by=overlap") == [van, other]
    assert await listed(f"{after}&by=overlap") == [van, other]
    assert await listed(f"{after}&by=overlap&vehicle_id={vehicle_id}") == [van]
    assert await listed(f"{after}&by=overlap&open=false") == [van]
    first = await shown(probe, f"/v1/trips?{after}&by=overlap&limit=1")
    rest = await shown(probe, f"/v1/trips?{after}&by=overlap&limit=1&cursor={first['next']}")
    assert [item["vehicle_id"] for page in (first, rest) for item in page["items"]] == [van, other]
    assert rest["next"] is None
    assert await listed(f"from={_day(midnight, 86_400)}&by=overlap&open=false") == []


def _day(instant: datetime, seconds: float = 0) -> str:
    return f"{instant + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
