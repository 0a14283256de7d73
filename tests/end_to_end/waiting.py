"""Waiting for what other processes do."""

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.05)  # noqa: TID251 - there is no event loop here
