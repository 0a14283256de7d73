"""FastStream in the benchmark, under every setting in which it may be fastest with the guarantees that it has."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import msgspec
from fast_depends.msgspec import MsgSpecSerializer
from faststream.redis import RedisBroker, StreamSub
from msgspec import Struct
from uuid_utils import uuid7

_WITHIN_S: Final = 120.0
_SERIALIZER: Final = MsgSpecSerializer(use_fastdepends_errors=False)


class Setting(Struct, frozen=True, kw_only=True):
    """One way to set FastStream up.

    Attributes:
        stream, subscriber: the arguments of StreamSub and of the subscriber that differ from the defaults.
        injected: handlers get typed values, by way of dependency injection; otherwise they get plain ones and make their types
            of them themselves.
        encoded: bodies are given as bytes, encoded by msgspec.
        pipeline: how many messages a pipeline takes.
    """

    name: str
    stream: Mapping[str, Any] = {}
    subscriber: Mapping[str, Any] = {}
    injected: bool = True
    encoded: bool = False
    pipeline: int = 500


class Point(Struct, frozen=True):
    """The report of a vehicle, as ours is."""

    vehicle: str
    lat: float
    lon: float


class Place(Struct, frozen=True):
    """The answer to a question."""

    lat: float
    lon: float


SINGLY: Final = (
    Setting(name="a Struct by the msgspec serializer"),
    Setting(name="bytes that msgspec encoded", encoded=True),
)
BATCHED: Final = (
    Setting(name="a Struct by the msgspec serializer, 500 in a pipeline"),
    Setting(name="bytes that msgspec encoded, 500 in a pipeline", encoded=True),
    Setting(name="bytes that msgspec encoded, 2,000 in a pipeline", encoded=True, pipeline=2_000),
)
# All of them acknowledge after the handler: at least once, as the bare consumer of ours.
ONE_A_CALL: Final = (
    Setting(name="max_records=256, msgspec serializer", stream={"max_records": 256}),
    Setting(name="max_records=256, apply_types=False", stream={"max_records": 256}, injected=False),
    Setting(
        name="the same with max_workers=10, which gives up the order",
        stream={"max_records": 256},
        subscriber={"max_workers": 10},
        injected=False,
    ),
)
BATCH_A_CALL: Final = (
    Setting(name="batch=True, max_records=256, msgspec serializer", stream={"max_records": 256, "batch": True}),
    Setting(name="batch=True, max_records=1000, msgspec serializer", stream={"max_records": 1_000, "batch": True}),
    Setting(
        name="batch=True, max_records=1000, apply_types=False",
        stream={"max_records": 1_000, "batch": True},
        injected=False,
    ),
    Setting(
        name="batch=True, max_records=4000, apply_types=False",
        stream={"max_records": 4_000, "batch": True},
        injected=False,
    ),
)
ASKING: Final = (
    Setting(name="a channel subscriber"),
    Setting(name="a stream subscriber without a group (its place is lost with the process)", stream={"last_id": "$"}),
)


class _Sink:
    """Where messages end. It holds the first ones back until the clock runs."""

    def __init__(self, expected: int) -> None:
        self.running = anyio.Event()
        self.done = anyio.Event()
        self._left = expected

    async def take(self, count: int) -> None:
        if not self.running.is_set():
            await self.running.wait()
        self._left -= count
        if self._left <= 0:
            self.done.set()


@asynccontextmanager
async def _connected(url: str, setting: Setting) -> AsyncIterator[Any]:
    # Without a logger: a line for each message would be theirs to pay for, and ours has none.
    broker = RedisBroker(
        url,
        logger=None,
        id_generator=lambda: str(uuid7()),
        serializer=_SERIALIZER,
        apply_types=setting.injected,
    )
    await broker.connect()
    try:
        yield broker
    finally:
        await broker.stop()


def _points(count: int) -> list[Point]:
    return [Point(vehicle=f"v{number % 1_000}", lat=45.276, lon=13.7215) for number in range(count)]


async def _publish(broker: Any, stream: str, points: Sequence[Point], setting: Setting) -> None:
    client = await broker.connect()
    for start in range(0, len(points), setting.pipeline):
        pipeline = client.pipeline(transaction=False)
        for point in points[start : start + setting.pipeline]:
            body = msgspec.json.encode(point) if setting.encoded else point
            await broker.publish(body, stream=stream, pipeline=pipeline)
        await pipeline.execute()


async def publishing_singly(url: str, stream: str, count: int, setting: Setting) -> float:
    """Messages per second, each awaited before the next."""
    points = _points(count)
    async with _connected(url, setting) as broker:
        started = time.perf_counter()
        for point in points:
            await broker.publish(msgspec.json.encode(point) if setting.encoded else point, stream=stream)
        return count / (time.perf_counter() - started)


async def publishing_batched(url: str, stream: str, count: int, setting: Setting) -> float:
    """Messages per second, in pipelines."""
    points = _points(count)
    async with _connected(url, setting) as broker:
        started = time.perf_counter()
        await _publish(broker, stream, points, setting)
        return count / (time.perf_counter() - started)


async def consuming(url: str, stream: str, count: int, setting: Setting) -> float:
    """Messages per second of a subscriber whose handler gets typed values and does nothing with them."""
    async with _connected(url, setting) as broker:
        sink = _Sink(count)
        source = StreamSub(stream, group="bench", consumer="bench", **setting.stream)
        broker.subscriber(stream=source, no_reply=True, **setting.subscriber)(_handler(sink, setting))
        await broker.start()
        await _publish(broker, stream, _points(count), BATCHED[1])
        started = time.perf_counter()
        sink.running.set()
        with anyio.fail_after(_WITHIN_S):
            await sink.done.wait()
        return count / (time.perf_counter() - started)


def _handler(sink: _Sink, setting: Setting) -> Any:
    async def one(point: Point) -> None:
        await sink.take(1)

    async def many(points: list[Point]) -> None:
        await sink.take(len(points))

    async def plain_one(body: Any) -> None:
        msgspec.convert(body, Point)
        await sink.take(1)

    async def plain_many(bodies: Any) -> None:
        msgspec.convert(bodies, list[Point])
        await sink.take(len(bodies))

    if setting.stream.get("batch"):
        return many if setting.injected else plain_many
    return one if setting.injected else plain_one


async def asking(url: str, name: str, count: int, setting: Setting) -> list[float]:
    """How many seconds each of so many questions took from asking to the decoded answer, one after the other."""

    async def locate(point: Point) -> Place:
        return Place(lat=point.lat, lon=point.lon)

    where = {"stream": name} if setting.stream else {"channel": name}
    async with _connected(url, setting) as broker:
        broker.subscriber(**({"stream": StreamSub(name, **setting.stream)} if setting.stream else where))(locate)
        await broker.start()
        point, took_s = _points(1)[0], []
        for number in range(count + count // 10 + 1):
            started = time.perf_counter()
            answer = await broker.request(point, timeout=_WITHIN_S, **where)
            msgspec.json.decode(answer.body, type=Place)
            if number > count // 10:
                took_s.append(time.perf_counter() - started)
        return took_s
