"""The end of a worker that makes no progress."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
from nexus_actors.worker.watchdog import Watchdog

watchdog = Watchdog(0.5, ends={ends})
watchdog.beat()
until = time.monotonic() + 1.2
while time.monotonic() < until:
    {meanwhile}
watchdog.stop()
print("lives", flush=True)
"""


def run(meanwhile: str, *, ends: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM.format(meanwhile=meanwhile, ends=ends)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_process_that_beats_no_more_ends_and_shows_where_it_stood() -> None:
    done = run("sum(range(1000))")
    assert done.returncode == 1
    assert not done.stdout
    assert 'File "<string>", line 9' in done.stderr


def test_one_that_others_end_shows_where_it_stands_and_lives() -> None:
    done = run("sum(range(1000))", ends=False)
    assert (done.returncode, done.stdout) == (0, "lives\n")
    assert 'File "<string>", line 9' in done.stderr


@pytest.mark.parametrize("meanwhile", ["watchdog.beat()", "watchdog.stop()"])
def test_one_that_beats_or_has_stopped_it_lives(meanwhile: str) -> None:
    done = run(meanwhile)
    assert (done.returncode, done.stdout, done.stderr) == (0, "lives\n", "")
