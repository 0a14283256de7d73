"""streaq in the benchmark."""

import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import ModuleType
from typing import Any, Final

import anyio
import msgspec
from msgspec import Struct

from tests.benchmarks.peers.peer import WITHIN_S, Effect, Figures, Peer, Point, Send, Sink, Way, one_by_one, points, questions

# streaq imports this for schedules, which no task here has. It is not installed: there is no wheel of it (and it is under the
# LGPL). A task with a schedule would fail.
_schedules = ModuleType("crontab")
_schedules.CronTab = None  # type: ignore[attr-defined]
sys.modules.setdefault("crontab", _schedules)

from streaq import Worker  # noqa: E402 - see above

_SETTLES_S: Final = 0.05
_ASKED: Final = ("v1", 45.276, 13.7215)
_IDLE_S: Final = 5


class Setting(Struct, frozen=True, kw_only=True):
    """One way to set streaq up.

    Attributes:
        worker, task: the arguments of the worker and of the task that differ from the defaults.
        pickled: by pickle, as is the default; otherwise JSON by msgspec.
        batch: how many tasks a call takes.
    """

    worker: Mapping[str, Any] = {}
    task: Mapping[str, Any] = {}
    pickled: bool = False
    batch: int = 500


def _worker(url: str, setting: Setting) -> Any:
    format_ = {} if setting.pickled else {"serializer": msgspec.json.encode, "deserializer": msgspec.json.decode}
    return Worker(redis_url=url, **format_, **setting.worker)


def _noop(worker: Any, setting: Setting, sink: Sink | None = None) -> Any:
    @worker.task(name="noop", silent=True, **setting.task)  # type: ignore[untyped-decorator]
    async def noop(vehicle: str, lat: float, lon: float) -> None:
        if sink:
            await sink.take()

    return noop


async def _enqueue(worker: Any, noop: Any, count: int, batch: int) -> None:
    messages = points(count)
    for start in range(0, count, batch):
        await worker.enqueue_many(
            [noop.enqueue(point.vehicle, point.lat, point.lon) for point in messages[start : start + batch]]
        )


async def _publishing_singly(setting: Setting, url: str, count: int) -> Figures:
    worker = _worker(url, setting)
    noop = _noop(worker, setting)

    async def send(point: Point) -> None:
        await noop.enqueue(point.vehicle, point.lat, point.lon)

    async with worker:
        return await one_by_one(count, send)


async def _publishing_batched(setting: Setting, url: str, count: int) -> Figures:
    worker = _worker(url, setting)
    noop = _noop(worker, setting)
    async with worker:
        started = time.perf_counter()
        await _enqueue(worker, noop, count, setting.batch)
        return [count / (time.perf_counter() - started)]


async def _consuming(setting: Setting, url: str, count: int) -> Figures:
    sender, worker, sink = _worker(url, setting), _worker(url, setting), Sink(count)
    async with sender:
        await _enqueue(sender, _noop(sender, setting), count, setting.batch)
    _noop(worker, setting, sink)
    # Then it ends by itself once it has acknowledged everything.
    worker.burst = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run_async)
        await sink.arrived.wait()
        took_s = await sink.drain()
    return [count / took_s]


async def _asking(setting: Setting, url: str, count: int) -> Figures:
    worker = _worker(url, setting)

    @worker.task(name="locate", silent=True)  # type: ignore[untyped-decorator]
    async def locate(vehicle: str, lat: float, lon: float) -> list[float]:
        return [lat, lon]

    async def ask() -> None:
        asked = await locate.enqueue(*_ASKED)
        await asked.result(int(WITHIN_S))

    async with anyio.create_task_group() as tasks:
        await tasks.start(worker.run_async)
        figures = await questions(count, ask)
        await anyio.sleep(_SETTLES_S)
        tasks.cancel_scope.cancel()
    return figures


_KEEPING: Final = Setting(worker={"idle_timeout": _IDLE_S}, pickled=True)


def _keeping_worker(url: str, effect: Effect | None) -> tuple[Any, Any]:
    worker = _worker(url, _KEEPING)

    @worker.task(name="handle", silent=True, max_tries=None)  # type: ignore[untyped-decorator]
    async def handle(key: str, number: int) -> None:
        if effect:
            await effect(key, number)

    return worker, handle


@asynccontextmanager
async def _sender(url: str) -> AsyncIterator[Send]:
    worker, handle = _keeping_worker(url, None)

    async def send(key: str, number: int) -> None:
        await handle.enqueue(key, number)

    async with worker:
        yield send


async def _serve(url: str, effect: Effect) -> None:
    worker, _ = _keeping_worker(url, effect)
    await worker.run_async()


def _way(name: str, measure: Any, **options: Any) -> Way:
    return Way(name, partial(measure, Setting(**options)))


PEER: Final = Peer(
    name="streaq",
    libraries=("streaq", "coredis"),
    measurements={
        "publish singly": (
            _way("pickle (default)", _publishing_singly, pickled=True),
            _way("JSON by msgspec", _publishing_singly),
        ),
        "publish batched": (
            _way("enqueue_many, JSON by msgspec, 500 at a time", _publishing_batched),
            _way("enqueue_many, JSON by msgspec, 2,000 at a time", _publishing_batched, batch=2_000),
        ),
        "consume": (
            _way("defaults (16 at a time), JSON by msgspec", _consuming),
            _way("the same, ttl=0: no results", _consuming, task={"ttl": 0}),
            _way("the same, 64 at a time", _consuming, task={"ttl": 0}, worker={"concurrency": 64}),
            _way("the same, 256 at a time", _consuming, task={"ttl": 0}, worker={"concurrency": 256}),
        ),
        "ask": (
            _way("pickle (default)", _asking, pickled=True),
            _way("JSON by msgspec", _asking),
        ),
    },
    keeping="acknowledged with the result (always), idle_timeout=5, max_tries=None",
    sender=_sender,
    serve=_serve,
)
