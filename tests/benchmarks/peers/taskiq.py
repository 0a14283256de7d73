"""taskiq in the benchmark, with taskiq-redis and its stream broker, which acknowledges after the task."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import anyio
from msgspec import Struct
from taskiq.api import run_receiver_task
from taskiq.serializers import JSONSerializer, ORJSONSerializer
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker
from uuid_utils import uuid7

from tests.benchmarks.peers.peer import WITHIN_S, Effect, Figures, Peer, Send, Sink, Way, one_by_one, points, questions

_SETTLES_S: Final = 0.05
_ASKED: Final = ("v1", 45.276, 13.7215)
_PENDING_MS: Final = 5_000
_LOCK_S: Final = 5.0


class Setting(Struct, frozen=True, kw_only=True):
    """One way to set taskiq up.

    Attributes:
        broker, receiver: the arguments of the broker and of the receiver that differ from the defaults.
        plain: JSON by Python's own library, as is the default; otherwise by orjson.
        check_s: how often a result is looked for.
    """

    broker: Mapping[str, Any] = {}
    receiver: Mapping[str, Any] = {}
    plain: bool = False
    check_s: float = 0.0


def _broker(url: str, setting: Setting) -> Any:
    """A broker whose group begins with the oldest message, so that what is sent before a worker starts is kept."""
    serializer = JSONSerializer() if setting.plain else ORJSONSerializer()
    broker = RedisStreamBroker(url, consumer_id="0", **setting.broker).with_serializer(serializer)
    if setting.check_s:
        broker = broker.with_result_backend(RedisAsyncResultBackend(url, result_ex_time=60, serializer=ORJSONSerializer()))
    return broker.with_id_generator(lambda: str(uuid7()))


@asynccontextmanager
async def _started(broker: Any) -> AsyncIterator[None]:
    await broker.startup()
    try:
        yield
    finally:
        await broker.shutdown()


@asynccontextmanager
async def _working(broker: Any, setting: Setting) -> AsyncIterator[None]:
    """A worker in this process, as taskiq's own function runs it."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(run_receiver_task, broker, **setting.receiver))
        yield
        await anyio.sleep(_SETTLES_S)
        tasks.cancel_scope.cancel()


async def _publishing_singly(setting: Setting, url: str, count: int) -> Figures:
    broker = _broker(url, setting)

    @broker.task(task_name="noop")  # type: ignore[untyped-decorator]
    async def noop(vehicle: str, lat: float, lon: float) -> None:
        """Do nothing."""

    async with _started(broker):
        return await one_by_one(count, lambda point: noop.kiq(point.vehicle, point.lat, point.lon))


async def _consuming(setting: Setting, url: str, count: int) -> Figures:
    broker, sink = _broker(url, setting), Sink(count)

    @broker.task(task_name="noop")  # type: ignore[untyped-decorator]
    async def noop(vehicle: str, lat: float, lon: float) -> None:
        await sink.take()

    async with _started(broker):
        for point in points(count):
            await noop.kiq(point.vehicle, point.lat, point.lon)
        async with _working(broker, setting):
            await sink.arrived.wait()
            return [count / await sink.drain()]


async def _asking(setting: Setting, url: str, count: int) -> Figures:
    broker = _broker(url, setting)

    @broker.task(task_name="locate")  # type: ignore[untyped-decorator]
    async def locate(vehicle: str, lat: float, lon: float) -> list[float]:
        return [lat, lon]

    async def ask() -> None:
        asked = await locate.kiq(*_ASKED)
        await asked.wait_result(check_interval=setting.check_s, timeout=WITHIN_S)

    async with _started(broker), _working(broker, setting):
        return await questions(count, ask)


_KEEPING: Final = Setting(broker={"idle_timeout": _PENDING_MS, "unacknowledged_lock_timeout": _LOCK_S}, plain=True)


def _keeping_broker(url: str, effect: Effect | None) -> tuple[Any, Any]:
    broker = _broker(url, _KEEPING)

    @broker.task(task_name="handle")  # type: ignore[untyped-decorator]
    async def handle(key: str, number: int) -> None:
        if effect:
            await effect(key, number)

    return broker, handle


@asynccontextmanager
async def _sender(url: str) -> AsyncIterator[Send]:
    broker, handle = _keeping_broker(url, None)

    async def send(key: str, number: int) -> None:
        await handle.kiq(key, number)

    async with _started(broker):
        yield send


async def _serve(url: str, effect: Effect) -> None:
    broker, _ = _keeping_broker(url, effect)
    async with _started(broker):
        await run_receiver_task(broker)


def _way(name: str, measure: Any, **options: Any) -> Way:
    return Way(name, partial(measure, Setting(**options)))


_UNCHECKED: Final = {"validate_params": False}

PEER: Final = Peer(
    name="taskiq",
    libraries=("taskiq", "taskiq-redis"),
    measurements={
        "publish singly": (
            _way("its JSON serializer", _publishing_singly, plain=True),
            _way("orjson", _publishing_singly),
        ),
        "consume": (
            _way("defaults (100 at a time), orjson", _consuming),
            _way("the same, validate_params=False", _consuming, receiver=_UNCHECKED),
            _way(
                "the same, xread_count=1000, 1,000 at a time",
                _consuming,
                broker={"xread_count": 1_000},
                receiver={**_UNCHECKED, "max_async_tasks": 1_000},
            ),
            _way(
                "the same, xread_count=1000, max_prefetch=1000",
                _consuming,
                broker={"xread_count": 1_000},
                receiver={**_UNCHECKED, "max_prefetch": 1_000},
            ),
        ),
        "ask": (
            _way("orjson, check_interval=0.005", _asking, receiver=_UNCHECKED, check_s=0.005),
            _way("orjson, check_interval=0.0005", _asking, receiver=_UNCHECKED, check_s=0.0005),
        ),
    },
    keeping="stream broker, acknowledged when the result is saved (default), idle_timeout=5000, unacknowledged_lock_timeout=5",
    sender=_sender,
    serve=_serve,
)
