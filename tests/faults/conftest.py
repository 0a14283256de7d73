"""The servers are started once; each test has a database and workers of its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from tests.faults.servers import Servers


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey, as in production, for the tests of a file."""
    with tempfile.TemporaryDirectory(prefix="nexus-faults-") as folder:
        started = Servers(Path(folder))
        anyio.run(started.start)
        yield started
        anyio.run(started.stop)
