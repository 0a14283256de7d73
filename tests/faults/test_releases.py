"""Two releases of the services side by side: up, down and up again."""

from pathlib import Path

import pytest

from tests.faults import release_faults
from tests.faults.servers import Servers
from tests.faults.stage import open_stage

pytestmark = pytest.mark.anyio


async def test_releases_side_by_side_lose_double_park_and_erase_nothing(servers: Servers, tmp_path: Path) -> None:
    async with open_stage(servers, tmp_path) as stage:
        await stage.flows(await release_faults.roll_releases(stage))
        waited = {line["type"] for worker in stage.started for line in worker.lines("message_waits")}
        verdict = await stage.verdict()
        assert (verdict.parked, verdict.clean) == (0, True), verdict
        assert {operation.outcome for operation in stage.load.history.operations if operation.gift} == {"accepted"}
        assert {"nexus.ledger-ms.give.v1", "nexus.ledger-ms.posted.v2"} <= waited, "the releases were never side by side"
