from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain, pairwise, permutations
from uuid import uuid4

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.puabo_nexus.tracker.contract import (
    Fix,
    LatePositionsRecorded,
    PositionsQuarantined,
    PositionsRecorded,
    Trip,
    TripEnded,
    TripRevised,
    TripStarted,
)
from modules.puabo_nexus.tracker.domain.filters import by_time
from modules.puabo_nexus.tracker.domain.revision import MOST_READ
from modules.puabo_nexus.tracker.domain.segmentation import segment
from modules.puabo_nexus.tracker.domain.track import Leg, TripRules
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, joined, stand, tracks
from tests.modules.puabo_nexus.tracker.tracker_twin import TrackerTwin
from tests.thorough import times

pytestmark = pytest.mark.anyio
RULES = TripRules()

there = drive(0, 0, 3000, 12)
rest = stand(250, 900, 3000)
back = drive(1160, 3000, 0, 12)
day = joined(there, rest, back)


def twin(checkpoint_every: int = 500, most_read: int = MOST_READ) -> TrackerTwin:
    return TrackerTwin(uuid4(), at(1_000_000), checkpoint_every, most_read=most_read)


def of(tracker: TrackerTwin, *kinds: type) -> list[object]:
    return [event for event in tracker.events if isinstance(event, kinds)]


def shape(trip: Trip) -> tuple[datetime, datetime, float, float, str | None]:
    """A trip without its id and version; a hole is a hole, seen from before or after."""
    reason = "gap" if trip.end_reason == "silence" else trip.end_reason
    end = trip.ended_at or trip.started_at
    return trip.started_at, end if trip.ended_at else trip.started_at, trip.distance_m, trip.max_speed_mps, reason


def shape_of_leg(leg: Leg, silent: bool) -> tuple[datetime, datetime, float, float, str | None]:
    reason = leg.reason or ("gap" if silent else None)
    return leg.start.at, leg.end.at if reason else leg.start.at, leg.length_m, leg.top_mps, reason


def check(tracker: TrackerTwin) -> None:
    """The trips are those of the whole history cut at once, and whoever read the events knows the same."""
    history = tracker.history
    silent = tracker.state.trip is not None and tracker.state.trip.silent_at is not None
    fixes = [history.stored[instant] for instant in sorted(history.stored)]
    legs = segment(fixes, sorted(history.cut_instants), RULES)
    assert [shape(trip) for trip in history.in_order()] == [shape_of_leg(leg, silent) for leg in legs]
    known = sorted(tracker.reader.ended.values())
    assert known == [(t.started_at, t.ended_at, t.distance_m) for t in history.in_order() if t.ended_at is not None]
    assert tracker.reader.open == {trip.trip_id for trip in history.in_order() if trip.ended_at is None}


async def test_a_day_gives_its_trips_in_order() -> None:
    tracker = twin()
    [receipt] = await tracker.send(day)
    assert (receipt.accepted, receipt.duplicate, receipt.late, receipt.rejected) == (len(day), 0, 0, ())
    kinds = [type(event) for event in tracker.events]
    assert kinds == [PositionsRecorded, TripStarted, TripEnded, TripStarted]
    check(tracker)


async def test_a_batch_sent_again_changes_nothing() -> None:
    tracker = twin()
    await tracker.send(day)
    before, published = dict(tracker.history.trip_rows), len(tracker.events)
    [receipt] = await tracker.send(day)
    assert (receipt.accepted, receipt.duplicate) == (0, len(day))
    assert tracker.history.trip_rows == before
    assert len(tracker.events) == published


async def test_a_late_fix_revises_its_trip_and_moves_nothing_live() -> None:
    tracker = twin()
    await tracker.send([item for item in day if item.fix_at != at(120)])
    before = tracker.state.track.last
    [receipt] = await tracker.send([fix(120, 1440, 300)])
    assert receipt.late == 1
    assert tracker.state.track.last == before
    late, revised = tracker.events[-2:]
    assert isinstance(late, LatePositionsRecorded)
    assert isinstance(revised, TripRevised)
    assert (revised.change, revised.started_at, revised.trip_version) == ("changed", at(0), 2)
    check(tracker)


async def test_a_stop_that_comes_late_makes_two_trips_of_one() -> None:
    tracker = twin()
    await tracker.send([*there, *drive(1160, 3300, 6000, 12)])
    assert len(tracker.history.trip_rows) == 1
    await tracker.send(rest)
    assert [event.change for event in of(tracker, TripRevised) if isinstance(event, TripRevised)] == ["changed", "added"]
    assert len(of(tracker, TripEnded)) == 0
    check(tracker)
    await tracker.send(stand(1385, 600, 6000))
    assert len(of(tracker, TripEnded)) == 1
    check(tracker)


async def test_a_drive_that_comes_late_joins_two_trips_into_one() -> None:
    tracker = twin()
    hole = drive(250, 3000, 63_000, 15)[1:-1]
    after = drive(4250, 63_000, 66_000, 12)
    await tracker.send(there)
    await tracker.send(after)
    assert len(tracker.history.trip_rows) == 2
    await tracker.send(hole)
    changes = [event.change for event in of(tracker, TripRevised) if isinstance(event, TripRevised)]
    assert sorted(changes) == ["changed", "removed"]
    check(tracker)


async def test_a_jump_is_put_aside_once_and_told_once() -> None:
    tracker = twin()
    bad = fix(125, 900_000)
    [receipt] = await tracker.send([*there, bad])
    assert [item.reasons for item in receipt.rejected] == [("implausible_speed",)]
    [receipt] = await tracker.send([bad])
    assert len(receipt.rejected) == 1
    assert len(of(tracker, PositionsQuarantined)) == 1
    assert len(tracker.history.aside) == 1
    check(tracker)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
async def test_of_one_instant_the_most_accurate_fix_stays_in_whatever_order_they_come(
    order: tuple[int, ...], together: bool
) -> None:
    """A fix of 0, 0, a coarse one and the real one share an instant. What was published of another one is corrected."""
    null = Fix(fix_at=at(125), lat=0.0, lon=0.0)
    one_instant = [null, fix(125, 1500, 200, accuracy_m=90), fix(125, 1500, accuracy_m=5)]
    tracker = twin()
    before, after = [item for item in there if item.fix_at < at(125)], [item for item in there if item.fix_at > at(125)]
    sent = [one_instant[place] for place in order]
    for batch in [[*before, *sent]] if together else [before, *([item] for item in sent)]:
        await tracker.send(batch)
    await tracker.send(after)
    assert tracker.history.stored[at(125)] == one_instant[2]
    assert [item.reasons for item in tracker.history.aside.values()] == [("null_island",)]
    told = chain.from_iterable(e.fixes for e in tracker.events if isinstance(e, PositionsRecorded | LatePositionsRecorded))
    assert [item for item in told if item.fix_at == at(125)][-1] == one_instant[2]
    check(tracker)


async def test_what_is_no_more_accurate_is_a_duplicate() -> None:
    tracker = twin()
    known = fix(260, 3000, accuracy_m=5)
    await tracker.send([*there, known])
    for worse in (fix(260, 3001), fix(260, 3001, accuracy_m=6), fix(260, 3001, accuracy_m=5)):
        [receipt] = await tracker.send([worse])
        assert (receipt.duplicate, receipt.late) == (1, 0)
    assert tracker.history.stored[at(260)] == known
    assert of(tracker, LatePositionsRecorded) == []


async def test_a_more_accurate_fix_that_cannot_be_right_takes_no_place() -> None:
    tracker = twin()
    await tracker.send(there)
    [receipt] = await tracker.send([fix(250, 90_000, accuracy_m=1)])
    assert [item.reasons for item in receipt.rejected] == [("implausible_speed",)]
    assert tracker.history.stored[at(250)] == there[-1]


@pytest.mark.parametrize("before", [[[fix(0, accuracy_m=5)]], [[fix(0)], [fix(0, accuracy_m=5)]]])
async def test_the_accuracy_of_the_newest_fix_counts_for_the_next_one(before: list[list[Fix]]) -> None:
    """125 m within a second are possible for fixes that say nothing of their accuracy, and for two of 5 m they are not."""
    tracker = twin()
    for batch in before:
        await tracker.send(batch)
    [receipt] = await tracker.send([fix(1, 125, accuracy_m=5)])
    assert [item.reasons for item in receipt.rejected] == [("implausible_speed",)]


async def test_a_receiver_that_loses_weeks_makes_no_trips_of_another_century() -> None:
    tracker = twin()
    tracker.now = at(1000)
    lost = [msgspec.structs.replace(item, fix_at=item.fix_at - timedelta(weeks=1024)) for item in there]
    for item in lost:
        await tracker.send([item])
    assert [item.fix_at for item in tracker.history.stored.values()] == [item.fix_at for item in there[2:]]
    assert {item.reasons for item in tracker.history.aside.values()} == {("week_rollover",)}
    check(tracker)


async def test_waiting_messages_are_taken_together_and_answered_each() -> None:
    tracker = twin()
    receipts = await tracker.send(back, there, there[:5])
    assert [receipt.accepted for receipt in receipts] == [len(back), len(there), 0]
    assert receipts[2].duplicate == 5
    assert len(of(tracker, PositionsRecorded)) == 1
    check(tracker)


async def test_a_trip_is_ended_by_request_where_it_is() -> None:
    tracker = twin()
    await tracker.send(there)
    trip = await tracker.end_trip()
    assert trip is not None
    assert (trip.end_reason, trip.ended_at) == ("request", at(250))
    assert len(of(tracker, TripEnded)) == 1
    assert await tracker.end_trip() is None
    await tracker.send(drive(255, 3000, 6000, 12))
    assert len(tracker.history.trip_rows) == 2
    check(tracker)


async def test_silence_ends_a_trip_and_what_follows_in_time_takes_it_up_again() -> None:
    tracker = twin()
    await tracker.send(there)
    await tracker.wait(3599)
    assert len(of(tracker, TripEnded)) == 0
    await tracker.wait(1)
    [trip] = tracker.history.in_order()
    assert (trip.ended_at, trip.end_reason) == (at(250), "silence")
    assert await tracker.end_trip() is None
    await tracker.send(drive(260, 3000, 6000, 12))
    [trip] = tracker.history.in_order()
    assert (trip.ended_at, trip.version) == (None, 3)
    assert len(of(tracker, TripEnded)) == 1
    await tracker.wait(3600)
    [trip] = tracker.history.in_order()
    assert trip.end_reason == "silence"
    assert len(of(tracker, TripEnded)) == 1
    check(tracker)


async def test_reports_put_the_silence_off() -> None:
    tracker = twin()
    await tracker.send(there)
    await tracker.wait(3000)
    await tracker.send(drive(260, 3000, 6000, 12))
    await tracker.wait(3000)
    assert tracker.timer is not None
    assert len(of(tracker, TripEnded)) == 0
    await tracker.wait(600)
    assert len(of(tracker, TripEnded)) == 1


async def test_a_gap_after_silence_ends_the_trip_no_second_time() -> None:
    tracker = twin()
    await tracker.send(there)
    await tracker.wait(4000)
    await tracker.send(drive(5000, 3000, 6000, 12))
    assert len(of(tracker, TripEnded)) == 1
    assert len(of(tracker, TripStarted)) == 2
    check(tracker)


async def test_a_late_fix_costs_a_part_of_the_history_not_all_of_it() -> None:
    tracker = twin(checkpoint_every=100)
    days = [
        joined(drive(s, 0, 3000, 12), stand(s + 250, 1000, 3000), drive(s + 1300, 3000, 0, 12), stand(s + 1550, 1000, 0))
        for s in range(0, 400_000, 4000)
    ]
    for one in days:
        await tracker.send(one)
    stored = len(tracker.history.stored)
    assert stored > 10_000
    await tracker.send([fix(40_000 + 125, 1500, 40)])
    assert tracker.history.read < stored / 20
    assert len(of(tracker, TripRevised)) == 1
    check(tracker)


@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(-6, 6), st.sampled_from([None, 3.0, 30.0, 400.0, 2000.0])),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 9),
)
@settings(max_examples=times(usual=80, thorough=1000), deadline=None)
def test_what_is_believed_does_not_depend_on_how_fixes_are_portioned_out(
    said: list[tuple[int, int, float | None]], size: int
) -> None:
    """Fixes that jump about, in the order in which they were made, some of them at one instant."""
    sent = [fix(2 * second, 60 * place, accuracy_m=accuracy_m) for second, place, accuracy_m in said]
    sent = sorted(dict.fromkeys(sent), key=by_time)

    async def run() -> None:
        at_once, portioned = twin(), twin()
        await at_once.send(sent)
        for start in range(0, len(sent), size):
            await portioned.send(sent[start : start + size])
        assert portioned.history.stored == at_once.history.stored
        assert portioned.history.aside == at_once.history.aside
        check(portioned)

    anyio.run(run)


@pytest.mark.parametrize("told", [{}, {"accuracy_m": 10.0}, {"accuracy_m": 10.0, "speed_mps": 12.0}])
async def test_a_late_fix_costs_the_same_however_long_its_trip_is(told: dict[str, float]) -> None:
    """A drive of hours without a stop, at one speed: nothing but the clock makes one fix of it unlike the next."""
    tracker = twin(checkpoint_every=100)
    away = [fix(n, 12.0 * n, **told) for n in range(8_000)]
    for start in range(0, len(away), 1000):
        await tracker.send(away[start : start + 1000])
    for late_s in (4000.5, 4100.25, 1.5, 7999 - 0.5):
        tracker.history.read = 0
        await tracker.send([fix(late_s, 12.0 * late_s + 3, 4, **told)])
        assert tracker.history.read <= 5 * 100
        assert tracker.turns == 0
        [trip] = tracker.history.in_order()
        assert trip.distance_m == tracker.state.track.open_leg.length_m  # type: ignore[union-attr]
    check(tracker)
    await tracker.send(stand(8000, 900, 96_000))
    tracker.history.read = 0
    await tracker.send([fix(2000.5, 24_010, 5, **told)])
    assert tracker.history.read <= 5 * 100
    check(tracker)


async def test_late_fixes_all_over_a_long_history_are_taken_a_bounded_part_at_a_turn() -> None:
    tracker = twin(checkpoint_every=50, most_read=300)
    days = [joined(drive(s, 0, 3000, 12), stand(s + 250, 3000, 3000)) for s in range(0, 800_000, 40_000)]
    for one in days:
        await tracker.send(one)
    reads: list[int] = []
    tracker.each_turn = lambda: reads.append(tracker.history.take_read())
    await tracker.send([fix(s + 125, 1500, 40) for s in range(0, 800_000, 40_000)])
    assert tracker.turns > 3
    assert max(reads) <= 300 + 5 * 50
    check(tracker)


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[str, Sequence[Fix]]]:
    """A track, in batches that come in any order and overlap, with requests to end the trip and silences in between."""
    track = draw(tracks())
    order = draw(st.permutations(range(len(track)))) if draw(st.booleans()) else list(range(len(track)))
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=8))
    batches: list[tuple[str, Sequence[Fix]]] = []
    index = 0
    while index < len(order):
        size = sizes[len(batches) % len(sizes)]
        batches.append(("send", [track[place] for place in order[max(0, index - 1) : index + size]]))
        index += size
        other = draw(st.sampled_from(["", "", "", "end", "wait"]))
        if other:
            batches.append((other, ()))
    return batches


@given(arrivals(), st.integers(3, 40), st.sampled_from([1, 30, MOST_READ]))
@settings(max_examples=times(usual=40, thorough=400), deadline=None)
def test_the_trips_are_those_of_the_whole_track_in_whatever_order_it_comes(
    arrived: list[tuple[str, Sequence[Fix]]], checkpoint_every: int, most_read: int
) -> None:
    async def run() -> None:
        tracker = twin(checkpoint_every, most_read)
        for what, fixes in arrived:
            if what == "send":
                [receipt] = await tracker.send(fixes)
                assert receipt.accepted + receipt.duplicate + receipt.late + len(receipt.rejected) == len(fixes)
            elif what == "end":
                await tracker.end_trip()
            else:
                await tracker.wait(5000)
        sent = {item.fix_at for _, fixes in arrived for item in fixes}
        assert tracker.history.stored.keys() == sent
        live = list(chain.from_iterable(e.fixes for e in tracker.events if isinstance(e, PositionsRecorded)))
        assert all(a.fix_at < b.fix_at for a, b in pairwise(live))
        check(tracker)

    anyio.run(run)
