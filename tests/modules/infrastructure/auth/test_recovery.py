"""The way back into an account, another address, and erasure, over HTTP."""

from typing import Any
from uuid import UUID

import anyio
import pytest

from bus import Command, Refusal, new_id
from modules.infrastructure.auth.contract import AssignRoles, EmailChanged, EraseUser, PasswordReset, SuspendUser, UserErased
from modules.infrastructure.auth.domain.temporary import TEMPORARY_LIFE
from nexus_actors.testing import HttpAnswer, HttpProbe
from tests.modules.infrastructure.auth.town import ADMIN, PASSWORD, Town

pytestmark = pytest.mark.anyio

ANA = "ana@example.org"
NEW = "marble-kitten-paragraph"


@pytest.fixture
async def ana(town: Town) -> dict[str, str]:
    """Ana's tokens, and her id."""
    tokens = await town.newcomer(ANA)
    return tokens | {"user_id": await town.user_id(tokens["access_token"])}


async def reset(town: Town, user_id: str) -> str:
    answer = await (await town.admin()).post(f"/v1/users/{user_id}:reset_password")
    assert answer.status == 200, answer.body
    return str(answer.json()["temporary_password"])


async def replaced(town: Town, temporary: str, new: str = NEW, email: str = ANA) -> HttpAnswer:
    body = {"email": email, "temporary_password": temporary, "new_password": new, "tenant": town.tenant}
    return await town.anybody.post("/v1/password", body)


async def is_out(town: Town, tokens: dict[str, str]) -> bool:
    await town.platform.settle()
    refused = await town.bearer(tokens["access_token"]).get("/v1/me")
    return refused.code == "token_revoked" and (await town.refresh(tokens["refresh_token"])).status == 401


async def test_a_forgotten_password_is_reset_and_must_be_replaced(town: Town, ana: dict[str, str]) -> None:
    temporary = await reset(town, ana["user_id"])
    assert await is_out(town, ana)
    assert (await town.log_in(ANA)).status == 401
    refused = await town.log_in(ANA, temporary)
    assert (refused.status, refused.code) == (403, "password_change_required")
    assert (await replaced(town, "marble-kitten-sentence")).code == "invalid_credentials"
    assert (await replaced(town, temporary, "password123")).code == "password_too_weak"
    assert (await replaced(town, temporary, temporary)).code == "password_too_weak"
    town.clock.advance(0.001)
    answer = await replaced(town, temporary)
    assert answer.status == 200, answer.body
    assert (await town.bearer(answer.json()["access_token"]).get("/v1/me")).json()["email"] == ANA
    assert (await replaced(town, temporary)).code == "invalid_credentials"
    await town.tokens(ANA, NEW)
    assert [str(event.user_id) for event in town.platform.events(PasswordReset)] == [ana["user_id"]]


async def test_a_temporary_password_expires_and_can_be_given_again(town: Town, ana: dict[str, str]) -> None:
    temporary = await reset(town, ana["user_id"])
    town.clock.advance(TEMPORARY_LIFE.total_seconds())
    for answer in (await replaced(town, temporary), await town.log_in(ANA, temporary)):
        assert (answer.status, answer.code) == (403, "temporary_password_expired")
    assert (await replaced(town, await reset(town, ana["user_id"]))).status == 200


async def test_only_a_temporary_password_is_replaced_so(town: Town, ana: dict[str, str]) -> None:
    assert (await replaced(town, PASSWORD)).code == "password_not_temporary"
    assert (await replaced(town, PASSWORD, email="nobody@example.org")).code == "invalid_credentials"
    temporary = await reset(town, ana["user_id"])
    await (await town.admin()).post(f"/v1/users/{ana['user_id']}:suspend")
    assert (await replaced(town, temporary)).code == "account_suspended"


async def test_a_temporary_password_is_shown_once(town: Town, ana: dict[str, str]) -> None:
    admin, headers = await town.admin(), {"Idempotency-Key": "reset-1"}
    path = f"/v1/users/{ana['user_id']}:reset_password"
    assert (await admin.post(path, headers=headers)).status == 200
    assert (await admin.post(path, headers=headers)).code == "password_shown_before"


async def locked(town: Town) -> None:
    for _ in range(5):
        assert (await town.log_in(ANA, "wrong-password-entirely")).status == 401
    assert (await town.log_in(ANA)).status == 401


async def test_a_locked_account_is_unlocked(town: Town, ana: dict[str, str]) -> None:
    await locked(town)
    unlocked = await (await town.admin()).post(f"/v1/users/{ana['user_id']}:unlock")
    assert (unlocked.status, unlocked.json()["user_id"]) == (200, ana["user_id"])
    await town.tokens(ANA)


async def test_a_reset_unlocks_too(town: Town, ana: dict[str, str]) -> None:
    await locked(town)
    assert (await replaced(town, await reset(town, ana["user_id"]))).status == 200


async def test_people_change_their_address(town: Town, ana: dict[str, str]) -> None:
    await town.newcomer("eve@example.org")
    me = town.bearer(ana["access_token"])
    wrong = {"email": "horvat@example.org", "password": "wrong-password-entirely"}
    assert (await me.post("/v1/me/email", wrong)).code == "wrong_password"
    assert (await me.post("/v1/me/email", {"email": "EVE@example.org", "password": PASSWORD})).code == "address_taken"
    assert (await me.post("/v1/me/email", {"email": "horvat", "password": PASSWORD})).code == "invalid_email"
    changed = await me.post("/v1/me/email", {"email": " Horvat@example.org", "password": PASSWORD})
    assert (changed.status, changed.json()["email"], changed.json()["version"]) == (200, "Horvat@example.org", 2)
    assert (await me.get("/v1/me")).json()["email"] == "Horvat@example.org"
    await town.tokens("horvat@example.org")
    assert (await town.log_in(ANA)).status == 401
    assert (await town.refresh(ana["refresh_token"])).status == 200
    await town.newcomer(ANA)
    assert [str(event.user_id) for event in town.platform.events(EmailChanged)] == [ana["user_id"]]


async def test_an_administrator_changes_an_address(town: Town, ana: dict[str, str]) -> None:
    admin, path = await town.admin(), f"/v1/users/{ana['user_id']}:change_email"
    assert (await admin.post(path, {"email": ADMIN})).code == "address_taken"
    stale = await admin.post(path, {"email": "horvat@example.org"}, headers={"If-Match": '"7"'})
    assert (stale.status, stale.code) == (412, "user_changed")
    assert (await admin.post(path, {"email": "horvat@example.org"})).json()["email"] == "horvat@example.org"
    await town.tokens("horvat@example.org")


async def traces(town: Town, user_id: str) -> int:
    sql = "SELECT (SELECT count(*) FROM accounts WHERE user_id = $1) + (SELECT count(*) FROM sessions WHERE user_id = $1)"
    return int(await town.db.fetchval(sql, UUID(user_id)))


async def test_people_erase_themselves(town: Town, ana: dict[str, str]) -> None:
    me = town.bearer(ana["access_token"])
    assert (await me.post("/v1/me:erase", {"password": "wrong-password-entirely"})).code == "wrong_password"
    assert (await me.post("/v1/me:erase", {"password": PASSWORD})).status == 204
    assert await is_out(town, ana)
    assert await traces(town, ana["user_id"]) == 0
    assert (await town.log_in(ANA)).status == 401
    introspected = await town.bearer(ana["access_token"]).get("/auth/validate")
    assert introspected.code == "token_revoked"
    (event,) = town.platform.events(UserErased)
    assert (str(event.user_id), event.tenant) == (ana["user_id"], town.tenant)
    again = await town.newcomer(ANA)
    assert await town.user_id(again["access_token"]) != ana["user_id"]


async def test_an_administrator_erases_a_user(town: Town, ana: dict[str, str]) -> None:
    admin = await town.admin()
    assert (await admin.post(f"/v1/users/{ana['user_id']}:erase")).status == 204
    assert await is_out(town, ana)
    assert await traces(town, ana["user_id"]) == 0
    assert (await admin.get(f"/v1/users/{ana['user_id']}")).code == "user_not_found"
    for verb in ("erase", "suspend", "reset_password", "unlock"):
        assert (await admin.post(f"/v1/users/{ana['user_id']}:{verb}")).code == "user_not_found", verb
    await town.newcomer(ANA)


async def test_the_last_administrator_stays(town: Town, ana: dict[str, str]) -> None:
    admin, body = await town.admin(), {"password": town.admin_password}
    refused = await admin.post("/v1/me:erase", body)
    assert (refused.status, refused.code) == (409, "last_administrator")
    assert (await admin.post(f"/v1/users/{ana['user_id']}:assign_roles", {"roles": ["admin"]})).status == 200
    assert (await admin.post("/v1/me:erase", body)).status == 204


async def test_no_program_shuts_out_the_last_administrator_either(town: Town, ana: dict[str, str]) -> None:
    """Nobody of the tenant could ever let anybody in again."""
    user_id = await town.user_id((await town.tokens(ADMIN, town.admin_password))["access_token"])
    last = UUID(user_id)
    commands: list[Command[Any]] = [
        SuspendUser(user_id=last),
        AssignRoles(user_id=last, roles=("member",)),
        EraseUser(user_id=last),
    ]
    for command in commands:
        with pytest.raises(Refusal, match="last_administrator"):
            await town.platform.ask(command, tenant=town.tenant, scopes=["*"], subject=str(new_id()))
    admin = await town.admin()
    assert (await admin.post(f"/v1/users/{ana['user_id']}:assign_roles", {"roles": ["admin"]})).status == 200
    shown = await town.platform.ask(SuspendUser(user_id=last), tenant=town.tenant, scopes=["*"], subject=str(new_id()))
    assert shown.status == "suspended"
    with pytest.raises(Refusal, match="last_administrator"):
        await town.platform.ask(
            SuspendUser(user_id=UUID(ana["user_id"])), tenant=town.tenant, scopes=["*"], subject=str(new_id())
        )


async def test_of_two_last_administrators_who_go_at_once_one_stays(town: Town, ana: dict[str, str]) -> None:
    admin = await town.admin()
    assert (await admin.post(f"/v1/users/{ana['user_id']}:assign_roles", {"roles": ["admin"]})).status == 200
    town.clock.advance(1)
    me = town.bearer((await town.tokens(ANA))["access_token"])
    codes: list[str | None] = []

    async def leave(probe: HttpProbe, password: str) -> None:
        codes.append((await probe.post("/v1/me:erase", {"password": password})).code)

    async with anyio.create_task_group() as group:
        group.start_soon(leave, admin, town.admin_password)
        group.start_soon(leave, me, PASSWORD)
    assert sorted(code or "" for code in codes) == ["", "last_administrator"]


async def refusals(probe: HttpProbe, user_id: str) -> set[str | None]:
    plain = [await probe.post(f"/v1/users/{user_id}:{verb}") for verb in ("reset_password", "unlock", "erase")]
    return {answer.code for answer in [*plain, await probe.post(f"/v1/users/{user_id}:change_email", {"email": "x@y.org"})]}


async def test_an_administrator_reaches_only_users_of_their_tenant_who_may_do_no_more(town: Town, ana: dict[str, str]) -> None:
    admin = await town.admin()
    own_id = (await admin.get("/v1/me")).json()["user_id"]
    assert await refusals(admin, own_id) == {"own_account"}
    assert await refusals(await (await town.another()).admin(), ana["user_id"]) == {"user_not_found"}
    role = {"name": "clerk", "scopes": ["auth:*", "account:self"]}
    assert (await admin.post("/v1/roles", role)).status == 200
    await admin.post(f"/v1/users/{ana['user_id']}:assign_roles", {"roles": ["clerk"]})
    town.clock.advance(1)
    clerk = town.bearer((await town.tokens(ANA))["access_token"])
    assert await refusals(clerk, own_id) == {"grant_exceeds_own"}
    assert (await town.log_in(ADMIN, town.admin_password)).status == 200
