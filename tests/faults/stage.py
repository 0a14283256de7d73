"""The stage: servers behind proxies, worker processes, load, and the checker at the end."""

import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import anyio
import asyncpg
from anyio.abc import TaskGroup

from bus.publisher import Publisher
from bus.redis import RedisSettings, connect
from bus.requests import Requests
from bus.store import StreamStore
from nexus_actors.asking import BusAsker
from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.worker.worker import utc_now
from tests.faults.archive.service import service as archive
from tests.faults.checker import Verdict, check
from tests.faults.evidence import Collector
from tests.faults.ledger.contract import LEDGER
from tests.faults.ledger.service import service as ledger
from tests.faults.load import Load
from tests.faults.namespace import Namespace
from tests.faults.postgres_proxy import PostgresProxy
from tests.faults.process import Worker
from tests.faults.proxy import Proxy
from tests.faults.recovery import Mark, Recovered, Recovery
from tests.faults.servers import Servers
from tests.faults.tally.service import service as tally
from tests.faults.worker import TRIM_EVERY

LEASE_S: Final = 1.0
RETRY_S: Final = 0.2
HOUR_S: Final = 3_600.0
OLD: Final = "tests.faults.worker"
NEXT: Final = "tests.faults.next_worker"
_LOOK_S: Final = 0.05
_OWNER: Final = """
SELECT w.pid FROM nexus.leases l JOIN nexus.workers w ON w.worker_id = l.owner
WHERE l.service = $1 AND l.partition = $2 AND l.expires_at > clock_timestamp()"""


class Stage:
    """Everything that a fault can be done to.

    Attributes:
        postgres: the proxy between workers and PostgreSQL; redis: that between workers and Valkey. The load and the checker
            reach the servers directly.
        started: all workers that ever were; `workers` are those that are.
        program: what new workers run: `OLD` or `NEXT`, the release after it.
        redis_url: where these reach the streams.
        namespace: the network that the workers have, where that is not ours.
        chance: what is random here comes from it.
        clocks_jumped: a worker's clock was an hour ahead for a while; timers that were set by it are due then.
    """

    def __init__(
        self,
        servers: Servers,
        folder: Path,
        database_url: str,
        redis_url: str,
        proxies: tuple[PostgresProxy, Proxy],
        load: Load,
        chance: random.Random,
        environ: Mapping[str, str],
        namespace: Namespace | None = None,
    ) -> None:
        self.servers = servers
        self.folder = folder
        self.database_url = database_url
        self.redis_url = redis_url
        self.postgres, self.redis = proxies
        self.load = load
        self.chance = chance
        self.recovery = Recovery(load.history)
        self.workers: list[Worker] = []
        self.clocks_jumped = False
        self.program = OLD
        self.namespace = namespace
        self._environ = environ
        self.started: list[Worker] = []

    async def add_workers(self, count: int) -> None:
        """Start so many more workers, and wait until they are ready."""
        launcher = self.namespace.launcher if self.namespace else ()
        added: list[Worker] = []
        for _ in range(count):
            name = f"worker-{len(self.started) + len(added) + 1}"
            added.append(Worker(name, self.folder, self._environ, launcher, self.program))
        self.workers += added
        self.started += added
        for worker in added:
            await worker.ready()

    async def remove(self, worker: Worker) -> None:
        """Let a worker drain and end."""
        self.workers.remove(worker)
        await worker.stop()
        assert worker.code == 0, f"{worker.name} ended with {worker.code}:\n{worker.tail()}"

    async def owner(self, account: str) -> Worker:
        """The worker that owns an account."""
        connection = await asyncpg.connect(self.database_url)
        try:
            with anyio.fail_after(10):
                while True:
                    pid = await connection.fetchval(_OWNER, LEDGER.service, LEDGER.partition_of(account))
                    for worker in self.workers:
                        if worker.pid == pid:
                            return worker
                    await anyio.sleep(_LOOK_S)
        finally:
            await connection.close()

    @contextmanager
    def slow_archive(self, seconds: float = 0.3) -> Iterator[None]:
        """While the block runs, one reader of the ledger falls behind: what is lost then has not been read by all."""
        slowed = list(self.workers)
        for worker in slowed:
            worker.tuning.archive_s = seconds
        yield
        for worker in slowed:
            worker.tuning.archive_s = 0

    def mark(self, fault: str) -> Mark:
        """Recovery from a fault counts from now on."""
        return self.recovery.mark(fault, anyio.current_time())

    async def flows(self, mark: Mark, within_s: float = 60) -> Recovered:
        """Wait until every account has had an answer after a mark."""
        with anyio.move_on_after(within_s):
            while (recovered := self.recovery.of(mark, self.load.accounts)).all_s is None:  # noqa: ASYNC110 - see `until`
                await anyio.sleep(_LOOK_S)
            return recovered
        tails = "\n".join(f"{worker.name}: {worker.tail()}" for worker in self.workers)
        raise AssertionError(f"{mark.fault}: not every account flows again within {within_s:g} s.\n{tails}")

    async def until(self, holds: Callable[[], bool], within_s: float = 10) -> None:
        """Wait until something holds."""
        with anyio.fail_after(within_s):
            while not holds():  # noqa: ASYNC110 - what is looked at tells nobody when it changes
                await anyio.sleep(_LOOK_S)

    def collector(self) -> Collector:
        """Collects the evidence of this stage."""
        return Collector(self.database_url, self.redis_url, [ledger, tally, archive])

    async def verdict(self, settle_s: float = 60) -> Verdict:
        """Stop the load, wait until everything is at rest, and check. The workers go on running."""
        collector = self.collector()
        await self.settle(collector, settle_s)
        return check(self.load.history, await collector.collect())

    async def settle(self, collector: Collector, within_s: float) -> None:
        """Stop the load and wait until everything is at rest, or time is over: what is not at rest then, the checker sees."""
        self.load.stop()
        with anyio.move_on_after(within_s):
            while self.load.history.of("unknown"):  # noqa: ASYNC110 - see `until`
                await anyio.sleep(_LOOK_S)
            if self.clocks_jumped:
                for worker in self.workers:
                    worker.tuning.clock_offset_s = HOUR_S + within_s
            while await collector.behind():  # noqa: ASYNC110 - see `until`
                await anyio.sleep(_LOOK_S)


def _environment(database_url: str, redis_url: str, extra: Mapping[str, str]) -> dict[str, str]:
    return {
        "NEXUS_DATABASE_URL": database_url,
        "NEXUS_REDIS_URL": redis_url,
        "NEXUS_LEASE_S": str(LEASE_S),
        "NEXUS_MAX_ATTEMPTS": "3",
        "NEXUS_RETRY_BASE_S": str(RETRY_S),
        TRIM_EVERY: "0.5",
        **extra,
    }


def _through(url: str, proxy: Proxy) -> str:
    """An address, by way of a proxy."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{parts.password}@{proxy.host}:{proxy.port}"))


@asynccontextmanager
async def open_stage(
    servers: Servers,
    folder: Path,
    *,
    workers: int = 2,
    seed: int = 0,
    environ: Mapping[str, str] | None = None,
    redis_url: str | None = None,
    namespace: Namespace | None = None,
    proxied: bool = True,
    **load: Any,
) -> AsyncIterator[Stage]:
    """A stage with workers, under load.

    Args:
        environ: more variables for the workers.
        redis_url: use this Redis in place of the servers', and reach it without a proxy.
        namespace: the workers' network.
        proxied: workers reach servers through the proxies; without them, three times as much flows.
        load: what is to be different about the `Load`.
    """
    await servers.clear_redis()
    postgres, redis = PostgresProxy(servers.postgres.port), Proxy(servers.redis.port)
    async with AsyncExitStack() as stack:
        database_url = await stack.enter_async_context(servers.database(f"faults_{uuid4().hex}"))
        await stack.enter_async_context(postgres.open(namespace.postgres.here if namespace else LOOPBACK))
        await stack.enter_async_context(redis.open(namespace.redis.here if namespace else LOOPBACK))
        direct_url = redis_url or servers.redis.url
        streams = await stack.enter_async_context(connect(RedisSettings(url=direct_url)))
        tasks: TaskGroup = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        chance = random.Random(seed)  # noqa: S311 - guards nothing
        asked = _load(streams, tasks, chance, **load)
        theirs = (database_url, direct_url)
        if proxied:
            theirs = (_through(database_url, postgres), redis_url or _through(direct_url, redis))
        variables = _environment(*theirs, environ or {})
        stage = Stage(servers, folder, database_url, direct_url, (postgres, redis), asked, chance, variables, namespace)
        async with _at_work(stage, workers, tasks):
            yield stage


def _load(streams: StreamStore, tasks: TaskGroup, chance: random.Random, **load: Any) -> Load:
    """A load that hears the answers to what it asks."""
    requests = Requests(streams, Publisher(streams), f"load-{uuid4().hex}")
    tasks.start_soon(requests.run)
    return Load(BusAsker(requests, "load", utc_now), chance, **load)


@asynccontextmanager
async def _at_work(stage: Stage, workers: int, tasks: TaskGroup) -> AsyncIterator[None]:
    """So many workers, under load, until the block ends."""
    try:
        await stage.add_workers(workers)
        stage.load.start(tasks)
        await stage.flows(stage.mark("start"))
        yield
    finally:
        with anyio.CancelScope(shield=True):
            for worker in stage.started:  # also one that was being killed or removed
                await worker.kill()
