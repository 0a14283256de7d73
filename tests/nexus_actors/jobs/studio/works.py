"""Works that do as they are told, step by step."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from bus import Command
from nexus_actors import GaveUp, JobCancelled, Park, Progress, Report, Retry, Work
from tests.nexus_actors.jobs.studio.contract import Mix, Mixed, Stopped, Unheard, Went

BREATH_S = 0.02


class Mixing(Work[Mix]):
    """Does the steps of a mix, and writes into its folder when it has begun, which step it is at, and when it has ended."""

    attempts = 2
    time_limit_s = 20.0
    never = (LookupError,)

    def run(self, job: Mix, report: Report) -> Command[Any]:
        folder = Path(job.folder)
        runs = _begin(folder)
        result = "mixed"
        try:
            for step in job.steps:
                result = _do(step.split(), folder, runs, report) or result
        except JobCancelled:
            (folder / "cancelled").touch()
            raise
        finally:
            (folder / f"left-{runs}").touch()
        if result == "foreign":
            return Mixed(track="another", result=result)
        return Mixed(track=job.track, result=result, fault=result == "fault")

    def progressed(self, job: Mix, progress: Progress) -> Command[Any] | None:
        if progress.note == "quiet":
            return None
        if progress.note == "exit":
            sys.exit(3)
        track = "another" if progress.note == "foreign" else job.track
        return Went(track=track, fraction=progress.fraction, note=progress.note)

    def ended(self, job: Mix, end: GaveUp) -> Command[Any]:
        return Stopped(track=job.track, outcome=end.outcome, error=end.error)


def _begin(folder: Path) -> int:
    """A number of its own for this run, also where another one begins at the same time."""
    told = folder / f"of-{os.getpid()}"
    told.write_text(str(os.getpid()))
    for runs in count(len(list(folder.glob("began-*")))):
        with suppress(FileExistsError):
            # Whoever waits for the file reads it at once: it is there with what it says, or not at all.
            (folder / f"began-{runs}").hardlink_to(told)
            return runs
    raise AssertionError("Numbers do not end.")


def _do(step: list[str], folder: Path, runs: int, report: Report) -> str | None:
    match step:
        case ["report", fraction, *note]:
            report(float(fraction), " ".join(note))
            if note == ["exit"]:
                _wait(folder / "never", lambda: None)
        case ["odd-note"]:
            report(0.5, "half \udcff\0")
        case ["until", name]:
            _wait(folder / name, lambda: None)
        case ["heed", name]:
            _wait(folder / name, lambda: report(0.5, "quiet"))
        case ["fail" | "fail-first" | "fail-for-good" | "park" | "again", *_]:
            _fail(step, runs)
        case ["program"]:
            started = subprocess.Popen(["sleep", "1000"])
            (folder / "program").write_text(str(started.pid))
        case ["result", text]:
            return text
        case _:
            return _do_to_itself(step)
    return None


def _fail(step: list[str], runs: int) -> None:
    match step:
        case ["fail-first"] if runs > 0:
            return
        case ["fail-for-good"]:
            raise KeyError("no such track")
        case ["park"]:
            raise Park("no such studio")
        case ["again", seconds]:
            raise Retry("the tape is wet", after_s=float(seconds))
    raise ValueError("out of tune, password=hunter2")


def _do_to_itself(step: list[str]) -> str | None:
    match step:
        case ["sleep", seconds]:
            time.sleep(float(seconds))  # noqa: TID251 - a process of its own, without an event loop
        case ["die" | "exit" | "leave"]:
            _end(step[0])
        case ["print", *words]:
            print(*words)  # noqa: T201 - that is what is tested
        case ["print-many", count]:
            sys.stderr.write("".join(f"line {number}\n" for number in range(int(count))))
        case ["spill", size_bytes]:
            sys.stderr.buffer.write(bytes(int(size_bytes)))
        case ["garbage"]:
            _garble()
        case ["read"]:
            return repr(sys.stdin.read())
        case ["environment", name]:
            return os.environ.get(name, "absent")
        case _:
            return _go_too_far(step)
    return None


def _go_too_far(step: list[str]) -> str | None:
    match step:
        case ["odd-error"]:
            raise ValueError("bad \udcff\0")
        case ["result-of", size]:
            return "x" * int(size)
    return None


def _end(how: str) -> None:
    if how == "exit":
        sys.exit(0)
    if how == "leave":
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(file: Path, meanwhile: Callable[[], None]) -> None:
    while not file.exists():
        meanwhile()
        time.sleep(BREATH_S)  # noqa: TID251 - see above


def _garble() -> None:
    """Write into every pipe that a frame could go through."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 8)
        except OSError:
            continue


class Unhearing(Work[Unheard]):
    """Fails, and has nothing to say about it."""

    attempts = 1

    def run(self, job: Unheard, report: Report) -> Command[Any]:
        raise ValueError("no sound")

    def ended(self, job: Unheard, end: GaveUp) -> Command[Any]:
        raise LookupError("nobody to tell")
