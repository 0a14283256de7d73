"""Which spellings of an address are one account, and how those of earlier releases come to that."""

from uuid import UUID

import pytest

from bus import new_id
from modules.infrastructure.auth.actors import address_book
from modules.infrastructure.auth.contract import RING, PruneRevocations, RegisterAccount, RenewAddresses
from modules.infrastructure.auth.service import service
from nexus_actors.testing import Desk
from nexus_actors.testing.fixtures import desk_fixture
from tests.modules.infrastructure.auth.town import Town

pytestmark = pytest.mark.anyio

desk = desk_fixture(service)


async def kept(desk: Desk, email: str, address: str) -> UUID:
    """An account as an earlier release has kept it."""
    registration = RegisterAccount(
        user_id=new_id(),
        tenant=desk.tenant,
        email=email,
        address=address,
        display_name="Somebody",
        roles=("member",),
        sealed_password=b"x",
        place="",
    )
    return (await desk.ask(registration)).user_id


async def addresses(desk: Desk) -> dict[UUID, str]:
    rows = await desk.db.fetch("SELECT user_id, address FROM accounts WHERE tenant = $1", desk.tenant)
    return {row["user_id"]: row["address"] for row in rows}


async def test_domains_that_are_one_are_one_account_and_names_that_differ_are_two(town: Town) -> None:
    assert (await town.sign_up("ana@m\xfcller.de")).status == 202
    assert (await town.log_in("Ana@xn--mller-kva.de")).status == 200
    assert (await town.log_in("ana@MU\u0308LLER.de")).status == 200
    assert (await town.sign_up("stra\xdfe@example.org")).status == 202
    assert (await town.log_in("strasse@example.org")).status == 401
    assert (await town.sign_up("strasse@example.org", "marble-kitten-paragraph")).status == 202
    assert (await town.log_in("strasse@example.org", "marble-kitten-paragraph")).status == 200
    assert (await town.log_in("STRASSE@example.org", "marble-kitten-paragraph")).status == 200
    assert (await town.log_in("stra\xdfe@example.org")).status == 200


async def test_addresses_of_earlier_releases_are_brought_to_the_form_of_today(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_book, "SLICE", 2)
    old = {
        await kept(desk, "Stra\xdfe@example.org", "strasse@example.org"): "stra\xdfe@example.org",
        await kept(desk, "ana@M\xfcller.de", "ana@m\xfcller.de"): "ana@xn--mller-kva.de",
        await kept(desk, "ana@\u2615.example", "ana@\u2615.example"): "ana@\u2615.example",
        await kept(desk, "Ana@Example.org", "ana@example.org"): "ana@example.org",
        await kept(desk, "\u010dedo@example.org", "\u010dedo@example.org"): "\u010dedo@example.org",
    }
    await desk.ask(RenewAddresses(ring=RING))
    await desk.settle()
    assert await addresses(desk) == old


async def test_of_two_accounts_of_one_address_the_one_that_has_it_keeps_it(desk: Desk) -> None:
    first = await kept(desk, "ana@m\xfcller.de", "ana@m\xfcller.de")
    second = await kept(desk, "ana@xn--mller-kva.de", "ana@xn--mller-kva.de")
    await desk.ask(RenewAddresses(ring=RING))
    assert await addresses(desk) == {first: "ana@m\xfcller.de", second: "ana@xn--mller-kva.de"}


async def test_what_comes_round_every_hour_goes_through_them_too(desk: Desk) -> None:
    user_id = await kept(desk, "ana@m\xfcller.de", "ana@m\xfcller.de")
    await desk.ask(PruneRevocations(ring=RING))
    await desk.settle()
    assert await addresses(desk) == {user_id: "ana@xn--mller-kva.de"}
