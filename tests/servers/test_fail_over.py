"""A primary dies under load, and its standby is promoted."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import anyio
import pytest

from nexus_actors.embedded.ports import LOOPBACK
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.postgres.pool import open_pool
from tests.faults.stage import open_stage
from tests.servers.debian import Debian
from tests.servers.outfit import Outfit
from tests.servers.postgres import DebianPostgres
from tests.servers.redis_server import DebianRedis

pytestmark = [pytest.mark.anyio, pytest.mark.faults]


class Pair:
    """A primary and its standby."""

    def __init__(self, debian: Debian, folder: Path) -> None:
        self.primary = DebianPostgres(debian.postgres, folder / "primary")
        self.standby = DebianPostgres(debian.postgres, folder / "standby", follows=self.primary)

    @property
    def url(self) -> str:
        """Both, as a worker is to have them."""
        parts = urlsplit(self.primary.url)
        both = f"{LOOPBACK}:{self.primary.port},{LOOPBACK}:{self.standby.port}"
        netloc = f"{parts.username}:{parts.password}@{both}"
        return urlunsplit(parts._replace(netloc=netloc, query="target_session_attrs=read-write"))

    async def fail_over(self) -> None:
        """The primary dies, and somebody promotes the standby."""
        await self.primary.kill()
        await self.standby.promote()


@pytest.fixture
async def pair(debian: Debian, debian_folder: Path) -> AsyncIterator[Pair]:
    """Both run, and the standby follows."""
    pair = Pair(debian, debian_folder / uuid4().hex)
    try:
        await pair.primary.start()
        await pair.standby.start()
        await pair.primary.streams()
        yield pair
    finally:
        await pair.standby.stop()
        await pair.primary.stop()


async def test_a_fail_over_to_a_synchronous_standby_loses_nothing(
    pair: Pair, debian_redis: DebianRedis, tmp_path: Path
) -> None:
    await pair.primary.commit_at_standby()
    async with open_stage(Outfit(pair.primary, debian_redis, pair.url), tmp_path, proxied=False) as stage:
        await pair.fail_over()
        await stage.flows(stage.mark("primary failed over"))
        verdict = await stage.verdict()
        assert verdict.clean, verdict
        assert all(worker.alive for worker in stage.workers)


async def test_a_fail_over_to_a_standby_that_was_behind_stops_nobody(
    pair: Pair, debian_redis: DebianRedis, tmp_path: Path
) -> None:
    async with open_stage(Outfit(pair.primary, debian_redis, pair.url), tmp_path, proxied=False) as stage:
        await pair.standby.stop()
        await stage.flows(stage.mark("standby behind"))
        await pair.primary.kill()
        await pair.standby.start()
        await pair.standby.promote()
        await stage.flows(stage.mark("primary failed over"))
        verdict = await stage.verdict()
        # What the database has lost is in the streams still, so readers may have met it, and again when it was done anew.
        assert (verdict.pending, verdict.parked, verdict.unknown) == (0, 0, 0), verdict
        assert all(worker.alive for worker in stage.workers)


async def test_a_standby_alone_is_waited_for_until_it_is_promoted(pair: Pair) -> None:
    with pytest.raises(DatabaseUnavailable, match="is a standby"):
        async with open_pool(pair.standby.url, schema="s", application_name="test", connect_within_s=0.2):
            pytest.fail("taken for a primary")
    async with anyio.create_task_group() as promoting:
        promoting.start_soon(pair.fail_over)
        async with open_pool(pair.standby.url, schema="s", application_name="test", read_only=True) as pool:
            assert not await pool.fetchval("SELECT pg_is_in_recovery()")
