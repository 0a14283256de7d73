import os
import pwd
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexus_actors.embedded import EmbeddedServerError, account
from nexus_actors.embedded.account import Account, may_read, server_account

STRANGER = Account(uid=54321, gid=54321)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_who_is_not_root_stays_who_he_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account(tmp_path) is None


def test_root_becomes_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = server_account(tmp_path / "absent")
    assert found is not None
    assert found.uid != 0
    assert pwd.getpwuid(found.uid).pw_name in {"postgres", "nobody"}


def test_data_stay_with_their_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "stat", lambda _: os.stat_result((0o40700, 0, 0, 1, 1234, 5678, 0, 0, 0, 0)))
    monkeypatch.setattr(Path, "exists", lambda _: True)
    assert server_account(tmp_path) == Account(uid=1234, gid=5678)


def test_root_alone_on_a_machine_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "_CANDIDATES", ("nobody-of-that-name",))
    with pytest.raises(EmbeddedServerError, match="NEXUS_DATABASE_URL"):
        server_account(tmp_path / "absent")


def test_a_stranger_reads_what_is_open_to_all(open_folder: Path) -> None:
    file = open_folder / "file"
    file.touch(0o644)
    assert may_read(STRANGER, [open_folder, file])


def test_a_stranger_does_not_read_what_is_closed(open_folder: Path) -> None:
    file = open_folder / "file"
    file.touch()
    file.chmod(0o640)
    assert not may_read(STRANGER, [file])


def test_a_closed_folder_above_closes_what_is_in_it(open_folder: Path) -> None:
    inner = open_folder / "closed" / "open"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o700)
    assert not may_read(STRANGER, [inner])
    inner.parent.chmod(0o711)
    assert may_read(STRANGER, [inner])


def test_a_program_must_be_executable(open_folder: Path) -> None:
    program = open_folder / "program"
    program.touch()
    program.chmod(0o744)
    assert not may_read(STRANGER, [program])
    program.chmod(0o755)
    assert may_read(STRANGER, [program])


def test_owner_and_group_have_bits_of_their_own(open_folder: Path) -> None:
    file = open_folder / "file"
    file.touch()
    file.chmod(0o640)
    status = file.stat()
    assert may_read(Account(uid=54321, gid=status.st_gid), [file])
    file.chmod(0o004)
    # The first class that fits decides: an owner without bits is not saved by those of the others.
    assert not may_read(Account(uid=status.st_uid, gid=54321), [file])
