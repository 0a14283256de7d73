"""Tables on a terminal."""

from collections.abc import Sequence

from nexus_actors.cli.terminal.screen import one_line, unstyled


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Rows as lines of columns, two spaces apart. Colours in a cell take no room.

    Args:
        right: the numbers of the columns that are aligned to the right.
    """
    lines = [list(head), *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(len(unstyled(line[column])) for line in lines) for column in range(len(head))]
    return "\n".join(_line(line, widths, right) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    shown = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        gap = " " * (width - len(unstyled(cell)))
        shown.append(gap + cell if column in right else cell + gap)
    return "  ".join(shown).rstrip()
