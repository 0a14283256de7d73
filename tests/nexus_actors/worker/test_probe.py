"""A service is alive as long as its loop goes round, and only so long."""

import pytest
import structlog

from bus.memory import MemoryStreamStore
from nexus_actors.memory import MemoryDatabase, MemoryTurnStore, NoSql
from nexus_actors.runtime.assembly import LoopSettings, assemble
from nexus_actors.runtime.leases import Ownership
from nexus_actors.runtime.trouble import Trouble
from nexus_actors.telemetry.metrics import Metrics
from nexus_actors.telemetry.spans import NoSpans
from nexus_actors.testing import FakeClock
from nexus_actors.worker.probe import STALLED_S, LoopProbe
from tests.nexus_actors.runtime.counter import counter

pytestmark = pytest.mark.anyio


async def test_a_loop_that_stands_still_is_not_alive_until_it_goes_round_again() -> None:
    clock, streams, ownership = FakeClock(), MemoryStreamStore(lambda: 0), Ownership()
    loop = assemble(
        counter,
        turn_store=MemoryTurnStore(counter.name, MemoryDatabase(clock)),
        streams=streams,
        ownership=ownership,
        settings=LoopSettings(),
        clock=clock,
        chance=lambda: 0.0,
        log=structlog.get_logger(),
        metrics=Metrics().service(counter.name),
        spans=NoSpans(bytes),
    )
    probe = LoopProbe(NoSql(), streams, loop, Trouble(structlog.get_logger()), ownership, clock)
    assert probe.live()
    clock.advance(STALLED_S - 1)
    assert probe.live()
    clock.advance(1)
    assert not probe.live()
    await loop.tick(0)
    assert probe.live()
