"""Erasing where a vehicle was: all of it is gone, and nothing else."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bus import Refusal, new_id
from modules.puabo_nexus.fleet.contract import VehicleRetired
from modules.puabo_nexus.tracker.contract import EndTrip, ErasedPositions, ErasePositions, Fix, PositionsErased, RecordPositions
from modules.puabo_nexus.tracker.domain.recorder import Erasure
from modules.puabo_nexus.tracker.domain.segmentation import segment
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.queries import erasure, positions
from modules.puabo_nexus.tracker.queries.positions import TimeRange
from modules.puabo_nexus.tracker.tables import TRIPS
from nexus_actors.testing import Desk, HttpProbe, TestPlatform
from tests.modules.puabo_nexus.tracker.conftest import NOW, SCOPES, VAN
from tests.modules.puabo_nexus.tracker.drives import START, at, drive, fix, joined, stand
from tests.modules.puabo_nexus.tracker.tracker_twin import TrackerTwin

pytestmark = pytest.mark.anyio

FIRST = drive(0, 0, 3000, 12)
DAY = joined(FIRST, stand(250, 600, 3000), drive(860, 3000, 6000, 12), stand(1110, 600, 6000), drive(1720, 6000, 9000, 12),
             stand(1970, 600, 9000))  # fmt: skip


async def send(desk: Desk, fixes: list[Fix], **more: Any) -> None:
    await desk.ask(RecordPositions(vehicle_id=VAN.vehicle_id, fixes=tuple(fixes)), scopes=["*"], **more)


async def erase(desk: Desk, from_s: float | None = None, to_s: float | None = None, **more: Any) -> ErasedPositions:
    bounds = {name: at(value) for name, value in (("from_at", from_s), ("to_at", to_s)) if value is not None}
    return await desk.ask(ErasePositions(vehicle_id=VAN.vehicle_id, **bounds), scopes=["*"], **more)


async def left(desk: Desk) -> list[Fix]:
    return await positions.within(desk, VAN.vehicle_id, TimeRange(), None, 9999)


async def test_a_range_is_erased_with_the_trips_that_touch_it_and_the_odometer_stays(desk: Desk) -> None:
    await send(desk, [*DAY, fix(901.5, 900_000)])
    first, _, third = sorted(await TRIPS.select(desk, "true"), key=lambda trip: trip.started_at)
    before = await positions.last(desk, VAN.vehicle_id)
    desk.take()

    done = await erase(desk, 860, 1300)

    gone = [item for item in DAY if at(860) <= item.fix_at < at(1300)]
    assert done == ErasedPositions(vehicle_id=VAN.vehicle_id, positions=len(gone) + 1, trips=1, is_done=True)
    assert await left(desk) == [item for item in DAY if item not in gone]
    assert await desk.db.fetchval("SELECT count(*) FROM quarantine WHERE tenant = $1", desk.tenant) == 0
    assert sorted(await TRIPS.select(desk, "true"), key=lambda trip: trip.started_at) == [first, third]
    after = await positions.last(desk, VAN.vehicle_id)
    assert before is not None
    assert after is not None
    assert after.odometer_m == pytest.approx(before.odometer_m)
    assert desk.take() == [PositionsErased(vehicle_id=VAN.vehicle_id, from_at=at(860), to_at=at(1300))]


async def test_once_more_erases_nothing_more(desk: Desk) -> None:
    await send(desk, DAY)
    await erase(desk, 860, 1300)
    kept = await left(desk), await TRIPS.select(desk, "true")
    again = await erase(desk, 860, 1300)
    assert (again.positions, again.trips, again.is_done) == (0, 0, True)
    assert (await left(desk), await TRIPS.select(desk, "true")) == kept


async def test_all_is_erased_and_the_vehicle_goes_on(desk: Desk) -> None:
    await send(desk, DAY)
    done = await erase(desk)
    assert (done.positions, done.trips, done.is_done) == (len(DAY), 3, True)
    assert await left(desk) == []
    assert await TRIPS.select(desk, "true") == []
    await send(desk, drive(2600, 9000, 12_000, 12))
    [trip] = await TRIPS.select(desk, "true")
    assert trip.started_at == at(2600)


async def test_a_late_fix_after_it_finds_what_is_left(desk: Desk) -> None:
    await send(desk, DAY)
    await erase(desk, 860, 1300)
    late = fix(125, 1500, 40)
    await send(desk, [late])
    rest = joined([item for item in DAY if not at(860) <= item.fix_at < at(1300)], [late])
    legs = [leg for leg in segment(rest, [], TripRules()) if leg.start.at < at(800)]
    trips = await TRIPS.select(desk, "started_at < $2", at(800))
    assert [(trip.started_at, trip.distance_m) for trip in trips] == [(leg.start.at, leg.length_m) for leg in legs]


async def test_a_trip_under_way_is_ended_first(desk: Desk) -> None:
    await send(desk, FIRST)
    with pytest.raises(Refusal) as refused:
        await erase(desk)
    assert refused.value.code == "trip_open"
    assert await left(desk) == FIRST
    assert (await erase(desk, to_s=-10)).is_done
    await desk.ask(EndTrip(vehicle_id=VAN.vehicle_id), scopes=["*"])
    assert (await erase(desk)).trips == 1


async def test_very_much_goes_part_by_part_and_the_timer_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is a turn: whoever dies between two of them leaves the timer, by which another goes on."""
    monkeypatch.setattr(erasure, "MOST_AT_ONCE", 10)
    await send(desk, DAY)
    done = await erase(desk)
    assert (done.positions, done.trips, done.is_done) == (10, 3, False)
    await desk.advance(1)
    assert await left(desk) == []


async def test_what_comes_late_meanwhile_is_cut_once_all_is_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "MOST_AT_ONCE", 10)
    await send(desk, DAY)
    await erase(desk, 860, 1300)
    late = fix(125, 1500, 40)
    await send(desk, [late])
    await desk.advance(1)
    gone = [item for item in DAY if at(860) <= item.fix_at < at(1300)]
    rest = joined([item for item in DAY if item not in gone], [late])
    assert await left(desk) == rest
    [leg, *_] = segment(rest, [], TripRules())
    [trip] = await TRIPS.select(desk, "started_at < $2", at(800))
    assert trip.distance_m == leg.length_m


async def test_a_checkpoint_whose_fix_was_erased_holds_nothing_up() -> None:
    twin = TrackerTwin(VAN.vehicle_id, NOW, checkpoint_every=5)
    for item in DAY:
        await twin.send([item])
    for instant in [instant for instant in twin.history.stored if at(400) < instant < at(700)]:
        del twin.history.stored[instant]
    late = fix(125, 1500, 40)
    await twin.send([late])
    kept = [twin.history.stored[instant] for instant in sorted(twin.history.stored)]
    legs = segment(kept, [], TripRules())
    assert twin.state.late == []
    assert [trip.started_at for trip in twin.history.in_order()] == [leg.start.at for leg in legs]
    assert twin.history.in_order()[0].distance_m == legs[0].length_m


async def test_nothing_of_others_is_touched(desk: Desk) -> None:
    other = replace(VAN, vehicle_id=new_id(), device_id=None)
    await desk.publish(other)
    await desk.publish(VAN, tenant="other")
    await send(desk, DAY)
    await send(desk, DAY, tenant="other")
    await desk.ask(RecordPositions(vehicle_id=other.vehicle_id, fixes=tuple(DAY)), scopes=["*"])
    await erase(desk)
    count = "SELECT count(*) FROM positions WHERE tenant = $1 AND vehicle_id = $2"
    assert await desk.db.fetchval(count, "other", VAN.vehicle_id) == len(DAY)
    assert await desk.db.fetchval(count, desk.tenant, other.vehicle_id) == len(DAY)
    assert await desk.db.fetchval("SELECT count(*) FROM trips WHERE tenant = $1", desk.tenant) == 3
    assert await desk.db.fetchval("SELECT count(*) FROM trips WHERE tenant = $1", "other") == 3


async def test_of_a_vehicle_that_has_left_the_fleet_too_and_of_none_that_was_never_there(desk: Desk) -> None:
    await send(desk, DAY)
    await desk.publish(VehicleRetired(vehicle_id=VAN.vehicle_id))
    assert (await erase(desk)).positions == len(DAY)
    refusal = await desk.refusal_of(ErasePositions(vehicle_id=new_id()))
    assert refusal.code == "vehicle_unknown"


@pytest.mark.parametrize(("from_s", "to_s", "is_known"), [(None, 10_000, False), (3000, 10_000, True), (None, -1, True)])
async def test_the_state_keeps_no_place_of_the_range(from_s: float | None, to_s: float, is_known: bool) -> None:
    twin = TrackerTwin(VAN.vehicle_id, NOW)
    await twin.send(DAY)
    span = Erasure(None if from_s is None else at(from_s), at(to_s))
    twin.state.forget(span, None)
    assert (b'"lat"' in msgspec.json.encode(twin.state)) is is_known


async def test_it_takes_a_scope_of_its_own(platform: TestPlatform, probe: HttpProbe, vehicle_id: Any, tenant: str) -> None:
    await probe.post(f"/v1/vehicles/{vehicle_id}/positions", {"fixes": FIRST})
    await probe.post(f"/v1/vehicles/{vehicle_id}/trip:end")
    path = f"/v1/vehicles/{vehicle_id}/positions:erase"
    assert (await probe.post(path, {})).status == 403
    eraser = platform.http("tracker-ms", *SCOPES, "tracker:erase", tenant=tenant)
    backwards = {"from_at": START, "to_at": START - timedelta(seconds=1)}
    assert (await eraser.post(path, backwards)).status == 422
    answer = await eraser.post(path, {"to_at": START + timedelta(seconds=5)})
    assert answer.json() == {"vehicle_id": str(vehicle_id), "positions": 1, "trips": 1, "is_done": True}
    assert (await probe.get("/v1/trips")).json()["items"] == []
