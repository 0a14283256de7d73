"""Workers that die, freeze, go astray, come and go."""

from pathlib import Path

import anyio
import pytest

from tests.faults import worker_faults
from tests.faults.ledger.contract import LEDGER
from tests.faults.servers import Servers
from tests.faults.stage import open_stage
from tests.poison import WAYS

pytestmark = pytest.mark.anyio

SLOW_S = 2
TRIMMED_WITHIN_S = 30  # streams are cut some seconds of clock skew below what was handled
TRIMMED = 0.7


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
        await stage.until(lambda: any("another owner" in line["error"] for line in frozen.lines("loop_starts_over")))
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
        await stage.flows(await worker_faults.poison(stage, WAYS))
        verdict = await stage.verdict()
        assert (verdict.parked, verdict.clean) == (3 * len(WAYS), True), verdict


async def test_a_slow_reader_loses_nothing_while_streams_are_trimmed(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        with stage.slow_archive():
            await anyio.sleep(SLOW_S)
        with anyio.move_on_after(TRIMMED_WITHIN_S):
            while await events_left(servers) > len(stage.load.history.of("accepted")) * TRIMMED:  # noqa: ASYNC110 - nobody tells
                await anyio.sleep(0.2)
        left = await events_left(servers)
        verdict = await stage.verdict()
        assert verdict.clean, verdict
        assert left < verdict.effects * (TRIMMED + 0.05), f"{left} of {verdict.effects} are still in the streams: nobody trims."


async def events_left(servers: Servers) -> int:
    streams = LEDGER.streams("events")
    return sum([await servers.ask_redis("XLEN", f"nexus:{stream}") for stream in streams])
