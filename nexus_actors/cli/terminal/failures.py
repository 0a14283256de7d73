"""Telling people what went wrong."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bus import BusError, Refusal
from nexus_actors.cli.terminal.screen import say
from nexus_actors.embedded import EmbeddedServerError
from nexus_actors.errors import NexusError

_INTERRUPTED = 128 + signal.SIGINT
FORESEEN = (NexusError, BusError, Refusal, EmbeddedServerError)
"""What says itself what happened and what to do. Anything else is our mistake and shows where it happened."""


@contextmanager
def told() -> Iterator[None]:
    """Print what was foreseen as a message, and end with exit code 1; end quietly at Ctrl-C, as shells expect."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except FORESEEN as error:
        tell(error)
        sys.exit(1)
    except BaseExceptionGroup as group:
        causes = list(leaves(group))
        if not all(isinstance(cause, FORESEEN) for cause in causes):
            raise
        for cause in causes:
            tell(cause)
        sys.exit(1)


def tell(error: BaseException) -> None:
    """Print an error as a message."""
    if isinstance(error, Refusal):
        say(f"Refused: {error.code} ({error.kind})", "red", err=True)
        say(f"  {error.detail}", err=True)
        for field in error.errors:
            say(f"  {field.field}: {field.reason}", err=True)
    else:
        say(str(error), "red", err=True)


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The exceptions of a group and of the groups in it."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
