"""Debian's servers. Tests that need them are left out where they cannot be had; with CI=true that is a failure."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import anyio
import pytest

from tests.absence import leave_out
from tests.packages import Absent
from tests.servers.debian import Debian, provide
from tests.servers.postgres import DebianPostgres
from tests.servers.redis_server import DebianRedis

# The first test waits for the packages. Each wait in these tests has a limit of its own; pytest's is there to end a hang.
_HANGS_S: Final = 900


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give them the time that installing takes."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(_HANGS_S))


@pytest.fixture(scope="session")
def debian() -> Debian:
    """The programs."""
    try:
        return provide()
    except Absent as error:
        leave_out(str(error))


@pytest.fixture(scope="session")
def debian_folder() -> Iterator[Path]:
    """A folder for the data of these servers."""
    folder = Path(tempfile.mkdtemp(prefix="nexus-servers-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def debian_postgres(debian: Debian, debian_folder: Path) -> Iterator[DebianPostgres]:
    """A PostgreSQL that no test changes or kills."""
    server = DebianPostgres(debian.postgres, debian_folder / "postgres", settings={"fsync": "off"})
    anyio.run(server.start)
    yield server
    anyio.run(server.stop)


@pytest.fixture(scope="session")
def debian_redis(debian: Debian, debian_folder: Path) -> Iterator[DebianRedis]:
    """A Redis 7.0 that no test kills."""
    server = DebianRedis(debian.redis_server, debian_folder / "redis")
    anyio.run(server.start)
    yield server
    anyio.run(server.stop)
