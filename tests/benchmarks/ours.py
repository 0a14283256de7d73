"""Nexus COS in the benchmark."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anyio

from bus import new_id
from bus.codec import Contracts, decode_envelope, encode_envelope
from bus.envelope import seal
from bus.position import START, Position
from bus.publisher import Outgoing, Publisher
from bus.reader import PartitionReader
from bus.store import StreamStore
from bus.topic import StreamName
from nexus_actors.postgres.pool import DatabasePool
from nexus_actors.postgres.retention import keep
from nexus_actors.settings.config import Settings
from nexus_actors.worker import Worker, open_worker
from nexus_actors.worker.host import ServiceHost
from tests.benchmarks.workload import SOURCE, Locate, Moved, Report, service

Publishing = Callable[[StreamStore, int], Awaitable[float]]

BATCH = 500
_READ_COUNT = 256
_SAVE = """
INSERT INTO progress (stream, ms, seq) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])
ON CONFLICT (stream) DO UPDATE SET ms = EXCLUDED.ms, seq = EXCLUDED.seq"""


def reports(kind: type[Report], count: int, vehicles: int) -> list[Report]:
    """Reports of some vehicles in turn."""
    return [kind(vehicle=f"v{number % vehicles}", lat=45.276, lon=13.7215) for number in range(count)]


def outgoing(report: Report, now: datetime) -> Outgoing:
    """A report in its envelope, encoded, on its way to its partition."""
    envelope = seal(report, message_id=new_id(), source="bench", now=now)
    return Outgoing(SOURCE.stream("events", SOURCE.partition_of(envelope.subject)), encode_envelope(envelope))


async def publish(streams: StreamStore, messages: Sequence[Report]) -> None:
    """Publish reports in batches."""
    publisher = Publisher(streams)
    for start in range(0, len(messages), BATCH):
        now = datetime.now(UTC)
        await publisher.publish([outgoing(message, now) for message in messages[start : start + BATCH]])


async def publishing_singly(streams: StreamStore, count: int) -> float:
    """Messages per second, each awaited before the next."""
    messages, publisher = reports(Moved, count, vehicles=1_000), Publisher(streams)
    started = time.perf_counter()
    for message in messages:
        await publisher.publish([outgoing(message, datetime.now(UTC))])
    return count / (time.perf_counter() - started)


async def publishing_batched(streams: StreamStore, count: int) -> float:
    """Messages per second, in batches."""
    messages = reports(Moved, count, vehicles=1_000)
    started = time.perf_counter()
    await publish(streams, messages)
    return count / (time.perf_counter() - started)


async def consuming(streams: StreamStore, pool: DatabasePool, count: int) -> float:
    """Messages per second of a bare consumer: it reads and decodes them, and keeps in PostgreSQL how far it has come.

    What is younger than a few seconds it reads again, and counts again, as every reader does at its start.
    """
    after = await streams.last(SOURCE.streams("events"))
    await publish(streams, reports(Moved, count, vehicles=1_000))
    reader, contracts = PartitionReader(streams, _READ_COUNT, block_s=1.0), Contracts([Moved])
    for stream, position in after.items():
        reader.assign(stream, position)
    await pool.execute("CREATE TABLE IF NOT EXISTS progress (stream text PRIMARY KEY, ms bigint, seq bigint)")
    last, reached, read = await streams.last(list(after)), dict(after), 0
    started = time.perf_counter()
    while reached != last:
        for entry in await reader.read():
            contracts.decode(decode_envelope(entry.body))
            reached[entry.stream] = entry.position
            read += 1
        await pool.execute(_SAVE, list(reached), [p.ms for p in reached.values()], [p.seq for p in reached.values()])
    return read / (time.perf_counter() - started)


async def settling(settings: Settings, kind: type[Report], count: int, vehicles: int) -> float:
    """Messages per second of a service with everything that it promises, once its actors are awake."""
    async with open_worker(settings, [service]) as worker:
        host = worker.hosts[service.name]
        async with _owning(worker, host), anyio.create_task_group() as beside:
            await publish(worker.streams, reports(kind, vehicles, vehicles))
            await _settle(host, await worker.streams.last(SOURCE.streams("events")))
            await publish(worker.streams, reports(kind, count, vehicles))
            last = await worker.streams.last(SOURCE.streams("events"))
            beside.start_soon(worker.keeper.run)
            beside.start_soon(host.janitor.run, host.loop.partitions)
            started = time.perf_counter()
            await _settle(host, last)
            took_s = time.perf_counter() - started
            beside.cancel_scope.cancel()
    return count / took_s


@asynccontextmanager
async def _owning(worker: Worker, host: ServiceHost) -> AsyncIterator[None]:
    """Own the partitions, so that no start-up is measured; give them back at the end."""
    settings, today = worker.settings, datetime.now(UTC).date()
    await keep(host.turns, host.service.name, today, settings.inbox_days, settings.outbox_days)
    await worker.keeper.tick()
    await host.loop.tick(block_s=0.001)
    yield
    async with anyio.create_task_group() as beside:
        beside.start_soon(host.loop.run)
        await worker.keeper.drain()
        beside.cancel_scope.cancel()


async def _settle(host: ServiceHost, last: dict[StreamName, Position]) -> None:
    """Let the loop go round until everything up to these positions is handled, committed and published."""
    while not _settled(host, last):
        await host.loop.tick(block_s=1.0)


def _settled(host: ServiceHost, last: dict[StreamName, Position]) -> bool:
    """Whether everything up to these positions is handled, committed and published."""
    trackers = {
        stream: tracker for partition in host.loop.partitions.values() for stream, tracker in partition.trackers.items()
    }
    return all(trackers[stream].checkpoint() >= position for stream, position in last.items() if position != START)


async def asking(settings: Settings, count: int) -> list[float]:
    """How many seconds each of so many questions took from asking to the decoded answer, one after the other."""
    async with open_worker(settings, [service]) as worker, worker.running():
        for _ in range(count // 10 + 1):
            await worker.asker.ask(Locate(vehicle="v1"))
        took_s: list[float] = []
        for number in range(count):
            started = time.perf_counter()
            await worker.asker.ask(Locate(vehicle=f"v{number % 100}"))
            took_s.append(time.perf_counter() - started)
    return took_s
