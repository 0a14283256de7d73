"""The pipe from a worker to its supervisor."""

import anyio
import pytest

from nexus_actors.local.lifeline import Lifeline, Pulse

pytestmark = pytest.mark.anyio


async def test_readiness_beats_and_the_end_arrive_in_order() -> None:
    lifeline = Lifeline()
    pulse = Pulse(lifeline.worker_end)
    with anyio.fail_after(5):
        pulse.ready()
        assert await lifeline.next_sign() == "ready"
        pulse.beat()
        assert await lifeline.next_sign() == "beat"
        lifeline.hand_over()
        assert await lifeline.next_sign() == "end"
        assert await lifeline.next_sign() == "end"
    lifeline.close()


async def test_readiness_is_not_lost_among_beats() -> None:
    lifeline = Lifeline()
    pulse = Pulse(lifeline.worker_end)
    pulse.beat()
    pulse.ready()
    pulse.beat()
    with anyio.fail_after(5):
        assert await lifeline.next_sign() == "ready"
    lifeline.hand_over()
    lifeline.close()


async def test_a_supervisor_that_does_not_listen_holds_nobody_up() -> None:
    lifeline = Lifeline()
    pulse = Pulse(lifeline.worker_end)
    for _ in range(100_000):
        pulse.beat()
    lifeline.close()
    pulse.beat()
    lifeline.hand_over()


async def test_silence_is_waited_out() -> None:
    lifeline = Lifeline()
    with anyio.move_on_after(0.05) as patience:
        await lifeline.next_sign()
    assert patience.cancelled_caught
    lifeline.hand_over()
    lifeline.close()
