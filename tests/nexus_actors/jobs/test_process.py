"""The process of a work and its guard, without a runner."""

import ctypes
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psutil
import pytest
from msgspec import Raw

from bus import new_id
from bus.codec import encode_envelope
from bus.envelope import seal
from nexus_actors.jobs.frames import Frame, Order, Reported, Returned, Stopped
from nexus_actors.jobs.output import LINES_AT_ONCE
from nexus_actors.jobs.process import READ_AT_ONCE, READ_PER_S, WorkProcess, environment, open_process
from nexus_actors.worker.worker import utc_now
from tests.nexus_actors.jobs.studio.contract import Mix
from tests.nexus_actors.jobs.studio.works import Mixing

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def mixing(
    folder: Path,
    *steps: str,
    valid_s: float = 60,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> AsyncIterator[WorkProcess]:
    """A mix that has begun."""
    job = Mix(track="t", folder=str(folder), steps=steps)
    envelope = seal(job, message_id=new_id(), source="test", now=utc_now())
    async with open_process(Mixing.reference(), clock, pause) as process:
        await process.begin(Order(envelope=Raw(encode_envelope(envelope)), valid_until=time.monotonic() + valid_s))
        yield process


async def said(process: WorkProcess) -> list[Frame]:
    """All that a work says until its end."""
    with anyio.fail_after(20):
        return [frame async for frame in process.frames()]


async def begun(folder: Path) -> psutil.Process:
    """The process of the work itself, once it has begun."""
    with anyio.fail_after(20):
        while not (folder / "began-0").exists():  # noqa: ASYNC110 - nobody tells
            await anyio.sleep(0.02)
    return psutil.Process(int((folder / "began-0").read_text()))


async def gone(process: psutil.Process) -> None:
    """Wait until a process has ended."""
    with anyio.fail_after(10):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110 - the kernel tells nobody
            await anyio.sleep(0.02)


async def test_fractions_only_grow_and_tiny_steps_are_not_told(tmp_path: Path) -> None:
    steps = ("report 0.5 a", "report 0.5 a", "report 0.5001 a", "report 0.2 b", "report 1 b", "report 1 b")
    async with mixing(tmp_path, *steps) as process:
        *reports, last = await said(process)
        assert reports == [Reported(fraction=f, note=n) for f, n in ((0.5, "a"), (0.5, "b"), (1, "b"))]
        assert isinstance(last, Returned)
        assert last.wire_type == "nexus.studio-test-ms.mixed.v1"
        assert await process.ended() == "ended with exit code 0"


async def test_a_work_whose_lease_is_not_prolonged_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    started = time.monotonic()
    async with mixing(tmp_path, "program", "until never", valid_s=1.5) as process:
        work = await begun(tmp_path)
        assert await said(process) == []
        assert time.monotonic() - started >= 1.5
        assert await process.ended() == "was ended by SIGKILL"
        await gone(work)
        program = int((tmp_path / "program").read_text())
        assert not psutil.pid_exists(program) or psutil.Process(program).status() == psutil.STATUS_ZOMBIE


async def test_beats_prolong_it_and_a_guard_that_was_frozen_hears_them(tmp_path: Path) -> None:
    async with mixing(tmp_path, "until go", valid_s=1.5) as process:
        work = await begun(tmp_path)
        for _ in range(3):
            await process.beat(time.monotonic() + 1.5)
            await anyio.sleep(0.7)
        os.kill(process.pid, signal.SIGSTOP)
        await process.beat(time.monotonic() + 1.5)
        await anyio.sleep(1.6)
        await process.beat(time.monotonic() + 1.5)
        os.kill(process.pid, signal.SIGCONT)
        await anyio.sleep(0.3)
        assert work.is_running()
        (tmp_path / "go").touch()
        assert isinstance((await said(process))[-1], Returned)


async def test_a_work_whose_worker_is_gone_is_ended(tmp_path: Path) -> None:
    async with mixing(tmp_path, "until never") as process:
        work = await begun(tmp_path)
        assert process._process.stdin is not None
        await process._process.stdin.aclose()
        await gone(work)


async def test_a_work_ends_with_its_guard(tmp_path: Path) -> None:
    async with mixing(tmp_path, "until never") as process:
        work = await begun(tmp_path)
        os.kill(process.pid, signal.SIGKILL)
        await gone(work)


async def test_a_cancellation_is_seen_at_the_next_report(tmp_path: Path) -> None:
    async with mixing(tmp_path, "heed never") as process:
        await begun(tmp_path)
        await process.cancel()
        assert (await said(process))[-1] == Stopped()
        assert (tmp_path / "cancelled").exists()


async def test_what_is_printed_is_cut_into_lines_that_are_not_too_long(tmp_path: Path) -> None:
    async with mixing(tmp_path, "print one", f"print {'x' * 5_000}", "print last") as process:
        with anyio.fail_after(20):
            lines = [str(line) async for line in process.output()]
        assert [len(line) for line in lines] == [3, 2_000, 4]


async def test_of_very_many_lines_some_are_logged_and_the_others_counted(tmp_path: Path) -> None:
    async with mixing(tmp_path, "print-many 51000", clock=lambda: 0.0) as process:
        with anyio.fail_after(30):
            *lines, left_out = [said async for said in process.output()]
        assert lines == [f"line {number}" for number in range(int(LINES_AT_ONCE))]
        assert str(left_out) == "50,900 lines left out"


async def test_a_work_that_writes_without_end_is_read_no_faster_than_the_worker_can_bear(tmp_path: Path) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async with mixing(tmp_path, "spill 100000000", clock=lambda: 0.0, pause=pause) as process:
        with anyio.fail_after(30):
            read = 0
            async for piece in process._pieces(process._process.stderr):
                read += len(piece)
                if read > READ_AT_ONCE + READ_PER_S:
                    break
        assert pauses[0] == 0
        assert pauses[-1] > 0.9, "a second's worth above what may be read at once takes a second"


def test_the_environment_of_a_work_has_the_modules_of_its_worker_and_none_of_its_secrets() -> None:
    given = {"PATH": "/bin", "NEXUS_AUTH_KEK": "k", "NEXUS_REDIS_URL": "redis://u:p@h", "PYTHONPATH": "/elsewhere"}
    made = environment(given, ["/one", "", "/two", "/one"])
    assert made["PYTHONPATH"] == os.pathsep.join(["/one", str(Path.cwd()), "/two"])
    assert made["PATH"] == "/bin"
    assert not {"NEXUS_AUTH_KEK", "NEXUS_REDIS_URL"} & made.keys()


@pytest.fixture
def adopting() -> Iterator[None]:
    """This process gets the orphans of its descendants, as the first one of a container does (prctl(2))."""
    subreaper, libc = 36, ctypes.CDLL(None)
    assert libc.prctl(subreaper, 1, 0, 0, 0) == 0
    yield
    assert libc.prctl(subreaper, 0, 0, 0, 0) == 0


@pytest.mark.usefixtures("adopting")
async def test_nothing_of_a_work_stays_a_zombie_with_its_worker(tmp_path: Path) -> None:
    async with mixing(tmp_path, "program", "until never") as process:
        work = await begun(tmp_path)
        with anyio.fail_after(20):
            while not work.children():  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.02)
        group = process.pid
    assert [child for child in psutil.Process().children(recursive=True) if os.getpgid(child.pid) == group] == []
