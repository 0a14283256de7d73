"""Sets of servers that tests may kill: one set for each file of tests."""

from collections.abc import Iterator

import pytest

from tests.redis_servers.cluster import RedisCluster
from tests.redis_servers.sentinels import SentinelSet


@pytest.fixture(scope="module")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    servers = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="module")
def _sentinels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SentinelSet]:
    servers = SentinelSet(tmp_path_factory.mktemp("sentinels"))
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture
def cluster(_cluster: RedisCluster) -> RedisCluster:
    """A cluster with all its nodes and without keys."""
    _cluster.revive()
    _cluster.empty()
    return _cluster


@pytest.fixture
def sentinels(_sentinels: SentinelSet) -> SentinelSet:
    """A sentinel set-up with both its servers and without keys."""
    _sentinels.revive()
    _sentinels.empty()
    return _sentinels


@pytest.fixture(params=["cluster", "sentinel"])
def servers(request: pytest.FixtureRequest) -> RedisCluster | SentinelSet:
    """Each kind of a Redis that fails over."""
    found: RedisCluster | SentinelSet = request.getfixturevalue("cluster" if request.param == "cluster" else "sentinels")
    return found
