"""A lock between processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from nexus_actors.local.lock import FileLock

pytestmark = pytest.mark.anyio

HOLDER = """
import sys, anyio
from pathlib import Path
from nexus_actors.local.lock import FileLock
assert anyio.run(FileLock(Path(sys.argv[1])).claim)
print("held", flush=True)
sys.stdin.read()
"""


async def test_one_holds_it_and_the_other_does_not_get_it(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert not first.is_held()
    assert await first.claim()
    assert second.is_held()
    assert not await second.claim()
    first.release()
    assert not second.is_held()
    assert await second.claim()
    second.release()


async def test_looking_does_not_take_it_away(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert await lock.claim()
    lock.release()
    for _ in range(3):
        assert not lock.is_held()
    assert await lock.claim()
    lock.release()


async def test_it_ends_with_its_holder_however_that_ends(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    program = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert lock.holder() == holder.pid
        assert not await lock.claim()
        holder.kill()
        holder.wait()
        assert not lock.is_held()
        assert lock.holder() is None
    assert await lock.claim()
    lock.release()
