import pytest

from tests.redis_servers.cluster import RedisCluster
from tests.redis_servers.sentinels import SentinelSet


@pytest.fixture(params=["cluster", "sentinel"])
def servers(request: pytest.FixtureRequest) -> RedisCluster | SentinelSet:
    """Each kind of a Redis that fails over."""
    found: RedisCluster | SentinelSet = request.getfixturevalue("cluster" if request.param == "cluster" else "sentinels")
    return found
