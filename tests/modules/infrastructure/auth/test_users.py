from uuid import uuid4

import pytest

from modules.infrastructure.auth.bootstrap import ensure_administrator
from modules.infrastructure.auth.contract import RolesAssigned, SessionClosed
from tests.modules.infrastructure.auth.town import ADMIN, PASSWORD, Town

pytestmark = pytest.mark.anyio

ANA = "ana@example.org"


async def someone(town: Town, email: str, *roles: str) -> tuple[str, str]:
    """The id and an access token of a new user with these roles."""
    tokens = await town.newcomer(email)
    user_id = await town.user_id(tokens["access_token"])
    if roles:
        admin = await town.admin()
        assert (await admin.post(f"/v1/users/{user_id}:assign_roles", {"roles": list(roles)})).status == 200
        town.clock.advance(1)
        tokens = await town.tokens(email)
    return user_id, tokens["access_token"]


async def test_users_are_listed_in_pages_and_found_by_address(town: Town) -> None:
    town.clock.advance(60)  # the administrator's id is of the system's time, and users stand in the order of their ids
    for number in range(5):
        town.clock.advance(1)
        assert (await town.sign_up(f"user{number}@example.org")).status == 202
    admin = await town.admin()
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await admin.get(f"/v1/users?limit=2{cursor}")).json()
        seen += [user["email"] for user in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [ADMIN, *(f"user{number}@example.org" for number in range(5))]
    found = (await admin.get("/v1/users?email=USER3@example.org")).json()["items"]
    assert [user["email"] for user in found] == ["user3@example.org"]
    assert (await admin.get("/v1/users?status=suspended")).json()["items"] == []
    assert "password" not in (await admin.get("/v1/users")).body.decode()


async def test_a_bad_query_is_refused(town: Town) -> None:
    admin = await town.admin()
    for query in ("limit=0", "limit=1000", "limit=x", "cursor=x", "email=x", "status=gone", "tenant=other"):
        assert (await admin.get(f"/v1/users?{query}")).status == 422, query


async def test_a_suspended_user_is_out_until_restored(town: Town) -> None:
    user_id, token = await someone(town, ANA)
    admin = await town.admin()
    suspended = await admin.post(f"/v1/users/{user_id}:suspend")
    assert (suspended.status, suspended.json()["status"]) == (200, "suspended")
    await town.platform.settle()
    assert (await town.bearer(token).get("/v1/me")).code == "token_revoked"
    assert (await town.log_in(ANA)).code == "account_suspended"
    assert (await admin.post(f"/v1/users/{user_id}:suspend")).code == "user_suspended"
    assert (await admin.post(f"/v1/users/{user_id}:restore")).json()["status"] == "active"
    assert (await admin.post(f"/v1/users/{user_id}:restore")).code == "user_active"
    town.clock.advance(1)
    tokens = await town.tokens(ANA)
    assert (await town.bearer(tokens["access_token"]).get("/v1/me")).status == 200


async def test_revoking_a_users_tokens_ends_all_sessions(town: Town) -> None:
    user_id, token = await someone(town, ANA)
    other = await town.tokens(ANA)
    admin = await town.admin()
    assert (await admin.post(f"/v1/users/{user_id}:revoke_tokens")).status == 200
    await town.platform.settle()
    for access in (token, other["access_token"]):
        assert (await town.bearer(access).get("/v1/me")).code == "token_revoked"
    assert (await town.refresh(other["refresh_token"])).status == 401
    town.clock.advance(0.001)
    again = await town.tokens(ANA)
    assert (await town.bearer(again["access_token"]).get("/v1/me")).status == 200


async def test_changes_follow_the_version_that_was_read(town: Town) -> None:
    user_id, _ = await someone(town, ANA)
    admin = await town.admin()
    tag = (await admin.get(f"/v1/users/{user_id}")).headers["ETag"]
    assign = f"/v1/users/{user_id}:assign_roles"
    changed = await admin.post(assign, {"roles": ["viewer"]}, headers={"If-Match": tag})
    assert (changed.status, changed.json()["roles"], changed.json()["version"]) == (200, ["viewer"], 2)
    stale = await admin.post(assign, {"roles": ["driver"]}, headers={"If-Match": tag})
    assert (stale.status, stale.code) == (412, "user_changed")
    assert (await admin.get(f"/v1/users/{user_id}", headers={"If-None-Match": changed.headers["ETag"]})).status == 304
    await town.platform.settle()
    assert [event.roles for event in town.platform.events(RolesAssigned)] == [("viewer",)]


BAD_ASSIGNMENTS: list[tuple[object, str]] = [
    ({"roles": ["ghost"]}, "unknown_role"),
    ({"roles": []}, "invalid"),
    ({"roles": ["viewer"] * 17}, "invalid"),
    ({"roles": "viewer"}, "invalid"),
    ({"roles": [""]}, "invalid"),
    ({}, "invalid"),
    ({"roles": ["viewer"], "more": 1}, "invalid"),
]


async def test_roles_that_are_none_are_not_assigned(town: Town) -> None:
    user_id, _ = await someone(town, ANA)
    admin = await town.admin()
    for body, code in BAD_ASSIGNMENTS:
        answer = await admin.post(f"/v1/users/{user_id}:assign_roles", body)
        assert (answer.status, answer.code) == (422, code), body
    assert (await admin.get(f"/v1/users/{user_id}")).json()["roles"] == ["member"]


async def test_nobody_hands_on_or_manages_more_than_they_have(town: Town) -> None:
    admin = await town.admin()
    role = {"name": "clerk", "scopes": ["auth:*", "account:self", "fleet:read"], "description": "Keeps the list of users."}
    assert (await admin.post("/v1/roles", role)).status == 200
    clerk_id, clerk_token = await someone(town, "clerk@example.org", "clerk")
    clerk = town.bearer(clerk_token)
    ana_id, _ = await someone(town, ANA)
    admin_id = (await admin.get(f"/v1/users?email={ADMIN}")).json()["items"][0]["user_id"]
    assert (await clerk.post(f"/v1/users/{ana_id}:assign_roles", {"roles": ["admin"]})).code == "grant_exceeds_own"
    assert (await clerk.post(f"/v1/users/{ana_id}:assign_roles", {"roles": ["dispatcher"]})).code == "grant_exceeds_own"
    assert (await clerk.post(f"/v1/users/{ana_id}:assign_roles", {"roles": ["clerk"]})).status == 200
    for verb in ("suspend", "revoke_tokens"):
        assert (await clerk.post(f"/v1/users/{admin_id}:{verb}")).code == "grant_exceeds_own"
    assert (await clerk.post(f"/v1/users/{admin_id}:assign_roles", {"roles": ["member"]})).code == "grant_exceeds_own"
    assert (await clerk.post(f"/v1/users/{clerk_id}:assign_roles", {"roles": ["clerk"]})).code == "own_account"
    wide = {"name": "wide", "scopes": ["*"]}
    assert (await clerk.post("/v1/roles", wide)).code == "grant_exceeds_own"
    assert (await clerk.post("/v1/service-accounts", {"name": "wide", "scopes": ["*"]})).code == "grant_exceeds_own"
    program = (await admin.post("/v1/service-accounts", {"name": "program", "scopes": ["tracker:write"]})).json()["client_id"]
    for verb, body in (("rotate_secret", {"overlap_s": 0}), ("disable", None)):
        assert (await clerk.post(f"/v1/service-accounts/{program}:{verb}", body)).code == "grant_exceeds_own"


async def test_nobody_changes_a_role_that_may_do_more_than_they_do(town: Town) -> None:
    """Also to take something out of it: whoever holds the role would lose what its changer cannot give."""
    admin = await town.admin()
    strong = {"name": "chief", "scopes": ["auth:*", "account:self", "fleet:*"]}
    assert (await admin.post("/v1/roles", strong)).status == 200
    assert (await admin.post("/v1/roles", {"name": "clerk", "scopes": ["auth:*", "account:self", "fleet:read"]})).status == 200
    _, token = await someone(town, "clerk@example.org", "clerk")
    clerk = town.bearer(token)
    for scopes in (["fleet:read"], [], strong["scopes"]):
        assert (await clerk.post("/v1/roles", {"name": "chief", "scopes": scopes})).code == "grant_exceeds_own", scopes
    assert (await clerk.post("/v1/roles", {"name": "clerk", "scopes": ["fleet:read"]})).status == 200


async def test_an_administrator_cannot_lock_themself_out(town: Town) -> None:
    admin = await town.admin()
    own_id = (await admin.get("/v1/me")).json()["user_id"]
    for verb, body in (("suspend", None), ("assign_roles", {"roles": ["member"]}), ("revoke_tokens", None)):
        assert (await admin.post(f"/v1/users/{own_id}:{verb}", body)).code == "own_account"


async def test_another_tenants_users_are_not_there(town: Town) -> None:
    other = f"{town.tenant}-b"
    password = await ensure_administrator(town.ask, town.desk, "boss@other.example", other, open_to_sign_up=False)
    assert password is not None
    tokens = await town.tokens("boss@other.example", password, tenant=other)
    boss = town.bearer(tokens["access_token"])
    user_id, _ = await someone(town, ANA)
    assert [user["email"] for user in (await boss.get("/v1/users")).json()["items"]] == ["boss@other.example"]
    assert (await boss.get(f"/v1/users/{user_id}")).code == "user_not_found"
    for verb, body in (("suspend", None), ("restore", None), ("assign_roles", {"roles": ["viewer"]}), ("revoke_tokens", None)):
        assert (await boss.post(f"/v1/users/{user_id}:{verb}", body)).code == "user_not_found"
    assert (await boss.get("/v1/keys")).code == "platform_only"
    assert (await boss.post("/v1/keys:rotate", {"emergency": True})).code == "platform_only"
    assert (await town.sign_up("new@other.example", tenant=other)).code == "sign_up_closed"
    assert (await town.log_in("boss@other.example", password)).status == 401


async def test_users_that_do_not_exist_are_not_found(town: Town) -> None:
    admin = await town.admin()
    assert (await admin.get(f"/v1/users/{uuid4()}")).code == "user_not_found"
    assert (await admin.post(f"/v1/users/{uuid4()}:suspend")).code == "user_not_found"
    assert (await admin.get("/v1/users/not-a-uuid")).status == 422


async def test_a_new_password_ends_the_other_sessions(town: Town) -> None:
    first = await town.newcomer(ANA)
    second = await town.tokens(ANA)
    me = town.bearer(first["access_token"])
    body = {"current_password": PASSWORD, "new_password": "marble-kitten-paragraph"}
    assert (await me.post("/v1/me/password", body)).status == 204
    await town.platform.settle()
    assert (await me.get("/v1/me")).status == 200
    assert (await town.refresh(first["refresh_token"])).status == 200
    assert (await town.bearer(second["access_token"]).get("/v1/me")).code == "token_revoked"
    assert (await town.log_in(ANA)).status == 401
    await town.tokens(ANA, "marble-kitten-paragraph")


async def test_a_password_is_not_changed_without_the_present_one(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    me = town.bearer(tokens["access_token"])
    wrong = {"current_password": "wrong-password-entirely", "new_password": "marble-kitten-paragraph"}
    weak = {"current_password": PASSWORD, "new_password": "password123"}
    assert (await me.post("/v1/me/password", wrong)).code == "wrong_password"
    assert (await me.post("/v1/me/password", weak)).code == "password_too_weak"
    for _ in range(4):
        await me.post("/v1/me/password", wrong)
    assert (await me.post("/v1/me/password", wrong | {"current_password": PASSWORD})).code == "account_locked"


async def test_people_see_and_end_their_sessions(town: Town) -> None:
    first = await town.newcomer(ANA)
    town.clock.advance(5)
    await town.tokens(ANA)
    me = town.bearer(first["access_token"])
    sessions = (await me.get("/v1/me/sessions")).json()["items"]
    assert [session["current"] for session in sessions] == [False, True]
    assert sessions[0]["place"] == "127.0.0.0/24"
    assert (await me.send("DELETE", f"/v1/me/sessions/{sessions[0]['session_id']}")).status == 204
    assert (await me.send("DELETE", f"/v1/me/sessions/{sessions[0]['session_id']}")).code == "session_not_found"
    assert len((await me.get("/v1/me/sessions")).json()["items"]) == 1
    await town.platform.settle()
    assert [event.reason for event in town.platform.events(SessionClosed)] == ["revoked"]


async def test_nobody_ends_the_sessions_of_others(town: Town) -> None:
    ana = await town.newcomer(ANA)
    eve = await town.newcomer("eve@example.org")
    session = (await town.bearer(ana["access_token"]).get("/v1/me/sessions")).json()["items"][0]["session_id"]
    assert (await town.bearer(eve["access_token"]).send("DELETE", f"/v1/me/sessions/{session}")).code == "session_not_found"
    assert (await town.refresh(ana["refresh_token"])).status == 200
