"""The servers are started once; each test has a database and workers of its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from tests.faults.servers import Servers


@pytest.fixture(scope="session")
def started_servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey, as in production, for the whole run. Take `servers`, for a test that fails may leave them dead."""
    with tempfile.TemporaryDirectory(prefix="nexus-faults-") as folder:
        started = Servers(Path(folder))
        anyio.run(started.start)
        yield started
        anyio.run(started.stop)


@pytest.fixture
def servers(started_servers: Servers) -> Servers:
    """PostgreSQL and Valkey, both alive."""
    anyio.run(started_servers.revive)
    return started_servers
