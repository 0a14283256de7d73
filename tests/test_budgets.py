import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.budgets import budget_s, folder_of

CHECKOUT = Path(__file__).resolve().parents[1]
BUSY_S = 0.4
BUDGET_S = 0.5

pytestmark = pytest.mark.timeout(180)  # it starts pytest, some times
TEST = f"""
import subprocess, sys

def test_burns():
    burn = "import time\\nwhile time.process_time() < {BUSY_S}: ..."
    subprocess.run([sys.executable, "-c", burn], check=True)
"""
CONFTEST = f"""
from tests import budgets

budgets.BUDGETS_S["tests/*"] = {BUDGET_S}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Two files of tests whose children need more than their folder's budget together."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -p no:valkey\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "tests/busy").mkdir(parents=True)
    for name in ("test_one.py", "test_other.py"):
        (tmp_path / "tests/busy" / name).write_text(TEST)
    return tmp_path


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "pytest", "-p", "tests.budgets", *arguments]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        command, cwd=checkout, env=environ | {"PYTHONPATH": str(CHECKOUT)}, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("processes", [[], ["-n", "2", "--dist=loadfile"]], ids=["one", "two"])
def test_what_children_take_in_any_process_is_counted_and_too_much_fails_the_run(checkout: Path, processes: list[str]) -> None:
    done = run(checkout, *processes)
    found = re.search(r"^tests/busy +2 +([0-9.]+) +0\.5$", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    assert float(found[1]) >= 2 * BUSY_S
    assert "2 passed" in done.stdout
    assert done.returncode == 1
    assert "tests/busy took more than 1.5 times its budget" in done.stdout


def test_a_run_that_is_slow_for_a_reason_goes_on(checkout: Path) -> None:
    done = run(checkout, "--budgets=print")
    assert done.returncode == 0
    assert "tests/busy took more than 1.5 times its budget" in done.stdout


def test_what_is_within_its_budget_is_well(checkout: Path) -> None:
    done = run(checkout, "tests/busy/test_one.py")
    assert done.returncode == 0, done.stdout
    assert "times its budget" not in done.stdout


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("tests/test_laws.py", "tests"),
        ("tests/bus/test_ids.py", "tests/bus"),
        ("tests/bus/redis/test_slots.py", "tests/bus/redis"),
        ("tests/nexus_actors/test_retry.py", "tests/nexus_actors"),
        ("tests/nexus_actors/cli/terminal/test_table.py", "tests/nexus_actors/cli"),
        ("tests/modules/test_catalogue.py", "tests/modules"),
        ("tests/modules/puabo_os/test_system.py", "tests/modules/puabo_os"),
        ("tests/modules/puabo_nexus/fleet/domain/test_vin.py", "tests/modules/puabo_nexus/fleet"),
    ],
)
def test_a_file_counts_for_the_deepest_folder_that_has_a_budget(file: str, folder: str) -> None:
    assert folder_of(file) == folder
    assert budget_s(folder) > 0
