"""What is driven: its length, and where goods are picked up and dropped off."""

from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.demo.journey import distance_m, distinct, journey_of_gpx, length_m, plan_journey
from modules.puabo_nexus.fleet.contract import RequestDelivery
from nexus_actors.demo import DemoFailed
from nexus_actors.rules import check_of
from tests.modules.puabo_nexus.demo.recording import DRIVE, fix
from tests.modules.puabo_nexus.tracker.documents import gpx
from tests.modules.puabo_nexus.tracker.recordings import recording


def test_the_delivery_goes_from_the_first_fix_to_the_farthest() -> None:
    there_and_back = [*DRIVE, *(fix(20 - step, 100.0 * step) for step in range(9, -1, -1))]
    journey = plan_journey("drive", there_and_back)
    assert (journey.pickup.lat, journey.pickup.lon) == (DRIVE[0].lat, DRIVE[0].lon)
    assert (journey.dropoff.lat, journey.dropoff.lon) == (DRIVE[-1].lat, DRIVE[-1].lon)
    assert journey.length_m == pytest.approx(2_000, rel=0.01)


@given(st.floats(41, 5_000))
def test_the_fleet_takes_the_places_of_any_journey(away_m: float) -> None:
    journey = plan_journey("drive", [fix(0, 0.0), fix(60, away_m)])
    request = RequestDelivery(delivery_id=UUID(int=1), pickup=journey.pickup, dropoff=journey.dropoff)
    check = check_of(RequestDelivery)
    assert check is not None
    assert check(msgspec.json.decode(msgspec.json.encode(request), type=RequestDelivery)) == request


def test_a_journey_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(DemoFailed, match="leads 30 m away at most"):
        plan_journey("walk", [fix(0, 0.0), fix(1, 30.0), fix(2, 10.0)])


def test_each_instant_counts_once_and_in_order() -> None:
    assert distinct([DRIVE[2], DRIVE[0], fix(2, 7.0), DRIVE[1]]) == DRIVE[:3]


def test_the_longest_track_of_a_recording_is_driven() -> None:
    short, long = gpx("short", DRIVE[:3]), gpx("long", DRIVE)
    both = short.replace(b"</gpx>", b"") + long[long.index(b"<trk>") :]
    journey = journey_of_gpx("both.gpx", both)
    assert len(journey.fixes) == len(DRIVE)
    assert journey.title == "both.gpx"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"no XML", "cannot be read"),
        (b'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"></gpx>', "no track whose points carry a time"),
        (
            b'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg><trkpt lat="1" lon="2"/>'
            b"</trkseg></trk></gpx>",
            "no track whose points carry a time",
        ),
    ],
)
def test_what_cannot_be_driven_is_told(document: bytes, message: str) -> None:
    with pytest.raises(DemoFailed, match=message):
        journey_of_gpx("x.gpx", document)


def test_what_was_left_out_of_a_recording_is_told() -> None:
    document = recording(DRIVE)
    journey = journey_of_gpx("cut.gpx", document[: document.index(b"</gpx>")])
    assert len(journey.fixes) == len(DRIVE)
    assert journey.title.startswith("cut.gpx (1 left out; line ")


@pytest.mark.reference
def test_a_real_recording_is_as_long_as_it_is(shared_data: Path) -> None:
    document = (shared_data / "gps" / "around-visnjan-with-car.gpx").read_bytes()
    journey = journey_of_gpx("around-visnjan-with-car.gpx", document)
    assert len(journey.fixes) == 104
    assert journey.length_m == pytest.approx(2736.0, abs=0.1)
    assert max(distance_m(journey.fixes[0], other) for other in journey.fixes) > 2 * journey.pickup.radius_m
    assert length_m(journey.fixes) == journey.length_m
