"""Workers that die, freeze, go astray, come and go."""

from pathlib import Path

import anyio
import pytest

from tests.faults import worker_faults
from tests.faults.servers import Servers
from tests.faults.stage import open_stage

pytestmark = pytest.mark.anyio


async def test_a_killed_worker_loses_nothing_and_others_go_on(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        for _ in range(2):
            await stage.flows(await worker_faults.kill_worker(stage), within_s=10)
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_an_owner_that_wakes_up_too_late_changes_nothing(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        mark, frozen, operation = await worker_faults.freeze_in_turn(stage)
        await stage.flows(mark)
        assert operation.outcome == "accepted"
        assert any("another owner" in line["error"] for line in frozen.lines("loop_starts_over")), frozen.tail()
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_workers_come_and_go_under_load(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path, workers=1) as stage:
        await stage.flows(await worker_faults.roll(stage))
        assert len(stage.workers) == 2
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_a_clock_that_jumps_stops_nobody(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        await stage.flows(await worker_faults.jump_clock(stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_a_poison_message_holds_back_its_key_alone(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        await stage.flows(await worker_faults.poison(stage))
        verdict = await stage.verdict()
        assert (verdict.parked, verdict.clean) == (3, True), verdict


async def test_a_slow_reader_loses_nothing_because_others_are_fast(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        with stage.slow_archive():
            await anyio.sleep(3)
        verdict = await stage.verdict()
        assert verdict.clean, verdict
        left = sum([await stage.servers.ask_redis("XLEN", f"nexus:{{ledger-ms:{n}}}:events") for n in range(8)])
        assert left < verdict.effects / 2, f"{left} of {verdict.effects} are still in the streams: nobody trims."
