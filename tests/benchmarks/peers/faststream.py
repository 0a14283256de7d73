"""FastStream in the benchmark, under every setting in which it may be fastest with the guarantees that it has."""

import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import anyio
import msgspec
from fast_depends.msgspec import MsgSpecSerializer
from faststream.redis import RedisBroker, StreamSub
from msgspec import Struct
from uuid_utils import uuid7

from tests.benchmarks.peers.peer import WITHIN_S, Effect, Figures, Peer, Point, Send, Sink, Way, one_by_one, points, questions

_SERIALIZER: Final = MsgSpecSerializer(use_fastdepends_errors=False)
_STREAM: Final = "bench"
_PENDING_MS: Final = 5_000
_AT_ONCE: Final = 10  # what is read and waits for its turn is pending, and would be claimed too


class Setting(Struct, frozen=True, kw_only=True):
    """One way to set FastStream up.

    Attributes:
        stream, subscriber: the arguments of StreamSub and of the subscriber that differ from the defaults.
        injected: handlers get typed values, by way of dependency injection; otherwise they get plain ones and make their types
            of them themselves.
        encoded: bodies are given as bytes, encoded by msgspec.
        pipeline: how many messages a pipeline takes.
    """

    stream: Mapping[str, Any] = {}
    subscriber: Mapping[str, Any] = {}
    injected: bool = True
    encoded: bool = False
    pipeline: int = 500


class Place(Struct, frozen=True):
    """The answer to a question."""

    lat: float
    lon: float


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


async def _publish(broker: Any, messages: Sequence[Point], setting: Setting) -> None:
    client = await broker.connect()
    for start in range(0, len(messages), setting.pipeline):
        pipeline = client.pipeline(transaction=False)
        for point in messages[start : start + setting.pipeline]:
            body = msgspec.json.encode(point) if setting.encoded else point
            await broker.publish(body, stream=_STREAM, pipeline=pipeline)
        await pipeline.execute()


async def _publishing_singly(setting: Setting, url: str, count: int) -> Figures:
    async with _connected(url, setting) as broker:

        async def send(point: Point) -> None:
            await broker.publish(msgspec.json.encode(point) if setting.encoded else point, stream=_STREAM)

        return await one_by_one(count, send)


async def _publishing_batched(setting: Setting, url: str, count: int) -> Figures:
    messages = points(count)
    async with _connected(url, setting) as broker:
        started = time.perf_counter()
        await _publish(broker, messages, setting)
        return [count / (time.perf_counter() - started)]


async def _consuming(setting: Setting, url: str, count: int) -> Figures:
    """Messages per second of a subscriber whose handler gets typed values and does nothing with them."""
    async with _connected(url, setting) as broker:
        sink = Sink(count)
        source = StreamSub(_STREAM, group="bench", consumer="bench", **setting.stream)
        broker.subscriber(stream=source, no_reply=True, **setting.subscriber)(_handler(sink, setting))
        await broker.start()
        await _publish(broker, points(count), Setting(encoded=True))
        return [count / await sink.drain()]


def _handler(sink: Sink, setting: Setting) -> Any:
    async def one(point: Point) -> None:
        await sink.take()

    async def many(points: list[Point]) -> None:
        await sink.take(len(points))

    async def plain_one(body: Any) -> None:
        msgspec.convert(body, Point)
        await sink.take()

    async def plain_many(bodies: Any) -> None:
        msgspec.convert(bodies, list[Point])
        await sink.take(len(bodies))

    if setting.stream.get("batch"):
        return many if setting.injected else plain_many
    return one if setting.injected else plain_one


async def _asking(setting: Setting, url: str, count: int) -> Figures:
    async def locate(point: Point) -> Place:
        return Place(lat=point.lat, lon=point.lon)

    where = {"stream": _STREAM} if setting.stream else {"channel": _STREAM}
    point = points(1)[0]
    async with _connected(url, setting) as broker:

        async def ask() -> None:
            answer = await broker.request(point, timeout=WITHIN_S, **where)
            msgspec.json.decode(answer.body, type=Place)

        broker.subscriber(**({"stream": StreamSub(_STREAM, **setting.stream)} if setting.stream else where))(locate)
        await broker.start()
        return await questions(count, ask)


@asynccontextmanager
async def _sender(url: str) -> AsyncIterator[Send]:
    async with _connected(url, Setting()) as broker:

        async def send(key: str, number: int) -> None:
            await broker.publish({"key": key, "number": number}, stream=_STREAM)

        yield send


async def _serve(url: str, effect: Effect) -> None:
    """Two subscribers of a group: one for what is new, one that claims what another consumer has left pending."""

    async def handle(key: str, number: int) -> None:
        await effect(key, number)

    async with _connected(url, Setting()) as broker:
        for name, options in (("new", {}), ("claimed", {"min_idle_time": _PENDING_MS})):
            source = StreamSub(_STREAM, group="bench", consumer=f"{name}-{os.getpid()}", max_records=_AT_ONCE, **options)
            broker.subscriber(stream=source, no_reply=True)(handle)
        await broker.start()
        await anyio.sleep_forever()


def _way(name: str, measure: Any, **options: Any) -> Way:
    return Way(name, partial(measure, Setting(**options)))


# All of them acknowledge after the handler: at least once, as the bare consumer of ours.
PEER: Final = Peer(
    name="FastStream",
    libraries=("faststream", "fast-depends", "orjson", "pydantic"),
    measurements={
        "publish singly": (
            _way("a Struct by the msgspec serializer", _publishing_singly),
            _way("bytes that msgspec encoded", _publishing_singly, encoded=True),
        ),
        "publish batched": (
            _way("a Struct by the msgspec serializer, 500 in a pipeline", _publishing_batched),
            _way("bytes that msgspec encoded, 500 in a pipeline", _publishing_batched, encoded=True),
            _way("bytes that msgspec encoded, 2,000 in a pipeline", _publishing_batched, encoded=True, pipeline=2_000),
        ),
        "consume": (
            _way("max_records=256, msgspec serializer", _consuming, stream={"max_records": 256}),
            _way("max_records=256, apply_types=False", _consuming, stream={"max_records": 256}, injected=False),
            _way(
                "the same with max_workers=10, which gives up the order",
                _consuming,
                stream={"max_records": 256},
                subscriber={"max_workers": 10},
                injected=False,
            ),
        ),
        "consume batches": (
            _way("batch=True, max_records=256, msgspec serializer", _consuming, stream={"max_records": 256, "batch": True}),
            *(
                _way(
                    f"batch=True, max_records={most}, {'msgspec serializer' if injected else 'apply_types=False'}",
                    _consuming,
                    stream={"max_records": most, "batch": True},
                    injected=injected,
                )
                for most, injected in ((1_000, True), (1_000, False), (4_000, False))
            ),
        ),
        "ask": (
            _way("a channel subscriber", _asking),
            _way("a stream subscriber without a group (its place is lost with the process)", _asking, stream={"last_id": "$"}),
        ),
    },
    keeping="acknowledged after the handler, max_records=10; a second subscriber of the group with min_idle_time=5000",
    sender=_sender,
    serve=_serve,
)
