"""Which seeds are run: some of all, more on demand, and those that found something once."""

import os
from collections.abc import Sequence
from typing import Final

from tests.thorough import times

FOUND: Final[dict[int, str]] = {
    244: "what was new was published before what the streams had lost, because their history could not be asked",
    507: "the same, with four events behind three",
    637: "the same, with the first event of a key",
    787: "the same, and a follower had taken the later step already",
    959: "the letters of a key that failed again were moved behind each other one by one, and a crash left them half moved",
    1321: "a worker woke up to a broken connection, took the streams to be as before, and published before the loss",
    1714: "what came after a loss, at positions below a checkpoint from before it, was trimmed unread",
}
"""Seeds that broke a promise once, and what was wrong. Later changes of the simulation may make other runs of them."""

_IN_A_RUN: Final = times(usual=40, thorough=1_000)


def seeds() -> Sequence[int]:
    """The seeds of this run. ``NEXUS_SIMULATION_SEEDS`` says how many, or which from and to: ``5000`` or ``700-900``."""
    first, _, last = os.environ.get("NEXUS_SIMULATION_SEEDS", str(_IN_A_RUN)).rpartition("-")
    return range(int(first or 0), int(last))
