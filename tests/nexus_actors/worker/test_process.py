"""A worker process."""

from typing import NoReturn

import pytest

from nexus_actors.blame import Escaped, blamed
from nexus_actors.config import Settings
from nexus_actors.errors import DatabaseUnavailable
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
