"""`nexus worker`, behind a supervisor."""

import faulthandler
import os
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from nexus_actors.cli import worker
from nexus_actors.cli.main import nexus
from nexus_actors.local.worker_process import STALLED_S
from nexus_actors.worker import process


def test_each_sign_to_a_supervisor_winds_up_what_shows_where_it_stands_before_it_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wound: list[float] = []
    signs: list[bytes] = []
    reading, writing = os.pipe()

    def wind(after_s: float, **options: bool) -> None:
        assert options == {"exit": False}
        wound.append(after_s)

    async def run(_: object, __: object, ready: Callable[[], None], beat: Callable[[], None]) -> None:
        for tell in (ready, beat):
            tell()
            signs.append(os.read(reading, 10))

    monkeypatch.setattr(faulthandler, "dump_traceback_later", wind)
    monkeypatch.setattr(process, "run_worker", run)
    monkeypatch.setattr(worker, "configure_logs", lambda **_: None)
    result = CliRunner().invoke(nexus, ["worker", f"--lifeline={writing}", "fleet-service"])
    os.close(reading)
    os.close(writing)
    assert result.exit_code == 0, result.output
    assert signs == [b"r", b"."]
    assert len(wound) == len(signs)
    assert max(wound) < STALLED_S
