"""First accounts that cannot be made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest

from bus import Refusal
from modules.catalogue import entry
from nexus_actors.config import Settings
from nexus_actors.local import bus_client, first_start
from nexus_actors.local.errors import CannotStart
from nexus_actors.local.first_start import FirstStart
from nexus_actors.local.home import Home
from nexus_actors.local.plan import Plan
from nexus_actors.local.report import News
from tests.nexus_actors.local.states import STATE

pytestmark = pytest.mark.anyio


class Told:
    def __init__(self) -> None:
        self.news: list[News] = []

    def tell(self, news: News) -> None:
        self.news.append(news)


@asynccontextmanager
async def no_bus(*_: object) -> AsyncIterator[None]:
    """Wraps what leaves it in an ExceptionGroup, as the real client's task group does."""
    async with anyio.create_task_group():
        yield


async def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> list[News]:
    async def prepare(*_: object) -> None:
        raise refusal

    monkeypatch.setattr(bus_client, "open_bus", no_bus)
    monkeypatch.setattr(first_start, "load_part", lambda *_: SimpleNamespace(prepare=prepare))
    told = Told()
    plan = Plan(services=(entry("auth-ms"),), settings=Settings(), environ={})
    await FirstStart(Home(tmp_path), told)(STATE, plan)
    return told.news


async def test_a_disabled_account_of_the_command_line_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    news = await start(tmp_path, monkeypatch, Refusal.gone("service_account_disabled", "Disabled."))
    assert [item.kind for item in news] == ["notice"]
    assert "disabled" in news[0].text


async def test_another_refusal_says_why_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotStart, match=r"auth-ms could not make the first accounts: .*taken"):
        await start(tmp_path, monkeypatch, Refusal.conflict("name_taken", "The name is taken."))
