"""The event loop of the tests: uvloop's, which does not hang where a test has left a connection open."""

import sys
import warnings
from types import SimpleNamespace

import uvloop
from typing_extensions import override


class StrictLoop(uvloop.Loop):
    """Closes what was left open, and reports it to pytest.

    uvloop warns of each handle that is still open when the loop is closed, then closes the handle. Where warnings are errors,
    as here, the warning keeps it from closing the handle, and it waits for ever for that, in C, where no signal gets through.
    """

    @override
    def close(self) -> None:
        with warnings.catch_warnings(record=True) as left_open:
            warnings.simplefilter("always")
            super().close()
        for warning in left_open:
            _report(warning)


def _report(warning: warnings.WarningMessage) -> None:
    """As Python does with an exception that nobody can catch. pytest makes an error of the test of it.

    Raised, it would keep anyio's plugin from letting go of this loop, and every later test would find it closed.
    """
    about = {"exc_type": warning.category, "exc_value": warning.message, "exc_traceback": None, "object": None}
    sys.unraisablehook(SimpleNamespace(**about, err_msg=f"The event loop was closed before this: {warning.message}"))
