"""How often a test repeats what differs by chance alone: often in `./nexus test --thorough`, less often in the usual run."""

import os
from typing import Final

from hypothesis import settings

THOROUGH: Final = os.environ.get("THOROUGH_TESTS") == "1"
"""Whether this run is a thorough one."""


def times(usual: int, thorough: int) -> int:
    """How many seeds, rounds or examples this run has."""
    return thorough if THOROUGH else usual


def load_examples() -> None:
    """Let each test with hypothesis have so many examples, where it does not say how many, however slow the machine is."""
    settings.register_profile("nexus", max_examples=times(usual=40, thorough=200), deadline=None)
    settings.load_profile("nexus")
