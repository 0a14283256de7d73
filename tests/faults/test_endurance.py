"""The long run, short."""

from pathlib import Path

import pytest

from tests.faults.endurance import Endurance
from tests.faults.memory import grown
from tests.faults.servers import Servers
from tests.faults.stage import open_stage


@pytest.mark.anyio
async def test_a_run_is_checked_round_by_round(servers: Servers, tmp_path: Path) -> None:
    said: list[str] = []
    async with open_stage(servers, tmp_path, proxied=False) as stage:
        endurance = Endurance(stage, said.append, accounts=4, round_size=200, calm_s=(0.5, 2))
        await endurance.run(1_000)
    assert endurance.verdict.clean, endurance.verdict
    assert endurance.verdict.effects >= 1_000
    assert len(said) >= 3  # a heading, and two rounds at the least: one has its size and what was under way
    assert endurance.kills > 0
    assert all(sample.redis > 0 and sample.witness > 0 for sample in endurance.samples)


@pytest.mark.parametrize(
    ("series", "grows"),
    [
        ([50.0] * 40, False),
        ([10.0, 20.0, 40.0, 50.0, *[60.0] * 30], False),
        ([float(n) for n in range(40, 140)], True),
        ([60.0, 90.0] * 50, False),
        ([1.0, 100.0], False),
    ],
    ids=["level", "warms up", "rises", "swings", "too short to tell"],
)
def test_memory_grows_where_it_rises_after_it_has_warmed_up(series: list[float], grows: bool) -> None:
    assert grown(series) is grows
