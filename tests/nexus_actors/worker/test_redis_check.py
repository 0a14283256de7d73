"""A worker looks at its Redis when it starts: what it may do there, and what that keeps."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
import structlog

from nexus_actors.errors import ConfigError
from nexus_actors.settings.config import Settings
from nexus_actors.worker import open_worker
from nexus_actors.worker.faces import Faces
from tests.nexus_actors.runtime.counter import counter

pytestmark = pytest.mark.anyio


@pytest.fixture
def evicting(redis_url: str) -> Iterator[str]:
    """A Redis that evicts."""
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        yield redis_url
        client.config_set("maxmemory-policy", "noeviction")


@pytest.fixture
def narrow(redis_url: str) -> Iterator[str]:
    """A Redis whose account may not do all that is needed."""
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", "narrow", "on", ">pass", "~*", "+@all", "-xtrim", "-xinfo")
        parts = urlsplit(redis_url)
        yield urlunsplit(parts._replace(netloc=f"narrow:pass@{parts.hostname}:{parts.port}"))
        client.execute_command("ACL", "DELUSER", "narrow")


def settings(database_url: str, redis_url: str) -> Settings:
    return Settings.load({"NEXUS_DATABASE_URL": database_url, "NEXUS_REDIS_URL": redis_url})


async def test_a_redis_that_evicts_is_said_in_the_log_and_at_health(database_url: str, evicting: str) -> None:
    with structlog.testing.capture_logs() as logs:
        async with open_worker(settings(database_url, evicting), [counter]) as worker:
            faces = Faces(worker, free_ports=True)
            async with faces.serving():
                [warning] = faces.probes[counter.name].warnings()
    assert warning.startswith("maxmemory-policy allkeys-lru: whole streams vanish")
    assert [entry["danger"] for entry in logs if entry["event"] == "redis_may_lose"] == [warning]


async def test_an_account_that_may_do_too_little_is_refused_with_all_that_is_missing(database_url: str, narrow: str) -> None:
    with pytest.raises(ConfigError) as refused:
        async with open_worker(settings(database_url, narrow), [counter]):
            pass
    assert len(refused.value.problems) == 2
    assert "XTRIM" in str(refused.value)
    assert "XINFO" in str(refused.value)


async def test_a_redis_that_is_away_is_waited_for(database_url: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{held.getsockname()[1]}/0"
        async with open_worker(settings(database_url, url), [counter]) as worker:
            assert worker.warnings == ()
