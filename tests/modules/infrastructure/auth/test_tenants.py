"""Tenants, as the platform's administrators make, show and close them."""

import pytest

from bus import new_id
from modules.infrastructure.auth.actors import tenant as tenant_actor
from modules.infrastructure.auth.bootstrap import ensure_service_account
from modules.infrastructure.auth.contract import TenantClosed, TenantReopened
from nexus_actors.testing import HttpAnswer
from tests.modules.infrastructure.auth.town import PASSWORD, Town

pytestmark = pytest.mark.anyio

BOSS = "boss@harbour.example"
NEW = "marble-kitten-paragraph"


def fresh_name() -> str:
    return f"harbour-{new_id().hex[:24]}"


async def founded(town: Town, name: str, **more: object) -> HttpAnswer:
    body = {"tenant": name, "administrator_email": BOSS, **more}
    return await (await town.admin()).post("/v1/tenants", body)


async def replaced(town: Town, name: str, temporary: str, new: str = NEW) -> HttpAnswer:
    body = {"email": BOSS, "temporary_password": temporary, "new_password": new, "tenant": name}
    return await town.anybody.post("/v1/password", body)


async def test_a_tenant_is_made_with_its_first_administrator(main_town: Town) -> None:
    town, name = main_town, fresh_name()
    made = await founded(town, name)
    assert made.status == 201, made.body
    shown = made.json()["tenant"]
    assert (shown["tenant"], shown["status"], shown["open_to_sign_up"], shown["version"]) == (name, "open", False, 1)
    assert (await town.log_in(BOSS, made.json()["temporary_password"], tenant=name)).code == "password_change_required"
    tokens = (await replaced(town, name, made.json()["temporary_password"])).json()
    boss = town.bearer(tokens["access_token"])
    assert [user["email"] for user in (await boss.get("/v1/users")).json()["items"]] == [BOSS]
    assert (await town.sign_up("x@harbour.example", tenant=name)).code == "sign_up_closed"
    assert (await founded(town, name)).code == "tenant_exists"
    assert (await (await town.admin()).get(f"/v1/tenants/{name}")).json() == shown
    assert (await (await town.admin()).get("/v1/tenants/no-such")).code == "tenant_not_found"


async def test_tenants_are_listed_in_pages(main_town: Town) -> None:
    made = sorted([fresh_name(), fresh_name(), fresh_name()])
    for name in made:
        assert (await founded(main_town, name, open_to_sign_up=True)).status == 201
    admin, seen, cursor = await main_town.admin(), list[str](), ""
    while True:
        page = (await admin.get(f"/v1/tenants?limit=2{cursor}")).json()
        seen += [tenant["tenant"] for tenant in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(seen)
    assert {"main", *made} <= set(seen)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tenant": "Harbour"}, "invalid"),
        ({"tenant": ""}, "invalid"),
        ({"administrator_email": "b"}, "invalid"),
        ({"administrator_email": "boss at harbour"}, "invalid_email"),
        ({"status": "closed"}, "invalid"),
    ],
)
async def test_a_bad_tenant_is_not_made(main_town: Town, change: dict[str, object], code: str) -> None:
    name = fresh_name()
    answer = await (await main_town.admin()).post("/v1/tenants", {"tenant": name, "administrator_email": BOSS, **change})
    assert (answer.status, answer.code) == (422, code)
    assert (await (await main_town.admin()).get(f"/v1/tenants/{name}")).status == 404


async def test_a_password_is_shown_once(main_town: Town) -> None:
    name, headers = fresh_name(), {"Idempotency-Key": fresh_name()}
    admin, body = await main_town.admin(), {"tenant": name, "administrator_email": BOSS}
    assert (await admin.post("/v1/tenants", body, headers=headers)).status == 201
    assert (await admin.post("/v1/tenants", body, headers=headers)).code == "password_shown_before"


async def test_only_the_platforms_own_administrators_do_so(town: Town, main_town: Town) -> None:
    admin, body = await town.admin(), {"tenant": fresh_name(), "administrator_email": BOSS}
    assert (await admin.post("/v1/tenants", body)).code == "platform_only"
    for path in ("/v1/tenants", "/v1/tenants/main"):
        assert (await admin.get(path)).code == "platform_only"
    for verb, sent in (("close", None), ("reopen", None), ("reset_administrator", {"email": BOSS})):
        assert (await admin.post(f"/v1/tenants/main:{verb}", sent)).code == "platform_only"
    client = await ensure_service_account(main_town.ask, main_town.desk, fresh_name(), ("auth:*",))
    form = {"grant_type": "client_credentials", "client_id": str(client.client_id), "client_secret": client.client_secret}
    clerk = main_town.bearer((await main_town.form("/oauth2/token", form)).json()["access_token"])
    assert (await clerk.post("/v1/tenants", body)).code == "grant_exceeds_own"


async def test_an_administrator_who_is_locked_out_is_let_in_again(main_town: Town) -> None:
    name = fresh_name()
    first = (await founded(main_town, name)).json()["temporary_password"]
    assert (await replaced(main_town, name, first)).status == 200
    admin, path = await main_town.admin(), f"/v1/tenants/{name}:reset_administrator"
    assert (await admin.post(path, {"email": "nobody@harbour.example"})).code == "user_not_found"
    reset = await admin.post(path, {"email": BOSS})
    assert reset.json()["user"]["email"] == BOSS
    assert (await replaced(main_town, name, reset.json()["temporary_password"], "paragraph-kitten-violet")).status == 200


async def test_of_a_closed_tenant_nobody_gets_in_until_it_is_reopened(main_town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_actor, "SLICE", 1)
    town, name = main_town, fresh_name()
    temporary = (await founded(town, name, open_to_sign_up=True)).json()["temporary_password"]
    boss = (await replaced(town, name, temporary)).json()
    assert (await town.sign_up("ana@harbour.example", tenant=name)).status == 202
    ana = await town.tokens("ana@harbour.example", tenant=name)
    made = (
        await town.bearer(boss["access_token"]).post("/v1/service-accounts", {"name": "crane", "scopes": ["fleet:*"]})
    ).json()
    form = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": made["client_secret"]}
    crane = (await town.form("/oauth2/token", form)).json()
    town.clock.advance(1)
    admin = await town.admin()
    closed = await admin.post(f"/v1/tenants/{name}:close")
    assert (closed.status, closed.json()["status"], closed.json()["version"]) == (200, "closed", 2)
    assert (await admin.post(f"/v1/tenants/{name}:close")).code == "tenant_closed"
    await town.platform.settle()
    for tokens in (boss, ana, crane):
        assert (await town.bearer(tokens["access_token"]).get("/v1/users")).code == "token_revoked"
    assert (await town.refresh(ana["refresh_token"])).status == 401
    assert (await town.log_in("ana@harbour.example", tenant=name)).code == "tenant_closed"
    assert (await town.sign_up("eve@harbour.example", tenant=name)).code == "sign_up_closed"
    assert (await town.form("/oauth2/token", form)).json()["error"] == "invalid_client"
    stale = await admin.post(f"/v1/tenants/{name}:reopen", headers={"If-Match": '"1"'})
    assert (stale.status, stale.code) == (412, "tenant_changed")
    town.clock.advance(1)
    assert (await admin.post(f"/v1/tenants/{name}:reopen")).json()["status"] == "open"
    again = await town.tokens("ana@harbour.example", PASSWORD, tenant=name)
    assert (await town.bearer(again["access_token"]).get("/v1/me")).status == 200
    assert (await town.form("/oauth2/token", form)).status == 200
    await town.platform.settle()
    assert [event.tenant for event in town.platform.events(TenantClosed, tenant=name)] == [name]
    assert [event.tenant for event in town.platform.events(TenantReopened, tenant=name)] == [name]


async def test_the_platforms_own_tenant_is_not_closed(main_town: Town) -> None:
    admin = await main_town.admin()
    assert (await admin.post("/v1/tenants/main:close")).code == "tenant_of_the_platform"
    assert (await admin.post("/v1/tenants/main:reopen")).code == "tenant_open"
    assert (await admin.post("/v1/tenants/no-such:close")).code == "tenant_not_found"
