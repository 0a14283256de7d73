"""However often an edge is met, what is looked at and told is bounded."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.geography import edge_index
from modules.geography.area import Area
from modules.puabo_nexus.location.domain import crossings
from modules.puabo_nexus.location.domain.crossings import MOST_CROSSINGS, walk
from modules.puabo_nexus.location.domain.fix import Fix
from modules.puabo_nexus.location.domain.passage import MOST_PIECES
from tests.modules.puabo_nexus.location.domain.drawing import START

TOOTH_DEG = 0.001


def comb(teeth: int) -> Area:
    """A back in the south, and teeth to the north, each as wide as what is between them."""
    corners = [(-TOOTH_DEG, -TOOTH_DEG), (2 * teeth * TOOTH_DEG, -TOOTH_DEG)]
    for tooth in reversed(range(teeth)):
        west, east = 2 * tooth * TOOTH_DEG, (2 * tooth + 1) * TOOTH_DEG
        corners += [(east, 0.0), (east, 0.5), (west, 0.5), (west, 0.0)]
    return Area([[corners]])


def at(number: int, lon: float, lat: float = 0.25) -> Fix:
    return Fix(START + timedelta(seconds=70 * number), lat, lon)


def test_few_teeth_are_told_one_by_one() -> None:
    crossed = walk(None, [at(0, -TOOTH_DEG), at(1, 7 * TOOTH_DEG)], {"comb": comb(3)}, ()).crossings
    assert [crossing.direction for crossing in crossed] == ["entered", "exited"] * 3


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (-1.0, 80.0, [("entered", 0.0), ("exited", 79.0)]),
        (-1.0, 60.5, [("entered", 0.0)]),
        (0.5, 80.0, [("exited", 79.0)]),
        (0.5, 60.5, []),
    ],
)
def test_of_many_teeth_the_first_way_in_and_the_last_way_out_are_told(
    start: float, end: float, expected: list[tuple[str, float]]
) -> None:
    fixes = [at(0, start * TOOTH_DEG), at(1, end * TOOTH_DEG)]
    before = walk(None, fixes[:1], {"comb": comb(40)}, ())
    way = walk(fixes[0], fixes[1:], {"comb": comb(40)}, before.inside)
    assert [(c.direction, round(c.lon / TOOTH_DEG, 6)) for c in way.crossings] == expected
    assert ("comb" in way.inside) == (end == 60.5)


def test_what_is_looked_at_between_fixes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comb of 200 teeth and 120 fixes that jump through all of them, there and back again: every edge is met every time."""
    asked: list[int] = []
    covers = edge_index.EdgeIndex.covers

    def counted(self: edge_index.EdgeIndex, lons: list[float], lats: list[float]) -> list[bool]:
        asked.append(len(lons))
        return covers(self, lons, lats)

    monkeypatch.setattr(edge_index.EdgeIndex, "covers", counted)
    fixes = [at(number, -TOOTH_DEG if number % 2 else 400 * TOOTH_DEG) for number in range(120)]
    way = walk(None, fixes, {"comb": comb(200)}, ())
    assert len(way.crossings) == 2 * 119
    assert 0 < sum(asked) <= 120 * (MOST_PIECES + 1)


def test_of_more_crossings_than_are_told_each_fence_is_told_once() -> None:
    fences = {f"fence-{number}": comb(1) for number in range(20)}
    fixes = [at(number, -TOOTH_DEG if number % 2 else 0.5 * TOOTH_DEG) for number in range(100)]
    assert MOST_CROSSINGS < 20 * 99
    way = walk(None, fixes, fences, ())
    for key in fences:
        assert [(c.direction, c.fix_at) for c in way.crossings if c.fence == key] == [
            ("entered", fixes[0].fix_at),
            ("exited", fixes[-1].fix_at),
        ]
    assert not way.inside
    assert [c.crossed_at for c in way.crossings] == sorted(c.crossed_at for c in way.crossings)


@given(st.lists(st.floats(-2, 90), min_size=2, max_size=12), st.integers(1, 3))
def test_what_is_told_alternates_and_ends_where_the_vehicle_is(spots: list[float], most: int) -> None:
    region = comb(40)
    fixes = [at(number, spot * TOOTH_DEG) for number, spot in enumerate(spots)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crossings, "MOST_CROSSINGS", most)
        way = walk(None, fixes, {"comb": region}, ())
    directions = [crossing.direction for crossing in way.crossings]
    assert len(directions) <= max(2, most)
    assert directions[:1] in ([], ["entered"])
    assert all(before != after for before, after in pairwise(directions))
    assert ("comb" in way.inside) == (len(directions) % 2 == 1)
