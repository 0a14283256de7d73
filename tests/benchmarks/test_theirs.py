"""FastStream is measured as it is meant to be used. It is there where the lock of `nexus bench` is installed."""

import pytest

pytest.importorskip("faststream", reason="FastStream is installed for `nexus bench` alone")

from redis import Redis

from tests.benchmarks import theirs

pytestmark = pytest.mark.anyio
COUNT = 200


def pending(url: str, stream: str) -> int:
    """How many messages of the group have been read and not acknowledged."""
    with Redis.from_url(url) as client:
        return int(client.xpending(stream, "bench")["pending"])


@pytest.mark.parametrize("setting", theirs.SINGLY, ids=lambda setting: setting.name)
async def test_messages_are_published_one_by_one(redis_url: str, setting: theirs.Setting) -> None:
    assert await theirs.publishing_singly(redis_url, "s", COUNT, setting) > 0
    with Redis.from_url(redis_url) as client:
        assert client.xlen("s") == COUNT


@pytest.mark.parametrize("setting", theirs.BATCHED, ids=lambda setting: setting.name)
async def test_messages_are_published_in_pipelines(redis_url: str, setting: theirs.Setting) -> None:
    assert await theirs.publishing_batched(redis_url, "s", COUNT, setting) > 0
    with Redis.from_url(redis_url) as client:
        assert client.xlen("s") == COUNT


@pytest.mark.parametrize("setting", [*theirs.ONE_A_CALL, *theirs.BATCH_A_CALL], ids=lambda setting: setting.name)
async def test_every_message_is_handled_and_acknowledged(redis_url: str, setting: theirs.Setting) -> None:
    assert await theirs.consuming(redis_url, "s", COUNT, setting) > 0
    assert pending(redis_url, "s") == 0


@pytest.mark.parametrize("setting", theirs.ASKING, ids=lambda setting: setting.name)
async def test_every_question_is_answered(redis_url: str, setting: theirs.Setting) -> None:
    took_s = await theirs.asking(redis_url, "s", 20, setting)
    assert len(took_s) == 20
    assert all(0 < one < 10 for one in took_s)
