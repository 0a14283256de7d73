"""Containers that are killed, added and taken away under load: nothing that was accepted is lost or doubled."""

import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from uuid import uuid4

import anyio
import anyio.to_thread
import pytest

from bus.publisher import Publisher
from bus.redis import RedisSettings, connect
from bus.requests import Requests
from nexus_actors.asking import BusAsker
from nexus_actors.cli.platform.holdings import read_holdings
from nexus_actors.worker.worker import utc_now
from tests.containers.fleet import ALL, SERVICES, Fleet, until
from tests.faults.archive.service import service as archive
from tests.faults.checker import Verdict, check
from tests.faults.evidence import Collector
from tests.faults.ledger.service import service as ledger
from tests.faults.load import Load
from tests.faults.tally.service import service as tally

pytestmark = pytest.mark.anyio

BACK_WITHIN_S: Final = 90
PARTITIONS: Final = 8
_SETTLES_WITHIN_S: Final = 60
_LOOK_S: Final = 0.2


@asynccontextmanager
async def under_load(fleet: Fleet, verdicts: list[Verdict]) -> AsyncIterator[Load]:
    """Two workers of the ledger in containers, under load; what the checker says at the end."""
    await off_loop(fleet.compose, "up", "--detach", "--no-build", "--no-deps", "--scale", "ledger=2", "ledger")
    deployment = fleet.deployment
    async with connect(RedisSettings(url=deployment.redis_url)) as streams, anyio.create_task_group() as tasks:
        requests = Requests(streams, Publisher(streams), f"load-{uuid4().hex}")
        tasks.start_soon(requests.run)
        chance = random.Random(4)  # noqa: S311 - guards nothing
        load = Load(BusAsker(requests, "load", utc_now), chance, accounts=12, pause_s=0.1, name=f"account-{uuid4().hex[:6]}")
        load.start(tasks)
        with anyio.fail_after(BACK_WITHIN_S):
            while load.accepted < len(load.accounts):  # noqa: ASYNC110 - what is looked at tells nobody when it changes
                await anyio.sleep(_LOOK_S)
        yield load
        verdicts.append(await verdict(load, Collector(deployment.database_url, deployment.redis_url, [ledger, tally, archive])))
        tasks.cancel_scope.cancel()


async def verdict(load: Load, collector: Collector) -> Verdict:
    """Stop the load, wait until everything is at rest, and check."""
    load.stop()
    with anyio.move_on_after(_SETTLES_WITHIN_S):
        while load.history.of("unknown") or await collector.behind():  # noqa: ASYNC110 - see `under_load`
            await anyio.sleep(_LOOK_S)
    return check(load.history, await collector.collect())


async def off_loop(work: Callable[..., object], *arguments: object) -> None:
    """Do blocking work beside the load."""
    await anyio.to_thread.run_sync(partial(work, *arguments))


async def test_whatever_container_is_killed_nothing_is_lost_or_doubled(fleet: Fleet) -> None:
    verdicts: list[Verdict] = []
    async with under_load(fleet, verdicts) as load:
        for service in [*ALL, "ledger"]:
            accepted = load.accepted
            killed = fleet.kill(service)
            await off_loop(until, partial(fleet.is_back, service, killed), f"{service} is healthy again", BACK_WITHIN_S)
            with anyio.fail_after(BACK_WITHIN_S):
                while load.accepted < accepted + len(load.accounts):  # noqa: ASYNC110 - see `under_load`
                    await anyio.sleep(_LOOK_S)
        await off_loop(until, fleet.all_healthy, "all are healthy", BACK_WITHIN_S)
    assert verdicts[0].clean, verdicts[0]
    assert verdicts[0].accepted > 200
    said = fleet.verify()
    assert said.code == 0, said.output


async def owners(fleet: Fleet, service: str) -> Mapping[str, int]:
    """How many partitions of a service each container owns, by host name."""
    return (await read_holdings(fleet.deployment.database_url)).by_host(service)


async def shared_among(fleet: Fleet, count: int) -> Mapping[str, int]:
    """Wait until so many containers own all eight partitions of tracker-ms; how many each of them has."""
    with anyio.fail_after(60):
        while True:
            held = await owners(fleet, "tracker-ms")
            if len(held) == count and sum(held.values()) == PARTITIONS and min(held.values()) >= PARTITIONS // count:
                return held
            await anyio.sleep(_LOOK_S)


async def test_more_workers_share_the_partitions_and_taking_them_away_loses_nothing(fleet: Fleet) -> None:
    (alone,) = await shared_among(fleet, 1)
    workers = "tracker-ms-workers"
    await off_loop(fleet.compose, "up", "--detach", "--no-build", "--no-deps", "--scale", f"{workers}=2", workers)
    assert alone in await shared_among(fleet, 3)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(off_loop, replay, fleet)
        await anyio.sleep(1)
        await off_loop(fleet.compose, "rm", "--stop", "--force", workers)
    assert await shared_among(fleet, 1) == {alone: PARTITIONS}


def replay(fleet: Fleet) -> None:
    """A drive that is made up, delivered."""
    said = fleet.on_containers("demo", "fleet")
    assert said.code == 0, said.output


async def test_a_service_drains_and_ends_with_0(fleet: Fleet) -> None:
    service = SERVICES[-1]
    await off_loop(fleet.compose, "stop", service)
    (found,) = fleet.inspect(service)
    said = fleet.logs(service)
    await off_loop(fleet.compose, "start", service)
    assert found["State"]["ExitCode"] == 0
    assert '"event":"worker_draining"' in said
    assert '"event":"worker_stopped"' in said
