"""What is closed at the end, whatever is still going on."""

from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup

from bus.redis import RedisSettings, connect

pytestmark = pytest.mark.anyio


async def test_connections_to_a_cluster_are_closed_when_nobody_can_open_one_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Link:
        def __init__(self, seeds: Sequence[object], open_server: object, tasks: TaskGroup, wait: float) -> None:
            self.tasks = tasks

        async def connecting(self) -> None:
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.lowlevel.checkpoint()
                    done.append("connected")

        async def close(self) -> None:
            done.append("closed")

    monkeypatch.setattr("bus.redis.connection.ClusterLink", Link)
    async with connect(RedisSettings(url="redis+cluster://127.0.0.1:1")) as store:
        link: Any = store._link
        link.tasks.start_soon(link.connecting)
        await anyio.lowlevel.checkpoint()
    assert done == ["connected", "closed"]


async def test_sentinels_are_left_also_by_who_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    class Sentinels:
        def __init__(self, *_: object, **__: object) -> None: ...

        async def discover_master(self, name: str) -> tuple[str, int]:
            raise NotImplementedError

        async def aclose(self) -> None:
            await anyio.lowlevel.checkpoint()
            closed.append(True)

    monkeypatch.setattr("bus.redis.connection.Sentinels", Sentinels)
    with anyio.CancelScope() as scope:
        async with connect(RedisSettings(url="redis+sentinel://127.0.0.1:1/nexus")):
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    assert closed == [True]
