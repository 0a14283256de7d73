import pytest

from tests.modules.infrastructure.auth.town import Town

pytestmark = pytest.mark.anyio

CLERK = {"name": "clerk", "scopes": ["fleet:read", "account:self"], "description": "Reads the fleet."}


async def test_a_tenant_defines_roles_beside_the_built_in_ones(town: Town) -> None:
    admin = await town.admin()
    made = (await admin.post("/v1/roles", CLERK | {"description": " Reads  the fleet. "})).json()
    assert (made["scopes"], made["built_in"], made["version"]) == (["account:self", "fleet:read"], False, 1)
    assert made["description"] == CLERK["description"]
    names = [role["name"] for role in (await admin.get("/v1/roles")).json()["items"]]
    assert names == ["admin", "dispatcher", "driver", "member", "viewer", "clerk"]


async def test_roles_are_listed_in_pages(town: Town) -> None:
    admin = await town.admin()
    for number in range(3):
        await admin.post("/v1/roles", CLERK | {"name": f"clerk{number}"})
    first = (await admin.get("/v1/roles?limit=2")).json()
    second = (await admin.get(f"/v1/roles?limit=2&cursor={first['next']}")).json()
    names = [role["name"] for role in first["items"] + second["items"] if not role["built_in"]]
    assert (names, second["next"]) == (["clerk0", "clerk1", "clerk2"], None)


async def test_a_role_changes_what_the_next_token_allows(town: Town) -> None:
    admin = await town.admin()
    tokens = await town.newcomer("ana@example.org")
    user_id = await town.user_id(tokens["access_token"])
    await admin.post("/v1/roles", CLERK)
    await admin.post(f"/v1/users/{user_id}:assign_roles", {"roles": ["clerk"]})
    renewed = (await town.refresh(tokens["refresh_token"])).json()
    assert renewed["scope"] == "account:self fleet:read"
    changed = await admin.post("/v1/roles", CLERK | {"scopes": ["account:self"]}, headers={"If-Match": '"1"'})
    assert changed.json()["version"] == 2
    assert (await town.refresh(renewed["refresh_token"])).json()["scope"] == "account:self"
    stale = await admin.post("/v1/roles", CLERK, headers={"If-Match": '"1"'})
    assert (stale.status, stale.code) == (412, "role_changed")


BAD_ROLES: list[tuple[dict[str, object], int, str]] = [
    ({"name": "admin"}, 409, "role_built_in"),
    ({"name": "Clerk"}, 422, "invalid_role_name"),
    ({"name": ""}, 422, "invalid"),
    ({"scopes": ["fleet"]}, 422, "invalid_scope"),
    ({"scopes": ["fleet:read"] * 65}, 422, "invalid"),
    ({"scopes": "fleet:read"}, 422, "invalid"),
    ({"description": "x" * 401}, 422, "invalid_role"),
    ({"description": "Reads\x07 the fleet."}, 422, "invalid_role"),
    ({"built_in": True}, 422, "invalid"),
    ({"tenant": "main"}, 422, "invalid"),
]


async def test_a_bad_role_is_not_defined(town: Town) -> None:
    admin = await town.admin()
    for change, status, code in BAD_ROLES:
        answer = await admin.post("/v1/roles", {**CLERK, **change})
        assert (answer.status, answer.code) == (status, code), change
    assert len((await admin.get("/v1/roles")).json()["items"]) == 5
