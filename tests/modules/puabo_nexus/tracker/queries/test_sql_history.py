"""The history in PostgreSQL does what the history in memory does, on which the rules are tested."""

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from modules.puabo_nexus.tracker.contract import QuarantinedFix, Trip
from modules.puabo_nexus.tracker.domain.history import Checkpoint, History
from modules.puabo_nexus.tracker.domain.segmentation import fold
from modules.puabo_nexus.tracker.domain.track import Part, Track, TripRules
from modules.puabo_nexus.tracker.queries.sql_history import SqlHistory
from nexus_actors.postgres.database import PostgresTransaction
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.tracker.drives import at, drive, fix, joined, stand
from tests.modules.puabo_nexus.tracker.memory_history import MemoryHistory
from tests.modules.puabo_nexus.tracker.tracker_twin import TrackerTwin

pytestmark = pytest.mark.anyio

VEHICLE = UUID(int=7)
SAYS_ALL = fix(
    1,
    speed_mps=1.5,
    heading_deg=359.9,
    accuracy_m=3.0,
    altitude_m=-2.0,
    battery_pct=87.5,
    charging=True,
    ignition=False,
)
DAY = joined(drive(0, 0, 3000, 12), stand(250, 900, 3000), drive(1160, 3000, 0, 12), drive(6000, 0, 3000, 12))


@pytest.fixture
async def transaction(desk: Desk) -> AsyncIterator[PostgresTransaction]:
    opened = desk.transaction()
    yield opened
    await opened.roll_back()


def kept_in(transaction: PostgresTransaction) -> SqlHistory:
    return SqlHistory(transaction, "main", VEHICLE, at(100_000))


def trip(trip_id: int, started_s: float, **changes: object) -> Trip:
    begun = Trip(
        trip_id=UUID(int=trip_id),
        vehicle_id=VEHICLE,
        started_at=at(started_s),
        ended_at=None,
        start_lat=1.0,
        start_lon=2.0,
        end_lat=3.0,
        end_lon=4.0,
        distance_m=5.5,
        duration_s=6.0,
        max_speed_mps=7.0,
        average_speed_mps=8.0,
        end_reason=None,
        version=1,
    )
    return msgspec.structs.replace(begun, **changes)


def checkpoint(seconds: float, fixes: int) -> Checkpoint:
    track = Track()
    fold(track, DAY[:fixes], [], TripRules())
    return Checkpoint(at(seconds), track, track.close_part())


async def fill(history: History) -> None:
    """Write everything that there is to write, and some of it twice."""
    await history.add_fixes([*DAY[::2], SAYS_ALL])
    await history.add_fixes([fix(0, 77, accuracy_m=3.0), *DAY[1:9]])
    await history.save_checkpoint(checkpoint(100, 3))
    await history.save_checkpoint(checkpoint(100, 11))
    await history.save_checkpoint(checkpoint(200, 20)._replace(part=Part(12.5, 14.0, whole=False)))
    await history.save_checkpoint(checkpoint(2000, 80))
    await history.add_cut(at(100))
    await history.add_cut(at(100))
    await history.add_cut(at(1160))
    await history.save_trips([trip(1, 0), trip(2, 1160), trip(3, 6000)])
    await history.save_trips([trip(2, 1170, ended_at=at(1400), end_reason="stop", distance_m=0.125, version=2)])
    await history.remove_trips([UUID(int=3)])
    bad = QuarantinedFix(fix=fix(5, 900), reasons=("inaccurate", "null_island"))
    elsewhere, other = QuarantinedFix(fix=fix(5), reasons=("too_old",)), QuarantinedFix(fix=SAYS_ALL, reasons=("too_old",))
    assert await history.quarantine([bad]) == [bad]
    assert await history.quarantine([elsewhere, bad, elsewhere, other]) == [elsewhere, other]


async def seen_in(history: History) -> list[object]:
    """What every question answers, asked at many bounds."""
    instants = [at(0), at(100), at(1160), at(9999)]
    answers: list[object] = [await history.at([at(0), at(0.5), at(1), DAY[7].fix_at])]
    for low in (None, *instants):
        answers += [await history.cuts(low), await history.checkpoint_after(low)]
        for high in (None, *instants):
            answers += [await history.fixes(low, high, 20), await history.trips(low, high)]
    for first in instants:
        answers.append(await history.checkpoint_before(first))
        answers += [await history.measured(first, last) for last in instants]
    answers.append(await history.checkpoint_before(None))
    answers += [
        await history.beside(some) for some in (instants, instants[:1], [at(0.5), at(1), DAY[9].fix_at, DAY[-1].fix_at])
    ]
    return answers


async def test_both_answer_every_question_alike(transaction: PostgresTransaction) -> None:
    in_memory, in_sql = MemoryHistory(), kept_in(transaction)
    for history in (in_memory, in_sql):
        await fill(history)
    assert await seen_in(in_sql) == await seen_in(in_memory)


async def test_the_history_of_another_vehicle_is_another(transaction: PostgresTransaction) -> None:
    await fill(kept_in(transaction))
    other = SqlHistory(transaction, "main", UUID(int=8), at(100_000))
    assert await seen_in(other) == await seen_in(MemoryHistory())


async def test_a_day_in_disorder_leaves_the_same_trips(transaction: PostgresTransaction) -> None:
    order = sorted(DAY, key=lambda item: int(item.fix_at.timestamp()) * 7919 % 1009)
    kept = kept_in(transaction)
    in_memory = TrackerTwin(VEHICLE, at(20_000), checkpoint_every=6)
    in_sql = TrackerTwin(VEHICLE, at(20_000), checkpoint_every=6, history=kept)
    for start in range(0, len(order), 9):
        for twin in (in_memory, in_sql):
            await twin.send(order[start : start + 9])
    assert in_sql.state.track == in_memory.state.track
    shapes = [
        [(trip.started_at, trip.ended_at, trip.distance_m, trip.version) for trip in trips]
        for trips in (await kept.trips(None, None), in_memory.history.in_order())
    ]
    assert shapes[0] == shapes[1]
    assert len(shapes[0]) == 3


async def test_what_an_earlier_release_measured_is_in_the_track_of_its_checkpoint(transaction: PostgresTransaction) -> None:
    history = kept_in(transaction)
    whole = checkpoint(100, 11)
    await history.save_checkpoint(whole._replace(part=None))
    await history.save_checkpoint(checkpoint(200, 20)._replace(part=Part(12.5, 14.0, whole=False)))
    assert whole.track.stretch is not None
    assert await history.measured(at(0), at(150)) == (whole.track.stretch.here.length_m, whole.track.stretch.here.top_mps)
    assert await history.measured(at(0), at(200)) == (whole.track.stretch.here.length_m + 12.5, 14.0)


async def test_a_late_fix_after_a_release_that_kept_no_parts_changes_its_trip_and_no_other(
    transaction: PostgresTransaction,
) -> None:
    kept = kept_in(transaction)
    twin = TrackerTwin(VEHICLE, at(200_000), checkpoint_every=20, history=kept)
    for start in range(0, 100_000, 10_000):
        await twin.send(joined(drive(start, 0, 3000, 12), stand(start + 250, 4000, 3000)))
    await transaction.execute("UPDATE checkpoints SET length_m = NULL, top_mps = NULL, whole = true")
    before = await kept.trips(None, None)
    await twin.send([fix(50_000.5 + 100, 1206, 30)])
    after = await kept.trips(None, None)
    assert [trip.trip_id for trip in before] == [trip.trip_id for trip in after]
    assert [trip.version - old.version for trip, old in zip(after, before, strict=True)] == [0] * 5 + [1] + [0] * 4


async def test_a_turn_of_a_thousand_fixes_takes_two_statements(transaction: PostgresTransaction) -> None:
    twin = TrackerTwin(VEHICLE, at(20_000), checkpoint_every=100_000, history=kept_in(transaction))
    before = transaction.statements
    await twin.send([fix(n, 10.0 * n) for n in range(1000)])
    assert transaction.statements - before == 2
