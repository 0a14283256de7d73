"""The way of a delivery from its request to its end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from modules.puabo_nexus.fleet.contract import Delivery, DeliveryStatus, Place
from modules.puabo_nexus.fleet.domain.progress import (
    OPEN,
    ORDER,
    TRANSITIONS,
    UNDER_WAY,
    Advance,
    Crossing,
    Ignored,
    PassedBy,
    Progress,
    Sighting,
    Waits,
    judge,
    progress_of,
    steps,
    visit_s,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VAN, TRUCK = UUID(int=1), UUID(int=2)
PLACE = Place(name="Depot", lat=45.8, lon=15.97)
ASSIGNED = Progress(status="assigned", vehicle_id=VAN, assigned_at=NOON)


def sighting(crossing: Crossing, minute: float = 1, vehicle_id: UUID = VAN) -> Sighting:
    return Sighting(crossing=crossing, vehicle_id=vehicle_id, crossed_at=NOON + timedelta(minutes=minute))


def follow(progress: Progress, seen: Sighting) -> Progress:
    """The delivery after a sighting, as its actor keeps it."""
    verdict = judge(progress, seen)
    if not isinstance(verdict, Advance):
        return progress
    return replace(progress, status=verdict.statuses[-1], crossed_at=seen.crossed_at)


def drive(*seen: Sighting, start: Progress = ASSIGNED) -> list[DeliveryStatus]:
    """The statuses after each sighting."""
    statuses: list[DeliveryStatus] = []
    for item in seen:
        start = follow(start, item)
        statuses.append(start.status)
    return statuses


def why(progress: Progress, seen: Sighting) -> str:
    verdict = judge(progress, seen)
    assert isinstance(verdict, Ignored)
    return verdict.why


def test_a_plain_drive_delivers() -> None:
    assert drive(
        sighting("reached_pickup", 1),
        sighting("left_pickup", 5),
        sighting("reached_dropoff", 20),
        sighting("left_dropoff", 25),
    ) == ["at_pickup", "picked_up", "delivered", "delivered"]


def test_leaving_the_pickup_without_having_reached_it_counts_as_both() -> None:
    assert judge(ASSIGNED, sighting("left_pickup")) == Advance(("at_pickup", "picked_up"))


def test_a_missed_departure_is_made_up_for_at_the_dropoff() -> None:
    at_pickup = follow(ASSIGNED, sighting("reached_pickup"))

    assert judge(at_pickup, sighting("reached_dropoff", 2)) == Advance(("picked_up", "delivered"))


def test_reaching_the_dropoff_first_is_driving_by() -> None:
    assert "drives by" in why(ASSIGNED, sighting("reached_dropoff"))
    assert drive(
        sighting("reached_dropoff", 1),
        sighting("left_dropoff", 2),
        sighting("reached_pickup", 3),
        sighting("left_pickup", 4),
        sighting("reached_dropoff", 5),
    ) == ["assigned", "assigned", "at_pickup", "picked_up", "delivered"]


def test_a_crossing_older_than_the_assignment_is_ignored() -> None:
    assert "older than the assignment" in why(ASSIGNED, sighting("reached_pickup", -0.01))
    assert judge(ASSIGNED, sighting("reached_pickup", 0)) == Advance(("at_pickup",))


def test_a_late_crossing_does_not_undo_a_later_one() -> None:
    # It left at minute 3 and was back at minute 5; the departure comes late.
    back = drive(sighting("reached_pickup", 5), sighting("left_pickup", 3))

    assert back == ["at_pickup", "at_pickup"]


def test_another_vehicle_moves_nothing() -> None:
    assert f"Vehicle {TRUCK} does not carry it" in why(ASSIGNED, sighting("reached_pickup", vehicle_id=TRUCK))


def test_a_delivery_that_nobody_carries_moves_nowhere() -> None:
    assert "not assigned" in why(Progress(status="requested"), sighting("reached_pickup"))
    assert "not assigned" in why(Progress(status="cancelled"), sighting("reached_pickup"))


@pytest.mark.parametrize("status", ["delivered", "cancelled"])
@pytest.mark.parametrize("crossing", get_args(Crossing))
def test_what_has_ended_stays_ended(status: DeliveryStatus, crossing: Crossing) -> None:
    ended = replace(ASSIGNED, status=status)

    assert status in why(ended, sighting(crossing))
    assert steps(status, "assign") == steps(status, "cancel") == ()


@pytest.mark.parametrize("status", OPEN)
def test_all_that_is_open_can_be_cancelled_and_assigned(status: DeliveryStatus) -> None:
    assert steps(status, "cancel") == ("cancelled",)
    assert steps(status, "assign") == (("picked_up",) if status == "picked_up" else ("assigned",))


@pytest.mark.parametrize("status", UNDER_WAY)
def test_all_that_is_under_way_can_be_completed_and_unassigned(status: DeliveryStatus) -> None:
    assert steps(status, "complete")[-1] == "delivered"
    assert steps(status, "unassign") == ("requested",)


def test_every_step_of_the_table_goes_one_stage_on() -> None:
    for (status, trigger), path in TRANSITIONS.items():
        if trigger in {"cancel", "assign", "unassign"}:
            assert len(path) == 1
            continue
        for before, after in pairwise((status, *path)):
            assert ORDER.index(after) == ORDER.index(before) + 1
    assert set(UNDER_WAY) < set(OPEN)


ARRIVED = replace(ASSIGNED, status="at_pickup", arrived_at=NOON + timedelta(minutes=1), visit_s=60)


@pytest.mark.parametrize(("minute", "verdict"), [(1.09, PassedBy), (1.99, PassedBy), (2, Advance), (30, Advance)])
def test_who_leaves_the_pickup_sooner_than_a_visit_takes_has_passed_by(minute: float, verdict: type) -> None:
    assert isinstance(judge(ARRIVED, sighting("left_pickup", minute)), verdict)


def test_who_is_said_to_be_at_the_pickup_or_stood_there_when_assigned_did_not_pass_by() -> None:
    said, stood = replace(ARRIVED, arrived_at=None), replace(ARRIVED, assigned_at=ARRIVED.arrived_at)

    assert judge(said, sighting("left_pickup", 1.1)) == judge(stood, sighting("left_pickup", 1.1)) == Advance(("picked_up",))


def test_a_departure_that_was_a_passage_is_not_one_when_it_comes_again() -> None:
    passed = replace(ASSIGNED, crossed_at=NOON + timedelta(minutes=1))

    assert "seen already" in why(passed, sighting("left_pickup", 1))


LOADED = replace(ASSIGNED, status="picked_up", dropoff_visit_s=60)


@pytest.mark.parametrize(("minute", "verdict"), [(20.1, Ignored), (20.99, Ignored), (21, Advance), (50, Advance)])
def test_who_leaves_the_dropoff_sooner_than_a_visit_takes_has_passed_by(minute: float, verdict: type) -> None:
    came = sighting("reached_dropoff", 20)
    there = replace(LOADED, crossed_at=came.crossed_at, dropoff_at=came.crossed_at)

    assert judge(LOADED, came) == Waits(60)
    left = judge(there, sighting("left_dropoff", minute))
    assert isinstance(left, verdict)
    assert left == Advance(("delivered",), at=came.crossed_at) or getattr(left, "drove_on", False)


def test_what_was_followed_since_it_came_to_the_dropoff_has_decided_about_it() -> None:
    delivery = Delivery(
        delivery_id=UUID(int=3), status="picked_up", pickup=PLACE, dropoff=PLACE, requested_at=NOON, vehicle_id=VAN
    )
    later = NOON + timedelta(minutes=1)

    assert progress_of(delivery, NOON, None, NOON).dropoff_at == NOON
    assert progress_of(delivery, later, None, NOON).dropoff_at is None
    assert progress_of(delivery, None, None, NOON).dropoff_at is None


def test_a_slow_way_through_a_small_place_is_a_visit() -> None:
    assert visit_s(60, 100) == 60
    assert visit_s(60, 10) == pytest.approx(7.2)  # 20 m at 10 km/h
    assert visit_s(0, 100) == 0


def test_a_round_trip_ends_when_it_has_left_and_come_back() -> None:
    here = replace(ARRIVED, round_trip=True)

    assert "must leave" in why(here, sighting("reached_dropoff", 1))
    assert judge(replace(here, status="picked_up"), sighting("reached_dropoff", 9)) == Advance(("delivered",))


sightings = st.builds(
    sighting,
    st.sampled_from(get_args(Crossing)),
    st.integers(-3, 12).map(float),
    st.sampled_from([VAN, VAN, VAN, TRUCK]),
)


@given(st.lists(sightings, max_size=20))
def test_whatever_comes_in_whatever_order_a_delivery_only_moves_on(seen: list[Sighting]) -> None:
    progress = ASSIGNED
    for item in seen:
        after = follow(progress, item)
        assert ORDER.index(after.status) >= ORDER.index(progress.status)
        if after != progress:
            assert item.vehicle_id == VAN
            assert item.crossed_at >= max(NOON, progress.crossed_at or NOON)
        assert follow(after, item).status == after.status
        progress = after


@given(st.lists(sightings, max_size=20))
def test_nothing_is_delivered_that_was_not_at_the_pickup(seen: list[Sighting]) -> None:
    passed: list[DeliveryStatus] = ["assigned"]
    progress = ASSIGNED
    for item in seen:
        verdict = judge(progress, item)
        if isinstance(verdict, Advance):
            passed.extend(verdict.statuses)
        progress = follow(progress, item)

    assert passed == list(ORDER[1 : 1 + len(passed)])
    assert progress.status == passed[-1]
