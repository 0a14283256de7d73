"""Who is to blame for what code of a service raises: the code, or nobody, because its task is being ended."""

import asyncio
import math
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Final

import anyio

from nexus_actors.errors import NexusError

_SIGNALS_HANDLED: Final = ContextVar("signals_handled", default=False)


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
    if _is_interrupt(error) or (_holds(error, asyncio.CancelledError, GeneratorExit) and _is_ending(error)):
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


@contextmanager
def signals_handled() -> Iterator[None]:
    """Ctrl-C comes another way than as KeyboardInterrupt, so one that is raised in here is the fault of code as well."""
    token = _SIGNALS_HANDLED.set(True)
    try:
        yield
    finally:
        _SIGNALS_HANDLED.reset(token)


def own_task() -> asyncio.Task[Any]:
    """The task that this runs in."""
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("This runs in no task.")
    return task


async def take_back_cancellations(task: asyncio.Task[Any], before: int) -> None:
    """Let this task go on although code of a service that ran in it since has cancelled it.

    Where a cancel scope around it ends the task, nothing is done.

    Args:
        task: the own one.
        before: how often it had been asked to end until then (`Task.cancelling`).

    Raises:
        Escaped: the code is to blame.
    """
    if anyio.current_effective_deadline() == -math.inf:
        return
    while task.cancelling() > before:
        task.uncancel()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)  # what has not been raised yet is raised here
    raise Escaped("The code cancelled the task that it runs in, which is not its own. Raise an Exception instead.")


def _holds(error: BaseException, *kinds: type[BaseException]) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_holds(inner, *kinds) for inner in error.exceptions)
    return isinstance(error, kinds)


def _is_interrupt(error: BaseException) -> bool:
    return _holds(error, KeyboardInterrupt) and not _SIGNALS_HANDLED.get()


def _is_ending(error: BaseException) -> bool:
    """Whether this task is being cancelled: cancel scopes count their cancellations too, and take them back at their ends.

    Without a task, a coroutine is being closed that will not go on.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return isinstance(error, GeneratorExit)
    return task is None or task.cancelling() > 0
