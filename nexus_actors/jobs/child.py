"""The process of a work. Workers run it, in a session of its own: ``python -m nexus_actors.jobs.child MODULE:WORK``.

It forks at once: the parent stays as the guard (see `guard`), the child does the work. What the work prints goes to standard
error; frames go out on what was standard output, which no program that the work starts gets to see.
"""

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from struct import unpack
from time import monotonic
from typing import Any, Final, NoReturn

import msgspec
from typing_extensions import override

from bus import Command, Unwritable
from bus.codec import Contracts
from bus.data import message_data
from bus.envelope import Envelope
from bus.text import error_text, storable
from nexus_actors.jobs.bucket import Bucket
from nexus_actors.jobs.frames import LONGEST_ERROR, LONGEST_NOTE, Failed, Frame, Order, Reported, Returned, Stopped, framed
from nexus_actors.jobs.guard import Guard
from nexus_actors.jobs.work import JobCancelled, Work
from nexus_actors.retry import Retry, is_final

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)
# A loop that reports each of a million steps must not keep the worker busy with that.
_STEP: Final = 0.001
REPORTS_PER_S: Final = 20.0
REPORTS_AT_ONCE: Final = 100.0


class Reporter:
    """What the work reports with; see `nexus_actors.jobs.work.Report`.

    Args:
        send: takes a frame to the worker.
        cancel: a pipe that is readable once the job has been cancelled.
        clock: seconds, by which is measured how much is reported.

    Attributes:
        cancelled: the work has been told that it is cancelled.
    """

    def __init__(self, send: Callable[[Frame], None], cancel: int, clock: Callable[[], float] = monotonic) -> None:
        self._send = send
        self._clock = clock
        self._bucket = Bucket(REPORTS_PER_S, REPORTS_AT_ONCE, clock())
        self._cancel = cancel
        self._last = Reported(fraction=0.0, note="")
        self.cancelled = False
        os.set_blocking(cancel, False)

    def __call__(self, fraction: float, note: str = "") -> None:
        """Report."""
        if not 0 <= fraction <= 1:
            raise ValueError(f"{fraction!r} is no fraction: report from 0 to 1.")
        if self._is_cancelled():
            self.cancelled = True
            raise JobCancelled("The job has been cancelled.")
        latest = Reported(fraction=max(float(fraction), self._last.fraction), note=storable(note, LONGEST_NOTE))
        if latest.note != self._last.note or latest.fraction >= min(1.0, self._last.fraction + _STEP) > self._last.fraction:
            now = self._clock()
            if self._bucket.holds(1, now):
                self._bucket.take(1, now)
                self._last = latest
                self._send(latest)

    def _is_cancelled(self) -> bool:
        try:
            os.read(self._cancel, 1)
        except BlockingIOError:
            return self.cancelled
        return True


def perform(reference: str, order: Order, send: Callable[[Frame], None], report: Reporter) -> None:
    """Do the work, and say how it went."""
    never: tuple[type[Exception], ...] = ()
    try:
        work = _load(reference)
        never = work.never
        send(_result(work, order, report))
    except JobCancelled as cancelled:
        send(Stopped() if report.cancelled else failure(cancelled, never))
    except (_Terminated, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the work raises
        traceback.print_exc()
        send(failure(error, never))


def _result(work: type[Work[Any]], order: Order, report: Reporter) -> Frame:
    envelope = msgspec.json.decode(order.envelope, type=Envelope)
    job: Any = Contracts([work.job_type()]).decode(envelope)
    result: object = work().run(job, report)
    if not isinstance(result, Command):
        return Failed(error=f"{work.__name__}.run returned {type(result).__name__}, which is no command.", final=True)
    try:
        return Returned(wire_type=type(result).wire_type(), data=message_data(result))
    except Unwritable as error:  # it would be so the next time too
        return Failed(error=storable(f"{work.__name__}.run returned what cannot be told: {error}", LONGEST_ERROR), final=True)


def _load(reference: str) -> type[Work[Any]]:
    module, _, name = reference.partition(":")
    work: type[Work[Any]] = getattr(import_module(module), name)
    return work


def failure(error: BaseException, never: tuple[type[Exception], ...] = ()) -> Failed:
    """What is said of an error; ``never``: those that no other attempt will mend."""
    return Failed(
        error=storable(f"{type(error).__name__}: {error_text(error)}", LONGEST_ERROR),
        final=isinstance(error, Exception) and is_final(error, never),
        after_s=error.after_s if isinstance(error, Retry) else None,
    )


class _Terminated(SystemExit):
    """SIGTERM: what the work has open is closed on the way out."""

    @override
    def __str__(self) -> str:
        return "The work was told to end."


def _terminate(number: int, frame: object) -> NoReturn:
    raise _Terminated(128 + number)


def _read_order(control: int) -> Order:
    (length,) = unpack("!I", _exactly(control, 4))
    return msgspec.json.decode(_exactly(control, length), type=Order)


def _exactly(descriptor: int, length: int) -> bytes:
    found = b""
    while len(found) < length:
        piece = os.read(descriptor, length - len(found))
        if not piece:
            sys.exit("This is started by workers alone.")
        found += piece
    return found


def _set_apart() -> tuple[int, int]:
    """Keep standard input and output for ourselves, so that neither the work nor what it starts reads or writes there."""
    # uvloop (0.23) lets its children inherit descriptors of the worker, among them further ones of these three.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    control, out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return control, out


def _end_with(guard: int) -> None:
    """End when the guard does, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != guard:
        os._exit(1)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def main() -> None:
    """Take an order, and have it done."""
    control, out = _set_apart()
    order = _read_order(control)
    cancelled, cancel = os.pipe()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    guard = os.getpid()
    # Before the fork: the work's end must not be missed. Also, the guard outlives a SIGTERM to the group.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    work = os.fork()
    if work:
        os.close(out)
        os._exit(Guard(work, control, cancel, woken, order.valid_until).watch())
    _end_with(guard)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, _terminate)
    for descriptor in (control, cancel, woken, wake):
        os.close(descriptor)

    def send(frame: Frame) -> None:
        _write_all(out, framed(frame))

    perform(sys.argv[1], order, send, Reporter(send, cancelled))


if __name__ == "__main__":
    main()
