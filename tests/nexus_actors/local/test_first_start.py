"""First accounts that cannot be made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest

from bus import Refusal
from modules.catalogue import entry
from nexus_actors.local import bus_client, first_start
from nexus_actors.local.credentials import Credentials, load_credentials, save_credentials
from nexus_actors.local.errors import CannotStart
from nexus_actors.local.first_start import FirstStart
from nexus_actors.local.home import Home
from nexus_actors.local.plan import Plan
from nexus_actors.local.report import News
from nexus_actors.platform.bootstrap import CommandLineAccount
from nexus_actors.settings.config import Settings
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
    assert "nexus renew-account" in news[0].text


@pytest.mark.parametrize("known", [True, False])
async def test_a_renewed_account_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    async def renew(_: object) -> CommandLineAccount:
        return CommandLineAccount(client_id="c", client_secret="s3cr3t")

    monkeypatch.setattr(bus_client, "open_bus", no_bus)
    monkeypatch.setattr(first_start, "load_part", lambda *_: SimpleNamespace(renew=renew))
    home, told = Home(tmp_path), Told()
    home.make()
    if known:
        save_credentials(
            home.credentials, Credentials(database="embedded", issuer="auth-ms", client_id="c", client_secret="old")
        )
    await FirstStart(home, told).renew(STATE, [entry("auth-ms")])
    kept = load_credentials(home.credentials)
    assert kept is not None
    assert (kept.issuer, kept.client_id, kept.client_secret) == ("auth-ms", "c", "s3cr3t")
    assert "s3cr3t" not in "".join(item.text for item in told.news)


async def test_without_a_service_that_keeps_accounts_none_is_renewed(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="auth-ms"):
        await FirstStart(Home(tmp_path), Told()).renew(STATE, [entry("fleet-service")])


async def test_a_renewal_that_is_refused_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def renew(_: object) -> CommandLineAccount:
        raise Refusal.conflict("name_taken", "The name is taken.")

    monkeypatch.setattr(bus_client, "open_bus", no_bus)
    monkeypatch.setattr(first_start, "load_part", lambda *_: SimpleNamespace(renew=renew))
    with pytest.raises(CannotStart, match=r"could not renew the account.*taken"):
        await FirstStart(Home(tmp_path), Told()).renew(STATE, [entry("auth-ms")])


async def test_another_refusal_says_why_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotStart, match=r"auth-ms could not make the first accounts: .*taken"):
        await start(tmp_path, monkeypatch, Refusal.conflict("name_taken", "The name is taken."))
