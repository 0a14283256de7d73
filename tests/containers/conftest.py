"""Fixtures of the tests in containers, and what leaves them out of other runs."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from nexus_actors.platform.catalogue import ServiceEntry
from tests.containers.engine import CannotContain, Engine, provide_programs
from tests.containers.fleet import CATALOGUE, SERVICES, Fleet, until
from tests.containers.images import CHECKOUT, build
from tests.ports import claim_offset

WANTED: Final = "CONTAINER_TESTS"
_HANGS_S: Final = 1_800
_SERVERS: Final = [
    ServiceEntry(name=name, title=name, module=None, port=port, package=None, layer="infrastructure")
    for name, port in (("postgres", 5432), ("redis", 6380))
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, and leave them out unless they are asked for: they install packages and take minutes."""
    for item in items:
        if item.path.is_relative_to(CHECKOUT / "tests" / "containers"):
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(_HANGS_S))
            if not os.environ.get(WANTED):
                item.add_marker(pytest.mark.skip(reason="needs a container engine; run: ./nexus test --containers"))


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A container engine with all images."""
    folder = Path(tempfile.mkdtemp(prefix="nexus-containers-"))
    own = Engine(folder / "engine")
    (folder / "engine").mkdir()
    try:
        provide_programs()
        own.start()
        (folder / "work").mkdir()
        build(own, CHECKOUT / ".nexus" / "container-images", folder / "work")
        yield own
    except CannotContain as error:
        pytest.fail(str(error), pytrace=False)
    finally:
        own.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def started(engine: Engine) -> Iterator[tuple[Fleet, float, str]]:
    """The fleet, how many seconds it took from images to all healthy, and what making the first accounts said."""
    folder = Path(tempfile.mkdtemp(prefix="nexus-fleet-"))
    offset = claim_offset([*CATALOGUE.services, *_SERVERS])
    fleet = Fleet(engine, folder, offset)
    began = time.monotonic()
    try:
        fleet.compose("up", "--detach", "--no-build")
        until(fleet.all_healthy, "all containers are healthy", within_s=180)
        took_s = time.monotonic() - began
        made = fleet.nexus("deploy", "accounts", f"--env-file={fleet.env_file}")
        assert made.code == 0, made.output
        yield fleet, took_s, made.output
    finally:
        logs = "\n".join(fleet.logs(service)[-3_000:] for service in SERVICES)
        (CHECKOUT / ".nexus" / "container-images" / "last-logs.txt").write_text(logs)
        fleet.compose("down", "--volumes", "--timeout", "30")
        shutil.rmtree(folder)


@pytest.fixture
def fleet(started: tuple[Fleet, float, str]) -> Fleet:
    """The fleet, all of it healthy."""
    fleet = started[0]
    until(fleet.all_healthy, "all containers are healthy", within_s=90)
    return fleet
