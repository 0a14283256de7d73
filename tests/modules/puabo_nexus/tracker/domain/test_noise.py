"""A receiver's noise is no drive, and slow motion is one: what drivers and dispatchers see of it in trips and odometers."""

from math import cos, pi, sin
from random import Random

import pytest

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.segmentation import segment
from modules.puabo_nexus.tracker.domain.track import Leg, TripRules
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, joined, stand

RULES = TripRules()
EIGHT_HOURS_S = 8 * 3600


def trips(fixes: list[Fix]) -> list[Leg]:
    return segment(fixes, [], RULES)


def with_speed(fixes: list[Fix], speed_mps: float | None, accuracy_m: float | None = None) -> list[Fix]:
    return [Fix(fix_at=f.fix_at, lat=f.lat, lon=f.lon, speed_mps=speed_mps, accuracy_m=accuracy_m) for f in fixes]


def drift(
    seed: int, radius_m: float, every_s: float, duration_s: float, *, from_s: float = 0.0, east_m: float = 0.0, **more: float
) -> list[Fix]:
    """A vehicle that stands under a roof: its fixes lie anywhere in a circle."""
    random = Random(seed)  # noqa: S311 - a seed, so that it is the same one each time
    fixes = []
    for number in range(int(duration_s / every_s)):
        reach, turn = radius_m * random.random() ** 0.5, 2 * pi * random.random()
        fixes.append(fix(from_s + number * every_s, east_m + reach * cos(turn), reach * sin(turn), **more))
    return fixes


def gaussian(seed: int, accuracy_m: float, every_s: float, duration_s: float) -> list[Fix]:
    """The same, where two fixes of three lie inside of the accuracy that they state, and some far outside."""
    random = Random(seed)  # noqa: S311 - as above
    sigma = accuracy_m / 1.515
    count = int(duration_s / every_s)
    return [fix(n * every_s, random.gauss(0, sigma), random.gauss(0, sigma), accuracy_m=accuracy_m) for n in range(count)]


@pytest.mark.parametrize("accuracy_m", [400.0, None])
@pytest.mark.parametrize("speed_mps", [0.0, None])
def test_one_fix_of_a_parked_vehicle_far_off_is_no_trip(accuracy_m: float | None, speed_mps: float | None) -> None:
    for every_s in (10, 30, 60):
        fixes = [fix(n * every_s) for n in range(60)]
        fixes[40] = fix(40 * every_s, 180)
        off = with_speed([fixes[40]], speed_mps, accuracy_m)
        assert trips(joined(with_speed(fixes[:40], speed_mps, 5), off, with_speed(fixes[41:], speed_mps, 5))) == []


@pytest.mark.parametrize("speed_mps", [0.0, None])
def test_a_first_fix_far_off_is_no_trip(speed_mps: float | None) -> None:
    """A receiver that has just been switched on, which knows how little it knows."""
    cold = with_speed([fix(0, 300)], speed_mps, 400)
    assert trips(joined(cold, with_speed(stand(0, 1800, 0), speed_mps, 5))) == []


@pytest.mark.parametrize("every_s", [1.0, 10.0, 30.0, 120.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_drift_that_the_accuracy_explains_is_no_trip(seed: int, every_s: float) -> None:
    assert trips(drift(seed, 50, every_s, EIGHT_HOURS_S, accuracy_m=50.0)) == []


@pytest.mark.parametrize("seed", range(5))
def test_a_drift_of_which_a_third_lies_outside_of_the_accuracy_is_no_trip(seed: int) -> None:
    assert trips(gaussian(seed, 50, 30, EIGHT_HOURS_S)) == []
    assert trips(gaussian(seed, 120, 30, EIGHT_HOURS_S)) == []


@pytest.mark.parametrize("every_s", [5.0, 20.0, 45.0])
def test_a_drift_of_a_device_that_says_that_it_stands_is_no_trip_however_sure_it_is_of_its_place(every_s: float) -> None:
    assert trips(drift(1, 150, every_s, EIGHT_HOURS_S, speed_mps=0.0, accuracy_m=5.0)) == []


def test_a_trip_ends_where_its_vehicle_stands_and_drifts() -> None:
    there = with_speed(drive(0, 0, 3000, 12), 12, 5)
    roof = drift(4, 60, 30, EIGHT_HOURS_S, from_s=280, east_m=3000, accuracy_m=60.0)
    [leg] = trips(joined(there, roof))
    assert leg.reason == "stop"
    assert (leg.end.at - at(250)).total_seconds() <= 60
    assert leg.length_m == pytest.approx(3000, abs=130)


def test_a_bad_fix_on_the_way_adds_nothing() -> None:
    way = with_speed(drive(0, 0, 6000, 12, every_s=1), 12, 5)
    way[200] = fix(way[200].fix_at.timestamp() - at(0).timestamp(), 2400, 150, speed_mps=12.0, accuracy_m=400.0)
    [leg] = trips(way)
    assert leg.length_m == pytest.approx(6000, rel=0.002)
    assert leg.top_mps == 12


@pytest.mark.parametrize("every_s", [1.0, 10.0])
@pytest.mark.parametrize("speed_mps", [1.0, None])
def test_slow_motion_counts(speed_mps: float | None, every_s: float) -> None:
    """A sweeper at a walking pace, whose every step is smaller than its receiver's accuracy."""
    [leg] = trips(with_speed(drive(0, 0, 2000, 1.0, every_s=every_s), speed_mps, 10))
    assert leg.length_m == pytest.approx(2000, abs=45)


@pytest.mark.parametrize("accuracy_m", [None, 5.0, 15.0])
def test_a_drive_is_as_long_as_its_line_however_accurate_it_is(accuracy_m: float | None) -> None:
    for speed_mps in (None, 12.0):
        [leg] = trips(with_speed(drive(0, 0, 6000, 12, every_s=1), speed_mps, accuracy_m))
        assert leg.start.at == at(0)
        assert leg.length_m == pytest.approx(6000, abs=65)


def test_a_halt_at_lights_splits_no_trip() -> None:
    there, halt = with_speed(drive(0, 0, 2000, 10), 10, 5), with_speed(stand(200, 240, 2000), 0, 5)
    [leg] = trips(joined(there, halt, with_speed(drive(450, 2000, 4000, 10), 10, 5)))
    assert leg.length_m == pytest.approx(4000, rel=0.01)


def test_a_crawl_from_halt_to_halt_is_in_the_odometer_once_it_moves_on() -> None:
    """Stop and go, where every fix is taken while the vehicle stands."""
    queue = [fix(20 * n, 15 * n, speed_mps=0.0, accuracy_m=4.0) for n in range(60)]
    free = with_speed(drive(1200, 900, 3000, 14), 14, 4)
    legs = trips(joined(with_speed(drive(-100, -1000, 0, 10), 10, 4), queue, free))
    assert sum(leg.length_m for leg in legs) == pytest.approx(4000, rel=0.02)


def test_a_device_that_reports_rarely_and_only_while_standing_has_trips() -> None:
    fixes = [fix(600 * n, 3000 * min(n, 4), speed_mps=0.0, accuracy_m=10.0) for n in range(8)]
    [leg] = trips(fixes)
    assert leg.length_m == pytest.approx(12_000, rel=0.01)


def test_there_and_back_between_two_fixes_is_a_trip_where_it_is_too_far_for_noise() -> None:
    fixes = joined(stand(0, 1200, 0), [fix(1800, 5000)], stand(2400, 1200, 0))
    assert sum(leg.length_m for leg in trips(fixes)) == pytest.approx(10_000, rel=0.01)
