"""arq in the benchmark. It runs in an environment of its own, as it does not go with the redis library that we use."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import anyio
import msgspec
from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker, func
from msgspec import Struct

from tests.benchmarks.peers.peer import WITHIN_S, Effect, Figures, Peer, Send, Sink, Way, one_by_one, points, questions

_SETTLES_S: Final = 0.05
_ASKED: Final = ("v1", 45.276, 13.7215)
_POLL_S: Final = 0.005
_JOB_S: Final = 1


class Setting(Struct, frozen=True, kw_only=True):
    """One way to set arq up.

    Attributes:
        worker: the arguments of the worker that differ from the defaults.
        pickled: by pickle, as is the default; otherwise MessagePack by msgspec.
        check_s: how often a result is looked for.
    """

    worker: Mapping[str, Any] = {}
    pickled: bool = False
    check_s: float = 0.0


def _format(setting: Setting) -> dict[str, Any]:
    if setting.pickled:
        return {}
    return {"job_serializer": msgspec.msgpack.encode, "job_deserializer": msgspec.msgpack.decode}


@asynccontextmanager
async def _connected(url: str, setting: Setting) -> AsyncIterator[Any]:
    pool = await create_pool(RedisSettings.from_dsn(url), **_format(setting))
    try:
        yield pool
    finally:
        await pool.aclose()


def _worker(url: str, setting: Setting, name: str, task: Callable[..., Awaitable[object]]) -> Any:
    settings = RedisSettings.from_dsn(url)
    return Worker([func(task, name=name)], redis_settings=settings, handle_signals=False, **_format(setting), **setting.worker)


@asynccontextmanager
async def _working(worker: Any) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.main)
        yield
        await anyio.sleep(_SETTLES_S)
        tasks.cancel_scope.cancel()
    await worker.pool.aclose()


async def _publishing_singly(setting: Setting, url: str, count: int) -> Figures:
    async with _connected(url, setting) as pool:
        return await one_by_one(count, lambda point: pool.enqueue_job("noop", point.vehicle, point.lat, point.lon))


async def _consuming(setting: Setting, url: str, count: int) -> Figures:
    sink = Sink(count)

    async def noop(_: Any, vehicle: str, lat: float, lon: float) -> None:
        await sink.take()

    async with _connected(url, setting) as pool:
        for point in points(count):
            await pool.enqueue_job("noop", point.vehicle, point.lat, point.lon)
    async with _working(_worker(url, setting, "noop", noop)):
        await sink.arrived.wait()
        return [count / await sink.drain()]


async def _asking(setting: Setting, url: str, count: int) -> Figures:
    async def locate(_: Any, vehicle: str, lat: float, lon: float) -> list[float]:
        return [lat, lon]

    async with _connected(url, setting) as pool, _working(_worker(url, setting, "locate", locate)):

        async def ask() -> None:
            asked = await pool.enqueue_job("locate", *_ASKED)
            await asked.result(WITHIN_S, poll_delay=setting.check_s)

        return await questions(count, ask)


@asynccontextmanager
async def _sender(url: str) -> AsyncIterator[Send]:
    async with _connected(url, Setting(pickled=True)) as pool:

        async def send(key: str, number: int) -> None:
            await pool.enqueue_job("handle", key, number)

        yield send


async def _serve(url: str, effect: Effect) -> None:
    async def handle(_: Any, key: str, number: int) -> None:
        await effect(key, number)

    setting = Setting(worker={"job_timeout": _JOB_S, "max_tries": 100}, pickled=True)
    await _worker(url, setting, "handle", handle).main()


def _way(name: str, measure: Any, **options: Any) -> Way:
    return Way(name, partial(measure, Setting(**options)))


_RAPID: Final = {"poll_delay": _POLL_S, "keep_result": 0}

PEER: Final = Peer(
    name="arq",
    libraries=("arq", "redis"),
    measurements={
        "publish singly": (
            _way("pickle (default)", _publishing_singly, pickled=True),
            _way("MessagePack by msgspec", _publishing_singly),
        ),
        "consume": (
            _way("poll_delay=0.005, keep_result=0, pickle, 10 at a time (default)", _consuming, worker=_RAPID, pickled=True),
            _way("the same, MessagePack by msgspec", _consuming, worker=_RAPID),
            _way("the same, max_jobs=100", _consuming, worker={**_RAPID, "max_jobs": 100}),
            _way("the same, max_jobs=1000", _consuming, worker={**_RAPID, "max_jobs": 1_000}),
        ),
        "ask": (
            _way("poll_delay=0.005 on both sides", _asking, worker={"poll_delay": _POLL_S}, check_s=_POLL_S),
            _way("poll_delay=0.001 on both sides", _asking, worker={"poll_delay": 0.001}, check_s=0.001),
        ),
    },
    keeping="a job leaves the queue when it is done (always), job_timeout=1 (it is taken again 10 s after that), max_tries=100",
    sender=_sender,
    serve=_serve,
)
