"""A worker that makes no progress shows where it stands, and ends where nobody watches it from outside.

Docker restarts what ends, and no more; a supervisor kills what stands still, and would not know on what.
"""

import faulthandler


class Watchdog:
    """A timer of the interpreter, beneath the event loop: what happens when it has not been wound up in time.

    The traceback of every thread goes to standard error, and the process ends with exit code 1. Nothing that was accepted is
    lost: it is the same as kill -9.

    Args:
        patience_s: seconds from one beat to that. Where it ends, more than draining may take, which beats no more.
        ends: False where somebody else ends the process.
    """

    def __init__(self, patience_s: float, *, ends: bool = True) -> None:
        self._patience_s = patience_s
        self._ends = ends

    def beat(self) -> None:
        """Wind it up. The first beat starts it."""
        faulthandler.dump_traceback_later(self._patience_s, exit=self._ends)

    def stop(self) -> None:
        """Let the process live."""
        faulthandler.cancel_dump_traceback_later()
