"""Late fixes that leave more to cut anew than one turn takes: a timer goes on with it."""

import pytest

from modules.puabo_nexus.tracker.contract import RecordPositions, TripRevised
from modules.puabo_nexus.tracker.domain.revision import CHECKPOINT_EVERY, MOST_READ, Recut, Reviser
from modules.puabo_nexus.tracker.domain.segmentation import segment
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.tables import TRIPS
from nexus_actors.testing import Desk
from tests.modules.puabo_nexus.tracker.conftest import NOW, VAN
from tests.modules.puabo_nexus.tracker.drives import START, fix, joined

pytestmark = pytest.mark.anyio

LONG_S = int((NOW - START).total_seconds())
"""An hour, a fix each half second."""


async def test_what_a_turn_leaves_undone_is_done_by_the_next_ones(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    revised = Reviser.next

    async def counted(reviser: Reviser, most: int) -> list[Recut]:
        parts = await revised(reviser, most)
        reads.append(reviser.read)
        return parts

    monkeypatch.setattr(Reviser, "next", counted)
    way = [fix(n / 2, 6.0 * n) for n in range(2 * LONG_S)]
    assert len(way) > MOST_READ + 2 * CHECKPOINT_EVERY
    for start in range(0, len(way), 1000):
        await desk.ask(RecordPositions(vehicle_id=VAN.vehicle_id, fixes=tuple(way[start : start + 1000])), scopes=["*"])
    late = [fix(second + 0.25, 12.0 * second + 3, 20) for second in range(100, LONG_S, 300)]
    desk.take()

    receipt = await desk.ask(RecordPositions(vehicle_id=VAN.vehicle_id, fixes=tuple(late)), scopes=["*"])
    await desk.advance(1)

    assert receipt.late == len(late)
    assert len(reads) > 1
    assert max(reads) <= MOST_READ + 5 * CHECKPOINT_EVERY
    [leg] = segment(joined(way, late), [], TripRules())
    [trip] = await TRIPS.select(desk, "true")
    assert trip.distance_m == leg.length_m
    assert [event.distance_m for event in desk.take() if isinstance(event, TripRevised)] == [leg.length_m]
