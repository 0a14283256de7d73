"""A network that loses, delays, half-closes and parts."""

import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

from tests.absence import leave_out
from tests.faults import network_faults
from tests.faults.namespace import Namespace, NoNamespaces, open_namespace
from tests.faults.recovery import Mark
from tests.faults.servers import Servers
from tests.faults.stage import Stage, open_stage
from tests.faults.worker import TRIM_EVERY
from tests.packages import Absent, install

pytestmark = pytest.mark.anyio

LOOPS = 5  # of three services, of the answers, of the trust
SAMPLERS = 3  # of the lag of each service
SAMPLED_S = 5


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


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """One that this machine makes; with CI=true it is a failure where it does not."""
    with ExitStack() as stack:
        try:
            install(["iproute2"], unless=lambda: shutil.which("ip") is not None)
            opened = stack.enter_context(open_namespace())
        except (Absent, NoNamespaces) as reason:
            leave_out(
                f"{reason} A cut cable is tried where root may make network namespaces (in a container: with CAP_NET_ADMIN and "
                "CAP_SYS_ADMIN). The partition that a proxy makes is tried all the same."
            )
        yield opened


async def test_a_cut_cable_loses_nothing(namespace: Namespace, servers: Servers, tmp_path: Path) -> None:
    """A partition as the kernel makes it: packets vanish, and nobody acknowledges what was sent."""
    async with open_stage(servers, tmp_path, namespace=namespace) as stage:
        await stage.flows(await network_faults.cut_cable(stage))
        verdict = await stage.verdict()
        assert verdict.clean, verdict


async def test_loops_that_cannot_reach_redis_try_once_a_second(servers: Servers, tmp_path: Path) -> None:
    # Trimming is put off: what is counted are the loops that wait for messages.
    async with open_stage(servers, tmp_path, workers=1, environ={TRIM_EVERY: "60"}) as stage:
        began_at = anyio.current_time()
        mark = await network_faults.cut_off(stage)
        away_s = mark.at - began_at  # longer than asked for on a busy machine
        await stage.flows(mark, within_s=5)
        allowed = LOOPS * (away_s + 1) + SAMPLERS * (away_s // SAMPLED_S + 1)
        assert 0 < stage.redis.refused <= allowed, (stage.redis.refused, away_s)
        verdict = await stage.verdict()
        assert verdict.clean, verdict
