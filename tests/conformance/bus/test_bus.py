"""What stands on a stream store and is the same over each of them: publishing, partition reading, asking, following."""

from datetime import UTC, datetime

import anyio
import pytest

from bus import Command, DeadlineExceeded, Overloaded, Refusal, StreamName, Topic, new_id
from bus.codec import decode_envelope, encode_data, encode_envelope
from bus.envelope import seal
from bus.follower import Followed, follow
from bus.position import START
from bus.publisher import Outgoing, Publisher
from bus.reader import PartitionReader
from bus.requests import Answer, Requests, encode_answer
from bus.store import StreamStore

pytestmark = pytest.mark.anyio

ECHO = Topic("echo-ms", partitions=2)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Say(Command[str], topic=ECHO, key="who"):
    """Say something."""

    who: str


async def test_concurrent_publishes_stay_in_order_each(store: StreamStore) -> None:
    publisher = Publisher(store)
    stream = ECHO.stream("events", 0)

    async def publish(name: int) -> None:
        for n in range(20):
            await publisher.publish([Outgoing(stream, f"{name}:{n}".encode())])

    async with anyio.create_task_group() as tasks:
        for name in range(10):
            tasks.start_soon(publish, name)
    bodies = [entry.body.decode() for entry in await store.read({stream: START}, 1_000, 0)]
    assert len(bodies) == 200
    for name in range(10):
        mine = [body for body in bodies if body.startswith(f"{name}:")]
        assert mine == [f"{name}:{n}" for n in range(20)]


async def test_a_full_stream_is_told_to_those_who_publish_into_it(store: StreamStore) -> None:
    publisher = Publisher(store, limit=1)
    full, free = ECHO.stream("events", 0), ECHO.stream("events", 1)
    await publisher.publish([Outgoing(full, b"1")])
    with pytest.raises(Overloaded):
        await publisher.publish([Outgoing(full, b"2")])
    await publisher.publish([Outgoing(free, b"1")])


async def test_a_partition_reader_goes_on_where_it_stopped(store: StreamStore) -> None:
    reader = PartitionReader(store, count=2, block_s=0.05)
    stream = ECHO.stream("events", 0)
    reader.assign(stream, START)
    await Publisher(store).publish([Outgoing(stream, b"%d" % n) for n in range(5)])
    bodies: list[bytes] = []
    while entries := await reader.read():
        bodies += [entry.body for entry in entries]
    assert bodies == [b"0", b"1", b"2", b"3", b"4"]
    reader.release(stream)
    assert await reader.read() == []


async def answer_once(store: StreamStore, answer: str) -> None:
    stream = ECHO.stream("commands", ECHO.partition_of("me"))
    entry = (await store.read({stream: START}, 1, 5))[0]
    asked = decode_envelope(entry.body)
    assert asked.replyto is not None
    reply = Answer(id=asked.id, value=encode_data(answer))
    await Publisher(store, expires_s=60).publish([Outgoing(StreamName(asked.replyto), encode_answer(reply))])


async def test_a_question_is_answered(store: StreamStore) -> None:
    requests = Requests(store, Publisher(store), "one")
    envelope = seal(Say(who="me"), message_id=new_id(), source="test", now=NOW)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(requests.run)
        tasks.start_soon(answer_once, store, "hello")
        answer = await requests.ask(ECHO.stream("commands", ECHO.partition_of("me")), envelope, timeout_s=5)
        tasks.cancel_scope.cancel()
    assert bytes(answer.value) == b'"hello"'


async def test_a_question_without_an_answer_ends_at_its_deadline(store: StreamStore) -> None:
    requests = Requests(store, Publisher(store), "one")
    envelope = seal(Say(who="me"), message_id=new_id(), source="test", now=NOW)
    with pytest.raises(DeadlineExceeded, match="same id"):
        await requests.ask(ECHO.stream("commands", 0), envelope, timeout_s=0.05)


async def test_the_same_question_twice_at_once_is_refused(store: StreamStore) -> None:
    requests = Requests(store, Publisher(store), "one")
    envelope = seal(Say(who="me"), message_id=new_id(), source="test", now=NOW)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(requests.ask, ECHO.stream("commands", 0), envelope, 5.0)
        await anyio.sleep(0.05)
        with pytest.raises(Refusal, match="in_flight"):
            await requests.ask(ECHO.stream("commands", 0), envelope, 5.0)
        tasks.cancel_scope.cancel()


async def test_every_follower_sees_every_message(store: StreamStore) -> None:
    seen: list[list[Followed]] = [[], []]
    streams = ECHO.streams("commands")
    after = await store.last(streams)

    async def watch(into: list[Followed]) -> None:
        async for followed in follow(store, after, block_s=0.1):
            into.append(followed)

    envelopes = [seal(Say(who=f"w{n}"), message_id=new_id(), source="test", now=NOW) for n in range(10)]
    async with anyio.create_task_group() as tasks:
        for into in seen:
            tasks.start_soon(watch, into)
        await Publisher(store).publish(
            [Outgoing(streams[ECHO.partition_of(e.subject)], encode_envelope(e)) for e in envelopes]
            + [Outgoing(streams[0], b"no CloudEvent")]
        )
        with anyio.fail_after(5):
            while any(len(into) < 10 for into in seen):  # noqa: ASYNC110 - a list tells nobody when it grows
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    for into in seen:
        assert {f.envelope.id for f in into} == {e.id for e in envelopes}
