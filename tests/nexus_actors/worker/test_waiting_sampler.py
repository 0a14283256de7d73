"""What waits is shown where people look: in the metrics, and in the database for all workers together."""

import pytest

from bus import Command
from nexus_actors.operations.waiting import Waiting, read_waiting
from nexus_actors.testing import open_platform
from nexus_actors.worker.waiting_sampler import WaitingSampler
from tests.nexus_actors.runtime.switchboard.service import BOARD, Act, board
from tests.nexus_actors.runtime.wire import home, put, sealed

pytestmark = pytest.mark.anyio


class Unheard(Command[None], topic=BOARD, key="line"):
    """A command of a newer release."""

    line: str


async def test_keys_that_wait_are_noted_once_and_erased_when_they_go_on(database_url: str) -> None:
    async with open_platform([board], database_url, environ={"NEXUS_UNKNOWN_WAIT_S": "3600"}) as platform:
        worker, loop = platform.worker, platform.worker.hosts["board-ms"].loop
        metrics = worker.metrics.service("board-ms")
        sampler = WaitingSampler("board-ms", worker.info.worker_id, loop.partitions, worker.platform, metrics)
        await sampler.sample()
        assert await read_waiting(worker.platform) == {}
        assert "waiting" not in (await platform.http("board-ms").send("GET", "/health")).json()
        for line in ("a", "b"):
            await put(platform, home(line), sealed(Unheard(line=line)), sealed(Act(line=line)))
        await platform.until(lambda: sum(len(partition.held) for partition in loop.partitions.values()) == 2)
        await sampler.sample()
        (found,) = (await read_waiting(worker.platform)).values()
        assert found == Waiting(
            2, found.since, "nexus.board-ms.unheard.v1", f"no contract of this release declares {found.wire_type}"
        )
        assert worker.metrics.registry.get_sample_value("nexus_keys_waiting", {"service": "board-ms"}) == 2
        health = (await platform.http("board-ms").send("GET", "/health")).json()
        assert (health["status"], health["waiting"]) == ("ok", ["2 keys wait. Only a newer release can handle it."])
        for partition in loop.partitions.values():
            for identity in list(partition.held):
                partition.let_go(identity)
        await sampler.sample()
        assert await read_waiting(worker.platform) == {}
