"""Fixtures for every test: real servers of our own, a clean database, the reference data."""

import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import redis
import structlog
from structlog.dev import ConsoleRenderer, plain_traceback

from nexus_actors import Service
from nexus_actors.embedded import EmbeddedPostgres, EmbeddedRedis
from tests.absence import leave_out
from tests.databases import Databases
from tests.event_loop import StrictLoop
from tests.redis_servers.cluster import RedisCluster
from tests.redis_servers.sentinels import SentinelSet
from tests.thorough import load_examples

# What a crash of the machine would destroy is thrown away anyway, and tests should not wait for the disk.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}
_HANGS_S = 180
_CHECKOUT = Path(__file__).resolve().parent.parent

pytest_plugins = ["tests.budgets"]
load_examples()
# structlog's own way, with rich and all variables, takes the processor for half a second for each error that a test provokes.
structlog.configure(
    [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        ConsoleRenderer(exception_formatter=plain_traceback),
    ]
)


# Files that take long, those first that take longest: where several processes share the tests, none is left with one of these
# at the end. By what their paths begin with.
_LONG = (
    "tests/end_to_end/test_machine.py",
    "tests/faults/test_servers.py",
    "tests/faults/",
    "tests/end_to_end/",
    "tests/mutations/",
    "tests/simulation/",
    "tests/modules/puabo_os/",
    "tests/modules/infrastructure/auth/",
    "tests/nexus_actors/cli/test_scaffold.py",
    "tests/nexus_actors/documents/",
    "tests/nexus_actors/runtime/",
    "tests/conformance/",
    "tests/benchmarks/",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what breaks real servers. Each wait in these tests has a limit of its own; pytest's is only there to end a hang."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: next((n for n, path in enumerate(_LONG) if item.nodeid.startswith(path)), len(_LONG)))
    for item in items:
        folder = item.path.relative_to(_CHECKOUT).as_posix()
        broken = folder.startswith(("tests/faults/", "tests/bus/redis/"))
        if broken or item.name.endswith(("[cluster]", "[sentinel]")):
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.timeout(_HANGS_S))


@pytest.fixture(autouse=True)
def logging_left_alone() -> Iterator[None]:
    """Logging is the process's: a test that configures it and leaves it so takes the log away from others that come later."""
    configured = structlog.get_config()
    yield
    assert structlog.get_config() == configured, "Put logging back as it was: see logging_restored."


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The one backend that the product runs on."""
    return "asyncio", {"loop_factory": StrictLoop}


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for the servers' data that goes when the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="nexus-tests-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server, for the whole run. Take `database_url` where one clean database will do."""
    server = EmbeddedPostgres(server_folder / "postgres", settings=_FAST)
    anyio.run(server.start)
    yield server
    anyio.run(server.stop)


@pytest.fixture(scope="session")
def redis_server(server_folder: Path) -> Iterator[EmbeddedRedis]:
    """A Valkey server, for the whole run. Take `redis_url` where a clean one will do."""
    server = EmbeddedRedis(server_folder / "redis")
    anyio.run(server.start)
    yield server
    anyio.run(server.stop)


@pytest.fixture(scope="session")
def cluster_servers(server_folder: Path) -> Iterator[RedisCluster]:
    """A Redis Cluster, for the whole run. Take `cluster` for a clean one with all its nodes."""
    servers = RedisCluster(server_folder / "cluster")
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="session")
def sentinel_servers(server_folder: Path) -> Iterator[SentinelSet]:
    """A Redis behind sentinels, for the whole run. Take `sentinels` for a clean one with both its servers."""
    servers = SentinelSet(server_folder / "sentinels")
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture
def cluster(cluster_servers: RedisCluster) -> RedisCluster:
    """A cluster with all its nodes, which a test may kill, and without keys."""
    cluster_servers.revive()
    cluster_servers.empty()
    return cluster_servers


@pytest.fixture
def sentinels(sentinel_servers: SentinelSet) -> SentinelSet:
    """A Redis behind sentinels, with both servers, which a test may kill, and without keys."""
    sentinel_servers.revive()
    sentinel_servers.empty()
    return sentinel_servers


@pytest.fixture(scope="session")
def databases(postgres_server: EmbeddedPostgres) -> Databases:
    """The databases of the run's server. Take `database_url`."""
    return Databases(postgres_server.url)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The address of an empty database that only this test has."""
    url = databases.take()
    yield url
    databases.give_back(url)


@pytest.fixture(scope="module")
def module_database_url(databases: Databases) -> Iterator[str]:
    """The address of an empty database that the tests of one module share, each with a tenant of its own."""
    url = databases.take()
    yield url
    databases.give_back(url)


@pytest.fixture(scope="session")
def schema_url(databases: Databases) -> Callable[[Service], Awaitable[str]]:
    """The address of a database with the schema of a service, for all tests of the run: each takes a tenant of its own."""
    return databases.of


@pytest.fixture
def redis_url(redis_server: EmbeddedRedis) -> str:
    """The address of a Redis without keys, scripts or functions. Its first database, for a cluster has no other."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
        client.script_flush()
        client.function_flush()
    return redis_server.url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The reference data beside the checkout. For tests with the marker `reference`."""
    data = _CHECKOUT.parent / "shared" / "data"
    if not data.is_dir():
        leave_out("The reference data are absent: there is no ../shared/data beside the checkout.")
    return data
