"""A network that loses, delays, half-closes and parts."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults import network_faults
from tests.faults.recovery import Mark
from tests.faults.servers import Servers
from tests.faults.stage import Stage, open_stage
from tests.faults.worker import TRIM_EVERY

pytestmark = pytest.mark.anyio

LOOPS = 5  # of three services, of the answers, of the trust
SAMPLERS = 3  # of the lag of each service, every five seconds


@pytest.mark.parametrize(
    "fault",
    [network_faults.drop_replies, network_faults.half_close, network_faults.delay_replies, network_faults.partition],
    ids=lambda fault: fault.__name__,
)
async def test_nothing_is_lost(fault: Callable[[Stage], Awaitable[Mark]], servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        await stage.flows(await fault(stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_loops_that_cannot_reach_redis_try_once_a_second(servers: Servers, tmp_path: Path) -> None:
    # Trimming is put off: what is counted are the loops that wait for messages.
    async with open_stage(servers, tmp_path, workers=1, environ={TRIM_EVERY: "60"}) as stage:
        await stage.flows(await network_faults.cut_off(stage), within_s=5)
        assert 0 < stage.redis.refused <= LOOPS * (network_faults.AWAY_S + 1) + SAMPLERS, stage.redis.refused
        verdict = await stage.verdict()
        assert verdict.clean, verdict
