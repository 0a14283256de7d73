"""The drive that is made up."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from modules.puabo_nexus.demo.journey import distance_m, plan_journey
from modules.puabo_nexus.demo.simulation import simulated_drive
from modules.puabo_nexus.tracker.domain.filters import FixRules, sift_live
from modules.puabo_nexus.tracker.domain.segmentation import segment
from modules.puabo_nexus.tracker.domain.track import TripRules
from tests.modules.puabo_nexus.demo.recording import START

SEEDS = st.integers(0, 10_000)


def test_the_same_seed_makes_the_same_drive() -> None:
    assert simulated_drive(7, START) == simulated_drive(7, START)
    assert simulated_drive(7, START) != simulated_drive(8, START)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_it_ends_when_it_is_to_and_has_a_fix_each_second(seed: int) -> None:
    fixes = simulated_drive(seed, START)
    assert fixes[-1].fix_at == START
    assert {b.fix_at - a.fix_at for a, b in pairwise(fixes)} == {timedelta(seconds=1)}


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_the_tracker_believes_it_and_sees_one_trip(seed: int) -> None:
    fixes = simulated_drive(seed, START)
    sifted, _ = sift_live(fixes, None, None, FixRules())
    assert sifted.quarantined == []
    assert len(segment(fixes, [fixes[-1].fix_at], TripRules())) == 1


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_there_is_something_to_deliver_on_it(seed: int) -> None:
    journey = plan_journey("drive", simulated_drive(seed, START))
    assert journey.pickup.radius_m == 100
    assert max(distance_m(journey.fixes[0], fix) for fix in journey.fixes) > 400
