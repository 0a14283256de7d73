"""Tables: columns stand below each other, whatever their colours."""

from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.cli.terminal.screen import styled, unstyled
from nexus_actors.cli.terminal.table import table

CELLS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x17F), min_size=1, max_size=12)


def test_columns_are_aligned() -> None:
    assert table(["NAME", "PORT"], [["a", "8080"], ["longer", "1"]], right=[1]) == "NAME    PORT\na       8080\nlonger     1"


def test_colours_take_no_room() -> None:
    shown = table(["STATE", "X"], [[styled("ok", "green"), "1"]])
    assert unstyled(shown) == "STATE  X\nok     1"


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_the_second_column_begins_at_one_place(rows: list[tuple[str, str]]) -> None:
    lines = table(["A", "B"], rows).splitlines()
    start = max(1, *(len(first) for first, _ in rows)) + 2
    assert [line[start:] for line in lines] == ["B", *(second for _, second in rows)]
