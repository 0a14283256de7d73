from typing import Any
from uuid import uuid4

import pytest

from bus import Refusal
from modules.infrastructure.auth.bootstrap import ensure_operator, ensure_service_account
from modules.infrastructure.auth.contract import EnsureServiceAccount
from modules.infrastructure.auth.domain.client_secret import digest_of
from modules.infrastructure.auth.first_start import renew
from tests.modules.infrastructure.auth.town import Town

pytestmark = pytest.mark.anyio


async def create(town: Town, name: str = "importer", *scopes: str) -> dict[str, Any]:
    answer = await (await town.admin()).post("/v1/service-accounts", {"name": name, "scopes": list(scopes or ("fleet:read",))})
    assert answer.status == 201, answer.body
    return dict(answer.json())


async def grant(town: Town, account: dict[str, Any]) -> str | None:
    """An access token of a service account; None where it gets none."""
    form = {"grant_type": "client_credentials", "client_id": account["client_id"], "client_secret": account["client_secret"]}
    answer = await town.form("/oauth2/token", form)
    return str(answer.json()["access_token"]) if answer.status == 200 else None


async def works(town: Town, token: str | None) -> bool:
    """Whether a token is taken, whatever it allows."""
    await town.platform.settle()
    assert token is not None
    return (await town.bearer(token).get("/v1/users")).status == 403


async def test_a_secret_is_shown_once(town: Town) -> None:
    made = await create(town)
    assert await works(town, await grant(town, made))
    admin = await town.admin()
    listed = await admin.get("/v1/service-accounts")
    assert [account["name"] for account in listed.json()["items"]] == ["importer"]
    shown = await admin.get(f"/v1/service-accounts/{made['client_id']}")
    assert made["client_secret"] not in (listed.body + shown.body).decode()


async def test_a_repeat_under_an_idempotency_key_shows_no_other_secret(town: Town) -> None:
    admin, body = await town.admin(), {"name": "importer", "scopes": ["fleet:read"]}
    first = await admin.post("/v1/service-accounts", body, headers={"Idempotency-Key": "one"})
    again = await admin.post("/v1/service-accounts", body, headers={"Idempotency-Key": "one"})
    assert (first.status, again.status, again.code) == (201, 409, "secret_shown_before")
    assert await works(town, await grant(town, first.json()))


async def test_they_are_listed_in_pages(town: Town) -> None:
    made = [(await create(town, f"importer{number}"))["client_id"] for number in range(3)]
    admin = await town.admin()
    first = (await admin.get("/v1/service-accounts?limit=2")).json()
    second = (await admin.get(f"/v1/service-accounts?limit=2&cursor={first['next']}")).json()
    assert [account["account_id"] for account in first["items"] + second["items"]] == sorted(made)
    assert second["next"] is None


async def test_names_are_taken_once(town: Town) -> None:
    await create(town)
    again = await (await town.admin()).post("/v1/service-accounts", {"name": "importer", "scopes": ["fleet:read"]})
    assert (again.status, again.code) == (409, "service_account_name_taken")


BAD_DRAFTS: list[tuple[object, str]] = [
    ({"name": "Importer", "scopes": []}, "invalid"),
    ({"name": "importer\n", "scopes": []}, "invalid"),
    ({"name": "importer", "scopes": ["fleet"]}, "invalid_scope"),
    ({"name": "importer"}, "invalid"),
    ({"name": "importer", "scopes": ["a:b"] * 65}, "invalid"),
    ({"name": "importer", "scopes": [], "tenant": "other"}, "invalid"),
]


async def test_a_bad_draft_is_refused(town: Town) -> None:
    admin = await town.admin()
    for body, code in BAD_DRAFTS:
        answer = await admin.post("/v1/service-accounts", body)
        assert (answer.status, answer.code) == (422, code), body
    assert (await admin.get("/v1/service-accounts")).json()["items"] == []


async def test_a_rotation_without_overlap_ends_the_old_secret_and_its_tokens(town: Town) -> None:
    old = await create(town)
    old_token = await grant(town, old)
    admin = await town.admin()
    new = (await admin.post(f"/v1/service-accounts/{old['client_id']}:rotate_secret", {})).json()
    assert await grant(town, old) is None
    assert not await works(town, old_token)
    assert await works(town, await grant(town, new))


async def test_with_an_overlap_both_secrets_work_for_a_while(town: Town) -> None:
    old = await create(town)
    old_token = await grant(town, old)
    path = f"/v1/service-accounts/{old['client_id']}:rotate_secret"
    new = (await (await town.admin()).post(path, {"overlap_s": 60})).json()
    assert await works(town, old_token)
    assert await works(town, await grant(town, old))
    assert await works(town, await grant(town, new))
    town.clock.advance(60)
    assert await grant(town, old) is None
    assert await works(town, await grant(town, new))


async def test_a_rotation_in_an_overlap_ends_all_that_was_granted_before(town: Town) -> None:
    first = await create(town)
    path = f"/v1/service-accounts/{first['client_id']}:rotate_secret"
    admin = await town.admin()
    second = (await admin.post(path, {"overlap_s": 600})).json()
    tokens = [await grant(town, first), await grant(town, second)]
    await admin.post(path, {})
    assert [await works(town, token) for token in tokens] == [False, False]


async def test_a_disabled_account_is_out_for_good(town: Town) -> None:
    made = await create(town)
    token = await grant(town, made)
    admin = await town.admin()
    path = f"/v1/service-accounts/{made['client_id']}"
    assert (await admin.post(f"{path}:disable")).json()["status"] == "disabled"
    assert await grant(town, made) is None
    assert not await works(town, token)
    assert (await admin.post(f"{path}:rotate_secret", {})).code == "service_account_disabled"


async def test_an_overlap_that_is_none_is_refused(town: Town) -> None:
    made = await create(town)
    admin = await town.admin()
    for overlap_s in (-1, 604_801, "60", 1.5, True, None):
        answer = await admin.post(f"/v1/service-accounts/{made['client_id']}:rotate_secret", {"overlap_s": overlap_s})
        assert answer.status == 422, overlap_s
    assert await works(town, await grant(town, made))


async def test_versions_and_absence_are_respected(town: Town) -> None:
    made = await create(town)
    admin = await town.admin()
    path = f"/v1/service-accounts/{made['client_id']}:disable"
    assert (await admin.post(path, headers={"If-Match": '"9"'})).status == 412
    assert (await admin.post(f"/v1/service-accounts/{uuid4()}:disable")).code == "service_account_not_found"
    assert (await admin.get(f"/v1/service-accounts/{uuid4()}")).code == "service_account_not_found"


async def test_the_platforms_own_accounts_keep_their_secret_when_asked_again(main_town: Town) -> None:
    await renew(main_town.ask)  # whatever others have done to it
    first = await ensure_operator(main_town.ask, main_town.desk)
    again = await ensure_operator(main_town.ask, main_town.desk, first.client_secret)
    assert again == first
    token = await grant(main_town, {"client_id": str(first.client_id), "client_secret": first.client_secret})
    assert token is not None
    assert (await main_town.bearer(token).get("/v1/users")).status == 200
    newer = await ensure_operator(main_town.ask, main_town.desk)
    assert newer.client_id == first.client_id
    assert await grant(main_town, {"client_id": str(first.client_id), "client_secret": first.client_secret}) is None
    await main_town.platform.settle()
    assert (await main_town.bearer(token).get("/v1/users")).code == "token_revoked"


async def test_a_disabled_platform_account_is_not_brought_back(main_town: Town) -> None:
    made = await ensure_service_account(main_town.ask, main_town.desk, "fleet-service", ("fleet:*",))
    await (await main_town.admin()).post(f"/v1/service-accounts/{made.client_id}:disable")
    with pytest.raises(Refusal, match="service_account_disabled"):
        await ensure_service_account(main_town.ask, main_town.desk, "fleet-service", ("fleet:*",))


async def test_the_account_of_the_command_line_is_taken_back_into_use_by_who_holds_the_servers(main_town: Town) -> None:
    await renew(main_town.ask)  # whatever others have done to it
    old = await ensure_operator(main_town.ask, main_town.desk)
    token = await grant(main_town, {"client_id": str(old.client_id), "client_secret": old.client_secret})
    assert token is not None
    await (await main_town.admin()).post(f"/v1/service-accounts/{old.client_id}:disable")
    with pytest.raises(Refusal, match="service_account_disabled"):
        await ensure_operator(main_town.ask, main_town.desk)
    new = await renew(main_town.ask)
    assert new.client_id == str(old.client_id)
    assert new.client_secret not in repr(new)
    again = await grant(main_town, {"client_id": new.client_id, "client_secret": new.client_secret})
    assert again is not None
    assert (await main_town.bearer(again).get("/v1/users")).status == 200
    assert await grant(main_town, {"client_id": str(old.client_id), "client_secret": old.client_secret}) is None
    await main_town.platform.settle()
    assert (await main_town.bearer(token).get("/v1/users")).code == "token_revoked"
    shown = (await main_town.bearer(again).get(f"/v1/service-accounts/{new.client_id}")).json()
    assert (shown["status"], shown["scopes"]) == ("active", ["*"])


async def test_an_account_that_comes_back_with_its_old_secret_keeps_its_old_tokens_out(main_town: Town) -> None:
    await renew(main_town.ask)  # whatever others have done to it
    made = await ensure_operator(main_town.ask, main_town.desk)
    pair = {"client_id": str(made.client_id), "client_secret": made.client_secret}
    token = await grant(main_town, pair)
    await (await main_town.admin()).post(f"/v1/service-accounts/{made.client_id}:disable")
    command = EnsureServiceAccount(
        account_id=made.client_id,
        tenant="main",
        name="operator",
        scopes=("*",),
        secret_sha256=digest_of(made.client_secret),
        restore=True,
    )
    await main_town.ask(command)
    await main_town.platform.settle()
    answers = [await main_town.bearer(str(text)).get("/v1/users") for text in (token, await grant(main_town, pair))]
    assert [answer.status for answer in answers] == [401, 200]


async def test_renewing_makes_the_account_where_there_is_none(lone_town: Town) -> None:
    made = await renew(lone_town.ask)
    assert await grant(lone_town, {"client_id": made.client_id, "client_secret": made.client_secret}) is not None
