"""A worker process."""

import gc
import os
import signal
from typing import NoReturn

import pytest

from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.failures.blame import Escaped, blamed
from nexus_actors.settings.config import Settings
from nexus_actors.worker import process

pytestmark = pytest.mark.anyio


async def test_it_handles_signals_so_an_interrupt_in_it_is_the_fault_of_code(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Exception] = []

    def opened(*_: object) -> NoReturn:
        found.append(blamed(KeyboardInterrupt()))
        raise DatabaseUnavailable("This is all that was wanted.")

    monkeypatch.setattr(process, "open_worker", opened)
    with pytest.RaisesGroup(DatabaseUnavailable):
        await process.run_worker(Settings.load({}), [])
    assert isinstance(found[0], Escaped)


async def test_what_is_there_when_it_is_ready_stays_out_of_the_way_of_the_collector(database_url: str, redis_url: str) -> None:
    found: list[int] = []

    def ready() -> None:
        found.append(gc.get_freeze_count())
        os.kill(os.getpid(), signal.SIGTERM)

    await process.run_worker(Settings.load({"NEXUS_DATABASE_URL": database_url, "NEXUS_REDIS_URL": redis_url}), [], ready)
    assert found[0] > 0
    assert gc.get_freeze_count() == 0
