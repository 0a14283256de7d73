"""Recordings that a dispatcher brings in as files."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from bus import new_id
from modules.puabo_nexus.tracker.contract import LatePositionsRecorded, PositionsRecorded
from modules.puabo_nexus.tracker.routes.imports import AT_ONCE, MAX_IMPORT_BYTES
from nexus_actors.testing import HttpAnswer, HttpProbe, TestPlatform
from tests.modules.puabo_nexus.tracker.drives import drive
from tests.modules.puabo_nexus.tracker.recordings import recording

pytestmark = pytest.mark.anyio

WAY = drive(0, 0, 30_000, 12, every_s=5)
GPX = {"Content-Type": "application/gpx+xml"}
ALL = {"accepted": len(WAY), "duplicate": 0, "late": 0, "rejected": {}, "timeless": 0, "left_out": 0, "told": []}


async def bring(probe: HttpProbe, vehicle_id: UUID, document: bytes, headers: dict[str, str] = GPX) -> HttpAnswer:
    return await probe.post(f"/v1/vehicles/{vehicle_id}/positions:import", body=document, headers=headers)


async def test_a_recording_is_entered_in_bounded_turns_and_once(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    document = recording(WAY)
    answer = await bring(probe, vehicle_id, document)
    assert (answer.status, answer.json()) == (200, {**ALL, "points": len(WAY)})
    again = await bring(probe, vehicle_id, document)
    assert again.json() == {**ALL, "points": len(WAY), "accepted": 0, "duplicate": len(WAY)}
    await platform.settle()
    taken = [len(event.fixes) for event in platform.events(PositionsRecorded, tenant=tenant)]
    assert sum(taken) == len(WAY)
    assert len(taken) > 1
    assert max(taken) <= AT_ONCE
    [trip] = (await probe.get("/v1/trips")).json()["items"]
    assert trip["distance_m"] == pytest.approx(30_000, rel=0.01)


async def test_what_was_recorded_before_joins_the_history(
    platform: TestPlatform, probe: HttpProbe, vehicle_id: UUID, tenant: str
) -> None:
    await bring(probe, vehicle_id, recording(WAY[100:]))
    answer = await bring(probe, vehicle_id, recording(WAY[:100]))
    assert (answer.json()["late"], answer.json()["accepted"]) == (100, 0)
    await platform.settle()
    assert sum(len(event.fixes) for event in platform.events(LatePositionsRecorded, tenant=tenant)) == 100


async def test_the_answer_says_what_was_left_out(probe: HttpProbe, vehicle_id: UUID) -> None:
    """A point at 0, 0, one without a time, a height that is none, and a file that was cut off in a point."""
    lines = recording(WAY[:20]).splitlines(keepends=True)
    lines[5:5] = [
        b'<trkpt lat="0" lon="0"><time>2026-03-02T07:00:07Z</time></trkpt>\n',
        b'<trkpt lat="45" lon="13"/>\n',
        b'<trkpt lat="45.27" lon="13.71"><ele>NaN</ele><time>2026-03-02T06:59:00Z</time></trkpt>\n',
    ]
    answer = await bring(probe, vehicle_id, b"".join(lines)[:-60])
    told = answer.json()
    taken = told["accepted"]
    assert told["points"] == taken + 2
    assert (told["rejected"], told["timeless"], told["left_out"]) == ({"null_island": 1}, 1, 2)
    assert "<ele> 'NaN'" in told["told"][0]
    assert "no well-formed XML" in told["told"][1]


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (b"", 422, "invalid_gpx"),
        (b"{}", 422, "invalid_gpx"),
        (b"<kml/>", 422, "invalid_gpx"),
        (b'<!DOCTYPE gpx [<!ENTITY a "a">]><gpx>&a;</gpx>', 422, "invalid_gpx"),
        (b"<gpx/>", 422, "no_fixes"),
        (b'<gpx><trk><trkseg><trkpt lat="1" lon="2"/></trkseg></trk></gpx>', 422, "no_fixes"),
        (b"<gpx>" + b" " * MAX_IMPORT_BYTES, 413, "body_too_large"),
    ],
)
async def test_what_holds_nothing_to_enter_is_refused(
    probe: HttpProbe, vehicle_id: UUID, document: bytes, status: int, code: str
) -> None:
    answer = await bring(probe, vehicle_id, document)
    assert (answer.status, answer.code) == (status, code), answer.body


async def test_another_type_and_an_unknown_vehicle_are_refused(probe: HttpProbe, vehicle_id: UUID) -> None:
    document = recording(WAY[:2])
    assert (await bring(probe, vehicle_id, document, {"Content-Type": "application/json"})).status == 415
    assert (await bring(probe, new_id(), document)).code == "vehicle_not_found"


async def test_a_request_under_one_key_is_one_import(probe: HttpProbe, vehicle_id: UUID) -> None:
    document, headers = recording(WAY), {**GPX, "Idempotency-Key": "a"}
    first, again = [await bring(probe, vehicle_id, document, headers) for _ in range(2)]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()


async def test_a_recording_is_of_its_time_and_says_nothing_of_the_device(probe: HttpProbe, vehicle_id: UUID) -> None:
    """A drive of 1024 weeks ago, which of a device would be one of today with a receiver that loses weeks."""
    old = [replace(item, fix_at=item.fix_at - timedelta(weeks=1024)) for item in WAY[:20]]
    answer = await bring(probe, vehicle_id, recording(old))
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (20, {})
    document = b'<gpx><trk><trkseg><trkpt lat="0" lon="0"><time>2026-03-02T07:00:07Z</time></trkpt></trkseg></trk></gpx>'
    assert (await bring(probe, vehicle_id, document)).json()["rejected"] == {"null_island": 1}
    assert "reasons" not in (await probe.get(f"/v1/vehicles/{vehicle_id}/device")).json()
