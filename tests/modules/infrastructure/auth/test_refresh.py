from uuid import uuid4

import anyio
import pytest

from modules.infrastructure.auth.contract import RefreshReuseDetected, RefreshSession, SessionClosed
from modules.infrastructure.auth.domain.refresh import (
    ABSOLUTE_LIFE,
    IDLE_LIFE,
    REPLAY_WINDOW,
    RefreshToken,
    read_token,
    write_token,
)
from nexus_actors.testing import HttpAnswer
from tests.modules.infrastructure.auth.town import Town

pytestmark = pytest.mark.anyio

ANA = "ana@example.org"
DAY_S = 86_400


def counter_of(town: Town, text: str) -> int:
    return read_token(text, town.desk.vault.refresh_keys).counter


async def test_each_refresh_gives_the_next_token(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    for expected in range(1, 4):
        tokens = (await town.refresh(tokens["refresh_token"])).json()
        assert counter_of(town, tokens["refresh_token"]) == expected
        assert (await town.bearer(tokens["access_token"]).get("/v1/me")).status == 200


async def test_a_repeat_within_the_window_gives_the_same_successor(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    first = (await town.refresh(tokens["refresh_token"])).json()
    town.clock.advance(REPLAY_WINDOW.total_seconds())
    again = (await town.refresh(tokens["refresh_token"])).json()
    assert again["refresh_token"] == first["refresh_token"]
    assert (await town.refresh(first["refresh_token"])).status == 200


async def test_a_used_token_ends_the_session_for_thief_and_owner(town: Town) -> None:
    stolen = await town.newcomer(ANA)
    owner = (await town.refresh(stolen["refresh_token"])).json()
    town.clock.advance(REPLAY_WINDOW.total_seconds() + 1)
    assert (await town.refresh(stolen["refresh_token"])).code == "invalid_refresh_token"
    assert (await town.refresh(owner["refresh_token"])).code == "invalid_refresh_token"
    await town.platform.settle()
    for token in (stolen["access_token"], owner["access_token"]):
        assert (await town.bearer(token).get("/v1/me")).code == "token_revoked"
    reuse = town.platform.events(RefreshReuseDetected)
    assert [(event.counter, event.expected) for event in reuse] == [(0, 1)]
    assert [event.reason for event in town.platform.events(SessionClosed)] == ["reuse"]


async def test_fifty_refreshes_at_once_all_get_the_one_successor(town: Town) -> None:
    """Tabs of one browser that all wake up and refresh with the same token."""
    tokens = await town.newcomer(ANA)
    answers: list[HttpAnswer] = []

    async def one() -> None:
        answers.append(await town.refresh(tokens["refresh_token"]))

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(one)
    assert [answer.status for answer in answers] == [200] * 50
    (successor,) = {answer.json()["refresh_token"] for answer in answers}
    assert counter_of(town, successor) == 1
    assert (await town.refresh(successor)).status == 200


@pytest.mark.parametrize(("wait_s", "status"), [(IDLE_LIFE.total_seconds() - 1, 200), (IDLE_LIFE.total_seconds(), 401)])
async def test_an_idle_session_ends(town: Town, wait_s: float, status: int) -> None:
    tokens = await town.newcomer(ANA)
    town.clock.advance(wait_s)
    assert (await town.refresh(tokens["refresh_token"])).status == status


async def test_a_busy_session_ends_too(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    for _ in range(ABSOLUTE_LIFE.days // 6 - 1):
        town.clock.advance(6 * DAY_S)
        tokens = (await town.refresh(tokens["refresh_token"])).json()
    town.clock.advance(6 * DAY_S)
    assert (await town.refresh(tokens["refresh_token"])).status == 401
    await town.platform.settle()
    assert [event.reason for event in town.platform.events(SessionClosed)] == ["expired"]


async def test_what_is_no_refresh_token_is_refused(town: Town) -> None:
    for text in ["x", "nxr_", "nxr_" + "A" * 60, "eyJhbGciOiJub25lIn0.e30.", "é", "nxr_" + "A" * 8000]:
        answer = await town.refresh(text)
        assert (answer.status, answer.code) == (401, "invalid_refresh_token"), text
    bodies: list[object] = [{}, {"refresh_token": 1}, {"refresh_token": ""}, {"refresh_token": "x" * 9000}, {"token": "x"}]
    for body in bodies:
        assert (await town.anybody.post("/v1/token/refresh", body)).code == "invalid", body


async def test_a_token_of_another_platform_is_refused(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    token = read_token(tokens["refresh_token"], town.desk.vault.refresh_keys)
    assert (await town.refresh(write_token(token, b"another key, thirty-two bytes!!!"))).status == 401
    assert (await town.refresh(tokens["refresh_token"])).status == 200


async def test_a_token_ahead_of_its_session_is_reported_and_ends_nothing(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    token = read_token(tokens["refresh_token"], town.desk.vault.refresh_keys)
    ahead = write_token(RefreshToken(token.user_id, token.session_id, 5), town.desk.vault.refresh_keys[0])
    assert (await town.refresh(ahead)).status == 401
    assert (await town.refresh(tokens["refresh_token"])).status == 200
    await town.platform.settle()
    assert [(event.counter, event.expected) for event in town.platform.events(RefreshReuseDetected)] == [(5, 0)]


async def test_a_session_of_nobody_cannot_be_renewed(town: Town) -> None:
    renewal = await town.ask(RefreshSession(user_id=uuid4(), session_id=uuid4(), counter=0))
    assert (renewal.step, renewal.grant) == (None, None)


async def test_a_suspended_user_cannot_refresh(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    user_id = await town.user_id(tokens["access_token"])
    assert (await (await town.admin()).post(f"/v1/users/{user_id}:suspend")).status == 200
    assert (await town.refresh(tokens["refresh_token"])).status == 401
    refused = await town.log_in(ANA)
    assert (refused.status, refused.code) == (403, "account_suspended")


async def test_new_roles_show_in_the_next_access_token(town: Town) -> None:
    tokens = await town.newcomer(ANA)
    user_id = await town.user_id(tokens["access_token"])
    admin = await town.admin()
    town.clock.advance(1)
    assert (await admin.post(f"/v1/users/{user_id}:assign_roles", {"roles": ["driver", "member"]})).status == 200
    await town.platform.settle()
    assert (await town.bearer(tokens["access_token"]).get("/v1/me")).code == "token_revoked"
    town.clock.advance(0.001)
    renewed = (await town.refresh(tokens["refresh_token"])).json()
    assert renewed["scope"] == "account:self fleet:read tracker:write"
    assert (await town.bearer(renewed["access_token"]).get("/v1/me")).status == 200
