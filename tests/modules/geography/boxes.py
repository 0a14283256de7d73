"""Boxes that hypothesis draws, and points in them."""

from hypothesis import strategies as st

from modules.geography.box import Box


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    west, south = draw(st.floats(-180, 180)), draw(st.floats(-90, 89))
    return Box(west, south, west + draw(st.floats(0, 359)), min(90.0, south + draw(st.floats(0, 20))))


inside = st.tuples(st.floats(0, 1), st.floats(0, 1))


def point_in(box: Box, shares: tuple[float, float]) -> tuple[float, float]:
    lon = box.west + shares[0] * (box.east - box.west)
    return lon, min(box.north, box.south + shares[1] * (box.north - box.south))
