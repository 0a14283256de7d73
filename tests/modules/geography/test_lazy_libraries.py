"""numpy and shapely are as large as all the rest of a service: who judges nothing by large fences does without them."""

import subprocess
import sys

import pytest

_SAY_WHAT_IS_THERE = "import sys; print(*sorted({'numpy', 'shapely'} & set(sys.modules)))"


def loaded_by(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", f"{code}\n{_SAY_WHAT_IS_THERE}"], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize(
    "module",
    [
        "nexus_actors.cli.main",
        "modules.infrastructure.auth.service",
        "modules.puabo_nexus.fleet.service",
        "modules.puabo_nexus.tracker.service",
        "modules.puabo_nexus.location.service",
    ],
)
def test_no_service_starts_with_them(module: str) -> None:
    assert not loaded_by(f"import {module}")


def test_small_fences_do_without_them_and_large_ones_bring_them_in() -> None:
    judged = (
        "from modules.geography.area import Area\n"
        "from modules.geography.spot import Spot\n"
        "area = Area([[[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]]])\n"
        "assert area.covers_all([Spot(0.1, 0.1)] * {count}) == [True] * {count}"
    )
    assert not loaded_by(judged.format(count=10))
    assert loaded_by(judged.format(count=10_000)) == "numpy shapely"
