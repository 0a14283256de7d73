"""The stream of answers expires when nobody asks, and the clock of the store is not ours."""

from datetime import UTC, datetime

import anyio
import pytest

from bus import Command, Topic, new_id, requests
from bus.envelope import Envelope, seal
from bus.memory import MemoryStreamStore
from bus.publisher import Publisher
from bus.requests import Answer, Requests, replies

pytestmark = pytest.mark.anyio

ECHO = Topic("echo-ms", partitions=1)
HOUR_MS = 3_600_000


class Say(Command[None], topic=ECHO, key="who"):
    """Say something."""

    who: str


def question() -> Envelope:
    return seal(Say(who="me"), message_id=new_id(), source="test", now=datetime(2026, 1, 1, tzinfo=UTC))


async def test_answers_arrive_after_their_stream_has_expired_and_the_clock_of_the_store_gone_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, "_BLOCK_S", 0.01)
    now_ms = 2 * HOUR_MS
    store = MemoryStreamStore(lambda: now_ms)
    asking = Requests(store, Publisher(store), "one")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(asking.run)
        for _ in range(2):
            asked = question()
            tasks.start_soon(Publisher(store).publish, replies([(asking.address, Answer(id=asked.id))]))
            assert await asking.ask(ECHO.stream("commands", 0), asked, timeout_s=10) == Answer(id=asked.id)
            store.remove(asking.address)
            now_ms -= HOUR_MS
        tasks.cancel_scope.cancel()
