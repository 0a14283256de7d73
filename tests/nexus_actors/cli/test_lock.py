import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from nexus_actors.cli import lock

CHECKOUT = Path(__file__).resolve().parents[3]
FOLDER = CHECKOUT / "deploy" / "locks"
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")
APART = "requirements-bench-arq.lock"


def entries(name: str) -> list[str]:
    """The lock's entries, each with the lines of its hashes."""
    text = (FOLDER / name).read_text()
    return re.findall(r"^[a-z0-9].*?(?=^[a-z0-9#]|\Z)", text, flags=re.MULTILINE | re.DOTALL)


def declared(section: str) -> set[str]:
    """The names of the requirements of one list in pyproject.toml."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    found = project["dependencies"] if section == "" else project["optional-dependencies"][section]
    return {re.split(r"[\[><=~]", line)[0] for line in found} - {"nexus-cos"}


@pytest.mark.parametrize("name", [*LOCKS, APART])
def test_every_entry_has_a_version_and_hashes(name: str) -> None:
    assert entries(name)
    for entry in entries(name):
        assert re.match(r"[a-z0-9.-]+==[^ ]+( ; [^\\]+)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+", entry), entry


@pytest.mark.parametrize("name", [*LOCKS, APART])
def test_no_lock_names_a_place_to_download_from(name: str) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted", (FOLDER / name).read_text())


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("requirements.lock", ["", "embedded", "telemetry"]),
        ("requirements-dev.lock", ["dev"]),
        ("requirements-bench.lock", ["bench"]),
    ],
)
def test_locks_hold_what_is_declared(name: str, sections: list[str]) -> None:
    locked = set(lock.locked_names((FOLDER / name).read_text()))
    assert set().union(*(declared(section) for section in sections)) <= locked


def test_a_lock_that_stands_apart_holds_what_is_declared() -> None:
    groups = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = {re.split(r"[\[><=~]", line)[0] for line in groups["bench-arq"]}
    assert wanted <= set(lock.locked_names((FOLDER / APART).read_text()))


def test_later_locks_add_to_the_first() -> None:
    first, *further = (lock.locked_names((FOLDER / name).read_text()) for name in LOCKS)
    assert all(not set(first) & set(names) for names in further)


def test_locks_that_meet_in_one_environment_agree() -> None:
    dev, bench = ({entry.split()[0] for entry in entries(name)} for name in LOCKS[1:])
    shared = {pin.split("==")[0] for pin in dev} & {pin.split("==")[0] for pin in bench}
    assert {pin for pin in bench if pin.split("==")[0] in shared} <= dev


def test_the_geometry_of_large_fences_is_installed_with_the_product() -> None:
    assert {"numpy", "shapely"} <= set(lock.locked_names((FOLDER / "requirements.lock").read_text()))


def test_without_uv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    result = CliRunner().invoke(lock.command)
    assert result.exit_code == 1
    assert "pip install uv" in result.output


def test_what_uv_refuses_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\nexit 2\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    result = CliRunner().invoke(lock.command)
    assert result.exit_code == 1
    assert "uv could not write requirements.lock" in result.output
