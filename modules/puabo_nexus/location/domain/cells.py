"""A grid of cells over the globe, under which live positions are indexed.

A vehicle changes its cell far less often than its position, so most updates touch no index, which lets PostgreSQL update the
row in place (HOT).
"""

from collections.abc import Iterator
from math import floor
from typing import NamedTuple

from modules.geography.box import POLE_DEG, Box
from modules.geography.longitude import FULL_DEG, HALF_DEG, wrap

_CELL_PER_DEG = 10
_COLUMNS = 360 * _CELL_PER_DEG
_ROWS = 180 * _CELL_PER_DEG


class CellRange(NamedTuple):
    """Cells from ``low`` to ``high``, both included."""

    low: int
    high: int


def cell_of(lat: float, lon: float) -> int:
    """The number of the cell, a tenth of a degree each way, counted eastwards and then northwards from -90, -180."""
    return _row(lat) * _COLUMNS + _column(lon)


def cells_in(box: Box) -> list[CellRange]:
    """Ranges that together hold every cell that a box touches, without overlap."""
    south, north = _row(box.south), _row(box.north)
    if box.east - box.west >= FULL_DEG:
        return [CellRange(south * _COLUMNS, (north + 1) * _COLUMNS - 1)]
    return [
        CellRange(row * _COLUMNS + west, row * _COLUMNS + east)
        for row in range(south, north + 1)
        for west, east in _columns(box.normal())
    ]


def _columns(box: Box) -> Iterator[tuple[int, int]]:
    """Ranges of columns. 180 and -180 stay as they were reported, so what touches one of them looks for both."""
    west, last = _column(box.west), _COLUMNS - 1
    if box.east >= HALF_DEG:
        yield west, last
        if west > 0:
            # Two ways to the same meridian, which may round to either side of a cell's edge: positions come by the second.
            east = max(_column(box.east - FULL_DEG), _column(wrap(box.east)))
            yield 0, min(west - 1, east)
        return
    east = _column(box.east)
    yield west, east
    if box.west == -HALF_DEG and east < last:
        yield last, last


def _row(lat: float) -> int:
    return max(0, min(_ROWS - 1, floor((lat + POLE_DEG) * _CELL_PER_DEG)))


def _column(lon: float) -> int:
    return max(0, min(_COLUMNS - 1, floor((lon + HALF_DEG) * _CELL_PER_DEG)))
