"""Who is to blame for what code of a service raises: the code, or nobody, because its task is being ended."""

import asyncio
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from nexus_actors.errors import NexusError


class Escaped(NexusError):
    """Code of a service raised what ends tasks or processes (its cause), although nobody was ending them."""


def blamed(error: BaseException) -> Exception:
    """What the code that raised this is to blame for, as an exception that ends nothing.

    ``sys.exit()``, ``raise CancelledError`` and the like are the fault of whoever wrote them, as any other exception is.

    Raises:
        BaseException: the error itself, where the process is interrupted or this task is really being cancelled.
    """
    if isinstance(error, Exception):
        return error
    if _holds(error, KeyboardInterrupt) or (_holds(error, asyncio.CancelledError, GeneratorExit) and _is_ending(error)):
        raise error
    said = "".join(traceback.format_exception_only(error)).strip()
    escaped = Escaped(f"The code raised what is for whoever ends tasks and processes. Raise an Exception instead of {said}")
    escaped.__cause__ = error
    return escaped


@contextmanager
def blaming() -> Iterator[None]:
    """Code of a service is called: what ends tasks and processes comes out of it as an exception; see `blamed`."""
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        raise blamed(error) from error


def _holds(error: BaseException, *kinds: type[BaseException]) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_holds(inner, *kinds) for inner in error.exceptions)
    return isinstance(error, kinds)


def _is_ending(error: BaseException) -> bool:
    """Whether this task is being cancelled: cancel scopes count their cancellations too, and take them back at their ends.

    Without a task, a coroutine is being closed that will not go on.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return isinstance(error, GeneratorExit)
    return task is None or task.cancelling() > 0
