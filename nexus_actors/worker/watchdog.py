"""The end of a worker that makes no progress, where nobody watches it from outside (Docker restarts what ends, and no more)."""

import faulthandler


class Watchdog:
    """A timer of the interpreter, beneath the event loop: when it has not been wound up in time, it ends the process.

    The exit code is 1, and the traceback of every thread goes to standard error. Nothing that was accepted is lost: it is the
    same as kill -9.

    Args:
        patience_s: seconds from one beat to the end. More than draining may take, which beats no more.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s

    def beat(self) -> None:
        """Wind it up. The first beat starts it."""
        faulthandler.dump_traceback_later(self._patience_s, exit=True)

    def stop(self) -> None:
        """Let the process live."""
        faulthandler.cancel_dump_traceback_later()
