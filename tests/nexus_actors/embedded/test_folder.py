import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nexus_actors.embedded import EmbeddedServerError
from nexus_actors.embedded.folder import DataFolder, end_leftovers, processes_in

HOLDS_A_FOLDER = """
import sys
from pathlib import Path
from nexus_actors.embedded.folder import DataFolder
DataFolder(Path(sys.argv[1])).claim()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_belongs_to_one_at_a_time(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path / "data"), DataFolder(tmp_path / "data")
    first.claim()
    with pytest.raises(EmbeddedServerError, match=f"in use by process {os.getpid()}"):
        second.claim()
    first.release()
    second.claim()
    second.release()


def test_a_folder_is_free_when_its_owner_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS_A_FOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(EmbeddedServerError, match=f"process {owner.pid}"):
            DataFolder(tmp_path).claim()
        owner.kill()
        owner.wait()
    folder = DataFolder(tmp_path)
    folder.claim()
    folder.release()


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(EmbeddedServerError, match=str(tmp_path / "data")):
        DataFolder(tmp_path / "data").claim()


def test_a_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.claim()
    folder.release()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_the_password_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    password = DataFolder(tmp_path).password()
    assert len(password) >= 32
    assert DataFolder(tmp_path).password() == password
    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600


def test_passwords_of_two_folders_differ(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    assert DataFolder(folders[0]).password() != DataFolder(folders[1]).password()


def test_an_empty_password_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").touch()
    with pytest.raises(EmbeddedServerError, match="is empty"):
        DataFolder(tmp_path).password()


def test_a_log_shows_what_it_gained(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    (tmp_path / "server.log").write_text("of yesterday\n")
    descriptor, offset = folder.open_log()
    os.write(descriptor, b"one\ntwo\nthree\n")
    os.close(descriptor)
    assert folder.log_since(offset) == "one\ntwo\nthree"
    assert folder.log_since(offset, lines=1) == "three"


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    with (tmp_path / "server.log").open("wb") as log:
        log.truncate(11 * 1024 * 1024)
    descriptor, offset = DataFolder(tmp_path).open_log()
    os.close(descriptor)
    assert offset == 0
    assert (tmp_path / "server.log.1").stat().st_size == 11 * 1024 * 1024


def sleeper(folder: Path, *, stubborn: bool) -> subprocess.Popen[bytes]:
    """A process called `sleep` in a folder, that may ignore the request to stop."""
    handler = signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn else signal.SIG_DFL)
    try:
        return subprocess.Popen(["sleep", "60"], cwd=folder)
    finally:
        signal.signal(signal.SIGTERM, handler)


def test_processes_are_found_by_program_and_folder(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with sleeper(tmp_path, stubborn=False) as process:
        assert [found.pid for found in processes_in(tmp_path, "sleep")] == [process.pid]
        assert processes_in(tmp_path, "postgres") == []
        assert processes_in(other, "sleep") == []
        process.terminate()


@pytest.mark.anyio
@pytest.mark.parametrize("stubborn", [False, True])
async def test_leftovers_are_asked_to_stop_and_then_killed(tmp_path: Path, stubborn: bool) -> None:
    leftover = sleeper(tmp_path, stubborn=stubborn)
    start_s = time.monotonic()
    await end_leftovers(tmp_path, "sleep", signal.SIGTERM, patience_s=0.5)
    took_s = time.monotonic() - start_s
    ended_by = -leftover.wait(5)
    assert ended_by == (signal.SIGKILL if stubborn else signal.SIGTERM)
    assert (took_s >= 0.5) is stubborn


@pytest.mark.anyio
async def test_nothing_left_over_costs_nothing(tmp_path: Path) -> None:
    await end_leftovers(tmp_path / "absent", "sleep", signal.SIGTERM)
